#map = affine_map<(d0, d1, d2) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map3 = affine_map<(d0, d1, d2) -> (d2)>
#map4 = affine_map<(d0, d1) -> (d1)>
#map5 = affine_map<(d0, d1) -> (d0, d1)>
module attributes {streamtensor.weights = "model.safetensors", streamtensor.weights_sha256 = "7bbd771820000fb1d43898f499382da0584a34f89a8544218d6f19298b31090c"} {
  func.func private @streamtensor_cached_attention(tensor<11x3x32xf32>, tensor<11x3x32xf32>, tensor<11x3x32xf32>, tensor<2x32x3x32xf32>, tensor<2x32x3x32xf32>, tensor<11xi32>, i64, f64) -> tensor<11x3x32xf32>
  func.func private @streamtensor_layer(tensor<1x11x96xf32>, i64) -> tensor<1x11x96xf32>
  func.func @main(%arg0: tensor<387x96xf32> {streamtensor.weight = "transformer.wte.weight"}, %arg1: tensor<128x96xf32> {streamtensor.weight = "transformer.wpe.weight"}, %arg2: tensor<96xf32> {streamtensor.weight = "transformer.h.0.ln_1.weight"}, %arg3: tensor<96xf32> {streamtensor.weight = "transformer.h.0.ln_1.bias"}, %arg4: tensor<96x288xf32> {streamtensor.weight = "transformer.h.0.attn.c_attn.weight"}, %arg5: tensor<288xf32> {streamtensor.weight = "transformer.h.0.attn.c_attn.bias"}, %arg6: tensor<96x96xf32> {streamtensor.weight = "transformer.h.0.attn.c_proj.weight"}, %arg7: tensor<96xf32> {streamtensor.weight = "transformer.h.0.attn.c_proj.bias"}, %arg8: tensor<96xf32> {streamtensor.weight = "transformer.h.0.ln_2.weight"}, %arg9: tensor<96xf32> {streamtensor.weight = "transformer.h.0.ln_2.bias"}, %arg10: tensor<96x384xf32> {streamtensor.weight = "transformer.h.0.mlp.c_fc.weight"}, %arg11: tensor<384xf32> {streamtensor.weight = "transformer.h.0.mlp.c_fc.bias"}, %arg12: tensor<384x96xf32> {streamtensor.weight = "transformer.h.0.mlp.c_proj.weight"}, %arg13: tensor<96xf32> {streamtensor.weight = "transformer.h.0.mlp.c_proj.bias"}, %arg14: tensor<96xf32> {streamtensor.weight = "transformer.h.1.ln_1.weight"}, %arg15: tensor<96xf32> {streamtensor.weight = "transformer.h.1.ln_1.bias"}, %arg16: tensor<96x288xf32> {streamtensor.weight = "transformer.h.1.attn.c_attn.weight"}, %arg17: tensor<288xf32> {streamtensor.weight = "transformer.h.1.attn.c_attn.bias"}, %arg18: tensor<96x96xf32> {streamtensor.weight = "transformer.h.1.attn.c_proj.weight"}, %arg19: tensor<96xf32> {streamtensor.weight = "transformer.h.1.attn.c_proj.bias"}, %arg20: tensor<96xf32> {streamtensor.weight = "transformer.h.1.ln_2.weight"}, %arg21: tensor<96xf32> {streamtensor.weight = "transformer.h.1.ln_2.bias"}, %arg22: tensor<96x384xf32> {streamtensor.weight = "transformer.h.1.mlp.c_fc.weight"}, %arg23: tensor<384xf32> {streamtensor.weight = "transformer.h.1.mlp.c_fc.bias"}, %arg24: tensor<384x96xf32> {streamtensor.weight = "transformer.h.1.mlp.c_proj.weight"}, %arg25: tensor<96xf32> {streamtensor.weight = "transformer.h.1.mlp.c_proj.bias"}, %arg26: tensor<96xf32> {streamtensor.weight = "transformer.ln_f.weight"}, %arg27: tensor<96xf32> {streamtensor.weight = "transformer.ln_f.bias"}, %arg28: tensor<387x96xf32> {streamtensor.weight = "lm_head.weight"}, %arg29: tensor<11xi32> {streamtensor.input = "ids"}, %arg30: tensor<11xi32> {streamtensor.input = "positions"}, %arg31: tensor<2x32x3x32xf32> {streamtensor.input = "k_cache"}, %arg32: tensor<2x32x3x32xf32> {streamtensor.input = "v_cache"}) -> (tensor<11x387xf32> {streamtensor.output = "logits"}, tensor<2x11x3x32xf32> {streamtensor.output = "k_new"}, tensor<2x11x3x32xf32> {streamtensor.output = "v_new"}) {
    %cst = arith.constant 0.17677669529663689 : f64
    %c2_i64 = arith.constant 2 : i64
    %c1_i64 = arith.constant 1 : i64
    %c0_i64 = arith.constant 0 : i64
    %c387 = arith.constant 387 : index
    %c0_i32 = arith.constant 0 : i32
    %c128 = arith.constant 128 : index
    %cst_0 = arith.constant 0.000000e+00 : f64
    %cst_1 = arith.constant 0.000000e+00 : f32
    %cst_2 = arith.constant 0.79788456080286541 : f64
    %cst_3 = arith.constant 4.471500e-02 : f64
    %cst_4 = arith.constant 1.000000e-05 : f64
    %cst_5 = arith.constant 9.600000e+01 : f64
    %cst_6 = arith.constant 9.600000e+01 : f32
    %cst_7 = arith.constant 5.000000e-01 : f32
    %cst_8 = arith.constant 1.000000e+00 : f32
    %c3_i64 = arith.constant 3 : i64
    %expanded = tensor.expand_shape %arg29 [[0, 1]] output_shape [1, 11] : tensor<11xi32> into tensor<1x11xi32>
    %expanded_9 = tensor.expand_shape %arg30 [[0, 1]] output_shape [1, 11] : tensor<11xi32> into tensor<1x11xi32>
    %0 = tensor.empty() : tensor<1x11x96xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x11xi32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: i32, %out: f32):
      %151 = arith.index_cast %in : i32 to index
      %152 = linalg.index 2 : index
      %153 = arith.cmpi slt, %151, %c387 : index
      cf.assert %153, "index must be smaller than dim size"
      %154 = arith.cmpi sge, %in, %c0_i32 : i32
      cf.assert %154, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg0[%151, %152] : tensor<387x96xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x11x96xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_9 : tensor<1x11xi32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: i32, %out: f32):
      %151 = arith.index_cast %in : i32 to index
      %152 = linalg.index 2 : index
      %153 = arith.cmpi slt, %151, %c128 : index
      cf.assert %153, "index must be smaller than dim size"
      %154 = arith.cmpi sge, %in, %c0_i32 : i32
      cf.assert %154, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg1[%151, %152] : tensor<128x96xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x11x96xf32>
    %3 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %2 : tensor<1x11x96xf32>, tensor<1x11x96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %4 = call @streamtensor_layer(%3, %c0_i64) : (tensor<1x11x96xf32>, i64) -> tensor<1x11x96xf32>
    %5 = tensor.empty() : tensor<1x11x96xf64>
    %6 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4 : tensor<1x11x96xf32>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f32, %out: f64):
      %151 = arith.extf %in : f32 to f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %7 = tensor.empty() : tensor<1x11x1xf64>
    %8 = linalg.fill ins(%cst_0 : f64) outs(%7 : tensor<1x11x1xf64>) -> tensor<1x11x1xf64>
    %9 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%6 : tensor<1x11x96xf64>) outs(%8 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.addf %in, %out : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %10 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9 : tensor<1x11x1xf64>) outs(%7 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.divf %in, %cst_5 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %11 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6, %10 : tensor<1x11x96xf64>, tensor<1x11x1xf64>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f64, %in_58: f64, %out: f64):
      %151 = arith.subf %in, %in_58 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %12 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11, %11 : tensor<1x11x96xf64>, tensor<1x11x96xf64>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f64, %in_58: f64, %out: f64):
      %151 = arith.mulf %in, %in_58 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %13 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%12 : tensor<1x11x96xf64>) outs(%8 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.addf %in, %out : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%13 : tensor<1x11x1xf64>) outs(%7 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.divf %in, %cst_5 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %15 = tensor.empty() : tensor<1x11x1xf32>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%14 : tensor<1x11x1xf64>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %151 = arith.truncf %in : f64 to f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %17 = linalg.fill ins(%cst_1 : f32) outs(%15 : tensor<1x11x1xf32>) -> tensor<1x11x1xf32>
    %18 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%4 : tensor<1x11x96xf32>) outs(%17 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.addf %in, %out : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%18 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.divf %in, %cst_6 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%16 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.truncf %cst_4 : f64 to f32
      %152 = arith.addf %in, %151 : f32
      linalg.yield %152 : f32
    } -> tensor<1x11x1xf32>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%20 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = math.rsqrt %in : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %22 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%4, %19 : tensor<1x11x96xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.subf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %23 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%22, %21 : tensor<1x11x96xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%23, %arg2 : tensor<1x11x96xf32>, tensor<96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%24, %arg3 : tensor<1x11x96xf32>, tensor<96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %collapsed = tensor.collapse_shape %25 [[0, 1], [2]] : tensor<1x11x96xf32> into tensor<11x96xf32>
    %26 = tensor.empty() : tensor<11x288xf32>
    %27 = linalg.fill ins(%cst_1 : f32) outs(%26 : tensor<11x288xf32>) -> tensor<11x288xf32>
    %28 = linalg.matmul ins(%collapsed, %arg4 : tensor<11x96xf32>, tensor<96x288xf32>) outs(%27 : tensor<11x288xf32>) -> tensor<11x288xf32>
    %29 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg5 : tensor<288xf32>) outs(%26 : tensor<11x288xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x288xf32>
    %30 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%28, %29 : tensor<11x288xf32>, tensor<11x288xf32>) outs(%26 : tensor<11x288xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<11x288xf32>
    %expanded_10 = tensor.expand_shape %30 [[0, 1], [2]] output_shape [1, 11, 288] : tensor<11x288xf32> into tensor<1x11x288xf32>
    %extracted_slice = tensor.extract_slice %expanded_10[0, 0, 0] [1, 11, 96] [1, 1, 1] : tensor<1x11x288xf32> to tensor<1x11x96xf32>
    %extracted_slice_11 = tensor.extract_slice %expanded_10[0, 0, 96] [1, 11, 96] [1, 1, 1] : tensor<1x11x288xf32> to tensor<1x11x96xf32>
    %extracted_slice_12 = tensor.extract_slice %expanded_10[0, 0, 192] [1, 11, 96] [1, 1, 1] : tensor<1x11x288xf32> to tensor<1x11x96xf32>
    %expanded_13 = tensor.expand_shape %extracted_slice_11 [[0], [1], [2, 3]] output_shape [1, 11, 3, 32] : tensor<1x11x96xf32> into tensor<1x11x3x32xf32>
    %31 = tensor.empty() : tensor<1x3x11x32xf32>
    %transposed = linalg.transpose ins(%expanded_13 : tensor<1x11x3x32xf32>) outs(%31 : tensor<1x3x11x32xf32>) permutation = [0, 2, 1, 3] 
    %expanded_14 = tensor.expand_shape %extracted_slice_12 [[0], [1], [2, 3]] output_shape [1, 11, 3, 32] : tensor<1x11x96xf32> into tensor<1x11x3x32xf32>
    %transposed_15 = linalg.transpose ins(%expanded_14 : tensor<1x11x3x32xf32>) outs(%31 : tensor<1x3x11x32xf32>) permutation = [0, 2, 1, 3] 
    %expanded_16 = tensor.expand_shape %extracted_slice [[0], [1], [2, 3]] output_shape [1, 11, 3, 32] : tensor<1x11x96xf32> into tensor<1x11x3x32xf32>
    %transposed_17 = linalg.transpose ins(%expanded_16 : tensor<1x11x3x32xf32>) outs(%31 : tensor<1x3x11x32xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_18 = tensor.collapse_shape %transposed_17 [[0, 1], [2], [3]] : tensor<1x3x11x32xf32> into tensor<3x11x32xf32>
    %32 = tensor.empty() : tensor<11x3x32xf32>
    %transposed_19 = linalg.transpose ins(%collapsed_18 : tensor<3x11x32xf32>) outs(%32 : tensor<11x3x32xf32>) permutation = [1, 0, 2] 
    %collapsed_20 = tensor.collapse_shape %transposed [[0, 1], [2], [3]] : tensor<1x3x11x32xf32> into tensor<3x11x32xf32>
    %transposed_21 = linalg.transpose ins(%collapsed_20 : tensor<3x11x32xf32>) outs(%32 : tensor<11x3x32xf32>) permutation = [1, 0, 2] 
    %collapsed_22 = tensor.collapse_shape %transposed_15 [[0, 1], [2], [3]] : tensor<1x3x11x32xf32> into tensor<3x11x32xf32>
    %transposed_23 = linalg.transpose ins(%collapsed_22 : tensor<3x11x32xf32>) outs(%32 : tensor<11x3x32xf32>) permutation = [1, 0, 2] 
    %33 = call @streamtensor_cached_attention(%transposed_19, %transposed_21, %transposed_23, %arg31, %arg32, %arg30, %c0_i64, %cst) : (tensor<11x3x32xf32>, tensor<11x3x32xf32>, tensor<11x3x32xf32>, tensor<2x32x3x32xf32>, tensor<2x32x3x32xf32>, tensor<11xi32>, i64, f64) -> tensor<11x3x32xf32>
    %collapsed_24 = tensor.collapse_shape %33 [[0], [1, 2]] : tensor<11x3x32xf32> into tensor<11x96xf32>
    %34 = tensor.empty() : tensor<11x96xf32>
    %35 = linalg.fill ins(%cst_1 : f32) outs(%34 : tensor<11x96xf32>) -> tensor<11x96xf32>
    %36 = linalg.matmul ins(%collapsed_24, %arg6 : tensor<11x96xf32>, tensor<96x96xf32>) outs(%35 : tensor<11x96xf32>) -> tensor<11x96xf32>
    %37 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg7 : tensor<96xf32>) outs(%34 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x96xf32>
    %38 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%36, %37 : tensor<11x96xf32>, tensor<11x96xf32>) outs(%34 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<11x96xf32>
    %expanded_25 = tensor.expand_shape %38 [[0, 1], [2]] output_shape [1, 11, 96] : tensor<11x96xf32> into tensor<1x11x96xf32>
    %39 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_25, %4 : tensor<1x11x96xf32>, tensor<1x11x96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %40 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%39 : tensor<1x11x96xf32>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f32, %out: f64):
      %151 = arith.extf %in : f32 to f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %41 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%40 : tensor<1x11x96xf64>) outs(%8 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.addf %in, %out : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %42 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%41 : tensor<1x11x1xf64>) outs(%7 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.divf %in, %cst_5 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %43 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%40, %42 : tensor<1x11x96xf64>, tensor<1x11x1xf64>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f64, %in_58: f64, %out: f64):
      %151 = arith.subf %in, %in_58 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %44 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%43, %43 : tensor<1x11x96xf64>, tensor<1x11x96xf64>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f64, %in_58: f64, %out: f64):
      %151 = arith.mulf %in, %in_58 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %45 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%44 : tensor<1x11x96xf64>) outs(%8 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.addf %in, %out : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %46 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%45 : tensor<1x11x1xf64>) outs(%7 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.divf %in, %cst_5 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %47 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%46 : tensor<1x11x1xf64>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %151 = arith.truncf %in : f64 to f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %48 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%39 : tensor<1x11x96xf32>) outs(%17 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.addf %in, %out : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %49 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%48 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.divf %in, %cst_6 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %50 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%47 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.truncf %cst_4 : f64 to f32
      %152 = arith.addf %in, %151 : f32
      linalg.yield %152 : f32
    } -> tensor<1x11x1xf32>
    %51 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%50 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = math.rsqrt %in : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %52 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%39, %49 : tensor<1x11x96xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.subf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %53 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%52, %51 : tensor<1x11x96xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %54 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%53, %arg8 : tensor<1x11x96xf32>, tensor<96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %55 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%54, %arg9 : tensor<1x11x96xf32>, tensor<96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %collapsed_26 = tensor.collapse_shape %55 [[0, 1], [2]] : tensor<1x11x96xf32> into tensor<11x96xf32>
    %56 = tensor.empty() : tensor<11x384xf32>
    %57 = linalg.fill ins(%cst_1 : f32) outs(%56 : tensor<11x384xf32>) -> tensor<11x384xf32>
    %58 = linalg.matmul ins(%collapsed_26, %arg10 : tensor<11x96xf32>, tensor<96x384xf32>) outs(%57 : tensor<11x384xf32>) -> tensor<11x384xf32>
    %59 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg11 : tensor<384xf32>) outs(%56 : tensor<11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x384xf32>
    %60 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%58, %59 : tensor<11x384xf32>, tensor<11x384xf32>) outs(%56 : tensor<11x384xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<11x384xf32>
    %expanded_27 = tensor.expand_shape %60 [[0, 1], [2]] output_shape [1, 11, 384] : tensor<11x384xf32> into tensor<1x11x384xf32>
    %61 = tensor.empty() : tensor<1x11x384xf32>
    %62 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_27 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.mulf %in, %cst_7 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %63 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_27 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = math.fpowi %in, %c3_i64 : f32, i64
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %64 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%63 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.truncf %cst_3 : f64 to f32
      %152 = arith.mulf %in, %151 : f32
      linalg.yield %152 : f32
    } -> tensor<1x11x384xf32>
    %65 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_27, %64 : tensor<1x11x384xf32>, tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %66 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%65 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.truncf %cst_2 : f64 to f32
      %152 = arith.mulf %in, %151 : f32
      linalg.yield %152 : f32
    } -> tensor<1x11x384xf32>
    %67 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%66 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = math.tanh %in : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %68 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%67 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.addf %in, %cst_8 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %69 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%62, %68 : tensor<1x11x384xf32>, tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %collapsed_28 = tensor.collapse_shape %69 [[0, 1], [2]] : tensor<1x11x384xf32> into tensor<11x384xf32>
    %70 = linalg.matmul ins(%collapsed_28, %arg12 : tensor<11x384xf32>, tensor<384x96xf32>) outs(%35 : tensor<11x96xf32>) -> tensor<11x96xf32>
    %71 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg13 : tensor<96xf32>) outs(%34 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x96xf32>
    %72 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%70, %71 : tensor<11x96xf32>, tensor<11x96xf32>) outs(%34 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<11x96xf32>
    %expanded_29 = tensor.expand_shape %72 [[0, 1], [2]] output_shape [1, 11, 96] : tensor<11x96xf32> into tensor<1x11x96xf32>
    %73 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%39, %expanded_29 : tensor<1x11x96xf32>, tensor<1x11x96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %74 = call @streamtensor_layer(%73, %c1_i64) : (tensor<1x11x96xf32>, i64) -> tensor<1x11x96xf32>
    %75 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74 : tensor<1x11x96xf32>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f32, %out: f64):
      %151 = arith.extf %in : f32 to f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %76 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%75 : tensor<1x11x96xf64>) outs(%8 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.addf %in, %out : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %77 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%76 : tensor<1x11x1xf64>) outs(%7 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.divf %in, %cst_5 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %78 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%75, %77 : tensor<1x11x96xf64>, tensor<1x11x1xf64>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f64, %in_58: f64, %out: f64):
      %151 = arith.subf %in, %in_58 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %79 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%78, %78 : tensor<1x11x96xf64>, tensor<1x11x96xf64>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f64, %in_58: f64, %out: f64):
      %151 = arith.mulf %in, %in_58 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %80 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%79 : tensor<1x11x96xf64>) outs(%8 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.addf %in, %out : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %81 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%80 : tensor<1x11x1xf64>) outs(%7 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.divf %in, %cst_5 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %82 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81 : tensor<1x11x1xf64>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %151 = arith.truncf %in : f64 to f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %83 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%74 : tensor<1x11x96xf32>) outs(%17 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.addf %in, %out : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %84 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%83 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.divf %in, %cst_6 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %85 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%82 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.truncf %cst_4 : f64 to f32
      %152 = arith.addf %in, %151 : f32
      linalg.yield %152 : f32
    } -> tensor<1x11x1xf32>
    %86 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = math.rsqrt %in : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %87 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%74, %84 : tensor<1x11x96xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.subf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %88 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%87, %86 : tensor<1x11x96xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %89 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%88, %arg14 : tensor<1x11x96xf32>, tensor<96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %90 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%89, %arg15 : tensor<1x11x96xf32>, tensor<96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %collapsed_30 = tensor.collapse_shape %90 [[0, 1], [2]] : tensor<1x11x96xf32> into tensor<11x96xf32>
    %91 = linalg.matmul ins(%collapsed_30, %arg16 : tensor<11x96xf32>, tensor<96x288xf32>) outs(%27 : tensor<11x288xf32>) -> tensor<11x288xf32>
    %92 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg17 : tensor<288xf32>) outs(%26 : tensor<11x288xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x288xf32>
    %93 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%91, %92 : tensor<11x288xf32>, tensor<11x288xf32>) outs(%26 : tensor<11x288xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<11x288xf32>
    %expanded_31 = tensor.expand_shape %93 [[0, 1], [2]] output_shape [1, 11, 288] : tensor<11x288xf32> into tensor<1x11x288xf32>
    %extracted_slice_32 = tensor.extract_slice %expanded_31[0, 0, 0] [1, 11, 96] [1, 1, 1] : tensor<1x11x288xf32> to tensor<1x11x96xf32>
    %extracted_slice_33 = tensor.extract_slice %expanded_31[0, 0, 96] [1, 11, 96] [1, 1, 1] : tensor<1x11x288xf32> to tensor<1x11x96xf32>
    %extracted_slice_34 = tensor.extract_slice %expanded_31[0, 0, 192] [1, 11, 96] [1, 1, 1] : tensor<1x11x288xf32> to tensor<1x11x96xf32>
    %expanded_35 = tensor.expand_shape %extracted_slice_33 [[0], [1], [2, 3]] output_shape [1, 11, 3, 32] : tensor<1x11x96xf32> into tensor<1x11x3x32xf32>
    %transposed_36 = linalg.transpose ins(%expanded_35 : tensor<1x11x3x32xf32>) outs(%31 : tensor<1x3x11x32xf32>) permutation = [0, 2, 1, 3] 
    %expanded_37 = tensor.expand_shape %extracted_slice_34 [[0], [1], [2, 3]] output_shape [1, 11, 3, 32] : tensor<1x11x96xf32> into tensor<1x11x3x32xf32>
    %transposed_38 = linalg.transpose ins(%expanded_37 : tensor<1x11x3x32xf32>) outs(%31 : tensor<1x3x11x32xf32>) permutation = [0, 2, 1, 3] 
    %expanded_39 = tensor.expand_shape %extracted_slice_32 [[0], [1], [2, 3]] output_shape [1, 11, 3, 32] : tensor<1x11x96xf32> into tensor<1x11x3x32xf32>
    %transposed_40 = linalg.transpose ins(%expanded_39 : tensor<1x11x3x32xf32>) outs(%31 : tensor<1x3x11x32xf32>) permutation = [0, 2, 1, 3] 
    %collapsed_41 = tensor.collapse_shape %transposed_40 [[0, 1], [2], [3]] : tensor<1x3x11x32xf32> into tensor<3x11x32xf32>
    %transposed_42 = linalg.transpose ins(%collapsed_41 : tensor<3x11x32xf32>) outs(%32 : tensor<11x3x32xf32>) permutation = [1, 0, 2] 
    %collapsed_43 = tensor.collapse_shape %transposed_36 [[0, 1], [2], [3]] : tensor<1x3x11x32xf32> into tensor<3x11x32xf32>
    %transposed_44 = linalg.transpose ins(%collapsed_43 : tensor<3x11x32xf32>) outs(%32 : tensor<11x3x32xf32>) permutation = [1, 0, 2] 
    %collapsed_45 = tensor.collapse_shape %transposed_38 [[0, 1], [2], [3]] : tensor<1x3x11x32xf32> into tensor<3x11x32xf32>
    %transposed_46 = linalg.transpose ins(%collapsed_45 : tensor<3x11x32xf32>) outs(%32 : tensor<11x3x32xf32>) permutation = [1, 0, 2] 
    %94 = call @streamtensor_cached_attention(%transposed_42, %transposed_44, %transposed_46, %arg31, %arg32, %arg30, %c1_i64, %cst) : (tensor<11x3x32xf32>, tensor<11x3x32xf32>, tensor<11x3x32xf32>, tensor<2x32x3x32xf32>, tensor<2x32x3x32xf32>, tensor<11xi32>, i64, f64) -> tensor<11x3x32xf32>
    %collapsed_47 = tensor.collapse_shape %94 [[0], [1, 2]] : tensor<11x3x32xf32> into tensor<11x96xf32>
    %95 = linalg.matmul ins(%collapsed_47, %arg18 : tensor<11x96xf32>, tensor<96x96xf32>) outs(%35 : tensor<11x96xf32>) -> tensor<11x96xf32>
    %96 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg19 : tensor<96xf32>) outs(%34 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x96xf32>
    %97 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%95, %96 : tensor<11x96xf32>, tensor<11x96xf32>) outs(%34 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<11x96xf32>
    %expanded_48 = tensor.expand_shape %97 [[0, 1], [2]] output_shape [1, 11, 96] : tensor<11x96xf32> into tensor<1x11x96xf32>
    %98 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_48, %74 : tensor<1x11x96xf32>, tensor<1x11x96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %99 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<1x11x96xf32>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f32, %out: f64):
      %151 = arith.extf %in : f32 to f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %100 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%99 : tensor<1x11x96xf64>) outs(%8 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.addf %in, %out : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %101 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100 : tensor<1x11x1xf64>) outs(%7 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.divf %in, %cst_5 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %102 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99, %101 : tensor<1x11x96xf64>, tensor<1x11x1xf64>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f64, %in_58: f64, %out: f64):
      %151 = arith.subf %in, %in_58 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %103 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%102, %102 : tensor<1x11x96xf64>, tensor<1x11x96xf64>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f64, %in_58: f64, %out: f64):
      %151 = arith.mulf %in, %in_58 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %104 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%103 : tensor<1x11x96xf64>) outs(%8 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.addf %in, %out : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %105 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%104 : tensor<1x11x1xf64>) outs(%7 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.divf %in, %cst_5 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %106 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%105 : tensor<1x11x1xf64>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %151 = arith.truncf %in : f64 to f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %107 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%98 : tensor<1x11x96xf32>) outs(%17 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.addf %in, %out : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %108 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%107 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.divf %in, %cst_6 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %109 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%106 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.truncf %cst_4 : f64 to f32
      %152 = arith.addf %in, %151 : f32
      linalg.yield %152 : f32
    } -> tensor<1x11x1xf32>
    %110 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%109 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = math.rsqrt %in : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %111 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98, %108 : tensor<1x11x96xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.subf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %112 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%111, %110 : tensor<1x11x96xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %113 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%112, %arg20 : tensor<1x11x96xf32>, tensor<96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %114 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%113, %arg21 : tensor<1x11x96xf32>, tensor<96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %collapsed_49 = tensor.collapse_shape %114 [[0, 1], [2]] : tensor<1x11x96xf32> into tensor<11x96xf32>
    %115 = linalg.matmul ins(%collapsed_49, %arg22 : tensor<11x96xf32>, tensor<96x384xf32>) outs(%57 : tensor<11x384xf32>) -> tensor<11x384xf32>
    %116 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg23 : tensor<384xf32>) outs(%56 : tensor<11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x384xf32>
    %117 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%115, %116 : tensor<11x384xf32>, tensor<11x384xf32>) outs(%56 : tensor<11x384xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<11x384xf32>
    %expanded_50 = tensor.expand_shape %117 [[0, 1], [2]] output_shape [1, 11, 384] : tensor<11x384xf32> into tensor<1x11x384xf32>
    %118 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_50 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.mulf %in, %cst_7 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %119 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_50 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = math.fpowi %in, %c3_i64 : f32, i64
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %120 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%119 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.truncf %cst_3 : f64 to f32
      %152 = arith.mulf %in, %151 : f32
      linalg.yield %152 : f32
    } -> tensor<1x11x384xf32>
    %121 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_50, %120 : tensor<1x11x384xf32>, tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %122 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%121 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.truncf %cst_2 : f64 to f32
      %152 = arith.mulf %in, %151 : f32
      linalg.yield %152 : f32
    } -> tensor<1x11x384xf32>
    %123 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%122 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = math.tanh %in : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %124 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%123 : tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.addf %in, %cst_8 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %125 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%118, %124 : tensor<1x11x384xf32>, tensor<1x11x384xf32>) outs(%61 : tensor<1x11x384xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x384xf32>
    %collapsed_51 = tensor.collapse_shape %125 [[0, 1], [2]] : tensor<1x11x384xf32> into tensor<11x384xf32>
    %126 = linalg.matmul ins(%collapsed_51, %arg24 : tensor<11x384xf32>, tensor<384x96xf32>) outs(%35 : tensor<11x96xf32>) -> tensor<11x96xf32>
    %127 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["parallel", "parallel"]} ins(%arg25 : tensor<96xf32>) outs(%34 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x96xf32>
    %128 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%126, %127 : tensor<11x96xf32>, tensor<11x96xf32>) outs(%34 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<11x96xf32>
    %expanded_52 = tensor.expand_shape %128 [[0, 1], [2]] output_shape [1, 11, 96] : tensor<11x96xf32> into tensor<1x11x96xf32>
    %129 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98, %expanded_52 : tensor<1x11x96xf32>, tensor<1x11x96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %130 = call @streamtensor_layer(%129, %c2_i64) : (tensor<1x11x96xf32>, i64) -> tensor<1x11x96xf32>
    %131 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130 : tensor<1x11x96xf32>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f32, %out: f64):
      %151 = arith.extf %in : f32 to f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %132 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%131 : tensor<1x11x96xf64>) outs(%8 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.addf %in, %out : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %133 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%132 : tensor<1x11x1xf64>) outs(%7 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.divf %in, %cst_5 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %134 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%131, %133 : tensor<1x11x96xf64>, tensor<1x11x1xf64>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f64, %in_58: f64, %out: f64):
      %151 = arith.subf %in, %in_58 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %135 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%134, %134 : tensor<1x11x96xf64>, tensor<1x11x96xf64>) outs(%5 : tensor<1x11x96xf64>) {
    ^bb0(%in: f64, %in_58: f64, %out: f64):
      %151 = arith.mulf %in, %in_58 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x96xf64>
    %136 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%135 : tensor<1x11x96xf64>) outs(%8 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.addf %in, %out : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %137 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%136 : tensor<1x11x1xf64>) outs(%7 : tensor<1x11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %151 = arith.divf %in, %cst_5 : f64
      linalg.yield %151 : f64
    } -> tensor<1x11x1xf64>
    %138 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%137 : tensor<1x11x1xf64>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %151 = arith.truncf %in : f64 to f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %139 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%130 : tensor<1x11x96xf32>) outs(%17 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.addf %in, %out : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %140 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%139 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.divf %in, %cst_6 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %141 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%138 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = arith.truncf %cst_4 : f64 to f32
      %152 = arith.addf %in, %151 : f32
      linalg.yield %152 : f32
    } -> tensor<1x11x1xf32>
    %142 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%141 : tensor<1x11x1xf32>) outs(%15 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %151 = math.rsqrt %in : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x1xf32>
    %143 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%130, %140 : tensor<1x11x96xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.subf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %144 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%143, %142 : tensor<1x11x96xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %145 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%144, %arg26 : tensor<1x11x96xf32>, tensor<96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.mulf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %146 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%145, %arg27 : tensor<1x11x96xf32>, tensor<96xf32>) outs(%0 : tensor<1x11x96xf32>) {
    ^bb0(%in: f32, %in_58: f32, %out: f32):
      %151 = arith.addf %in, %in_58 : f32
      linalg.yield %151 : f32
    } -> tensor<1x11x96xf32>
    %147 = tensor.empty() : tensor<96x387xf32>
    %transposed_53 = linalg.transpose ins(%arg28 : tensor<387x96xf32>) outs(%147 : tensor<96x387xf32>) permutation = [1, 0] 
    %collapsed_54 = tensor.collapse_shape %146 [[0, 1], [2]] : tensor<1x11x96xf32> into tensor<11x96xf32>
    %148 = tensor.empty() : tensor<11x387xf32>
    %149 = linalg.fill ins(%cst_1 : f32) outs(%148 : tensor<11x387xf32>) -> tensor<11x387xf32>
    %150 = linalg.matmul ins(%collapsed_54, %transposed_53 : tensor<11x96xf32>, tensor<96x387xf32>) outs(%149 : tensor<11x387xf32>) -> tensor<11x387xf32>
    %concat = tensor.concat dim(0) %transposed_21, %transposed_44 : (tensor<11x3x32xf32>, tensor<11x3x32xf32>) -> tensor<22x3x32xf32>
    %expanded_55 = tensor.expand_shape %concat [[0, 1], [2], [3]] output_shape [2, 11, 3, 32] : tensor<22x3x32xf32> into tensor<2x11x3x32xf32>
    %concat_56 = tensor.concat dim(0) %transposed_23, %transposed_46 : (tensor<11x3x32xf32>, tensor<11x3x32xf32>) -> tensor<22x3x32xf32>
    %expanded_57 = tensor.expand_shape %concat_56 [[0, 1], [2], [3]] output_shape [2, 11, 3, 32] : tensor<22x3x32xf32> into tensor<2x11x3x32xf32>
    return %150, %expanded_55, %expanded_57 : tensor<11x387xf32>, tensor<2x11x3x32xf32>, tensor<2x11x3x32xf32>
  }
}
