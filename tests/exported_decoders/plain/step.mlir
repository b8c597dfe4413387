#map = affine_map<(d0, d1) -> (d0)>
#map1 = affine_map<(d0, d1) -> (d0, d1)>
#map2 = affine_map<(d0, d1) -> (d0, 0)>
#map3 = affine_map<(d0, d1) -> (d1)>
module attributes {streamtensor.weights = "model.safetensors", streamtensor.weights_sha256 = "dbf461d8988c9d22e940dcd1f54f5227d801d660968b6c295856340b6bedb89e"} {
  func.func private @streamtensor_cached_attention(tensor<11x4x16xf32>, tensor<11x2x16xf32>, tensor<11x2x16xf32>, tensor<3x32x2x16xf32>, tensor<3x32x2x16xf32>, tensor<11xi32>, i64, f64) -> tensor<11x4x16xf32>
  func.func private @streamtensor_layer(tensor<11x64xf32>, i64) -> tensor<11x64xf32>
  func.func @main(%arg0: tensor<384x64xf32> {streamtensor.weight = "token_embedding.weight"}, %arg1: tensor<128x64xf32> {streamtensor.weight = "position_embedding.weight"}, %arg2: tensor<64xf32> {streamtensor.weight = "blocks.0.norm.weight"}, %arg3: tensor<64xf32> {streamtensor.weight = "blocks.0.norm.bias"}, %arg4: tensor<64xf32> {streamtensor.weight = "blocks.0.second_norm.weight"}, %arg5: tensor<64xf32> {streamtensor.weight = "blocks.0.second_norm.bias"}, %arg6: tensor<64x64xf32> {streamtensor.weight = "blocks.0.query.weight"}, %arg7: tensor<64xf32> {streamtensor.weight = "blocks.0.query.bias"}, %arg8: tensor<32x64xf32> {streamtensor.weight = "blocks.0.key.weight"}, %arg9: tensor<32x64xf32> {streamtensor.weight = "blocks.0.value.weight"}, %arg10: tensor<64x64xf32> {streamtensor.weight = "blocks.0.gate.weight"}, %arg11: tensor<64xf32> {streamtensor.weight = "blocks.0.gate.bias"}, %arg12: tensor<64x64xf32> {streamtensor.weight = "blocks.0.out.weight"}, %arg13: tensor<64xf32> {streamtensor.weight = "blocks.0.out.bias"}, %arg14: tensor<96x64xf32> {streamtensor.weight = "blocks.0.up.weight"}, %arg15: tensor<96xf32> {streamtensor.weight = "blocks.0.up.bias"}, %arg16: tensor<64x96xf32> {streamtensor.weight = "blocks.0.down.weight"}, %arg17: tensor<64xf32> {streamtensor.weight = "blocks.0.down.bias"}, %arg18: tensor<64xf32> {streamtensor.weight = "blocks.1.norm.weight"}, %arg19: tensor<64xf32> {streamtensor.weight = "blocks.1.norm.bias"}, %arg20: tensor<64xf32> {streamtensor.weight = "blocks.1.second_norm.weight"}, %arg21: tensor<64xf32> {streamtensor.weight = "blocks.1.second_norm.bias"}, %arg22: tensor<64x64xf32> {streamtensor.weight = "blocks.1.query.weight"}, %arg23: tensor<64xf32> {streamtensor.weight = "blocks.1.query.bias"}, %arg24: tensor<32x64xf32> {streamtensor.weight = "blocks.1.key.weight"}, %arg25: tensor<32x64xf32> {streamtensor.weight = "blocks.1.value.weight"}, %arg26: tensor<64x64xf32> {streamtensor.weight = "blocks.1.gate.weight"}, %arg27: tensor<64xf32> {streamtensor.weight = "blocks.1.gate.bias"}, %arg28: tensor<64x64xf32> {streamtensor.weight = "blocks.1.out.weight"}, %arg29: tensor<64xf32> {streamtensor.weight = "blocks.1.out.bias"}, %arg30: tensor<96x64xf32> {streamtensor.weight = "blocks.1.up.weight"}, %arg31: tensor<96xf32> {streamtensor.weight = "blocks.1.up.bias"}, %arg32: tensor<64x96xf32> {streamtensor.weight = "blocks.1.down.weight"}, %arg33: tensor<64xf32> {streamtensor.weight = "blocks.1.down.bias"}, %arg34: tensor<64xf32> {streamtensor.weight = "blocks.2.norm.weight"}, %arg35: tensor<64xf32> {streamtensor.weight = "blocks.2.norm.bias"}, %arg36: tensor<64xf32> {streamtensor.weight = "blocks.2.second_norm.weight"}, %arg37: tensor<64xf32> {streamtensor.weight = "blocks.2.second_norm.bias"}, %arg38: tensor<64x64xf32> {streamtensor.weight = "blocks.2.query.weight"}, %arg39: tensor<64xf32> {streamtensor.weight = "blocks.2.query.bias"}, %arg40: tensor<32x64xf32> {streamtensor.weight = "blocks.2.key.weight"}, %arg41: tensor<32x64xf32> {streamtensor.weight = "blocks.2.value.weight"}, %arg42: tensor<64x64xf32> {streamtensor.weight = "blocks.2.gate.weight"}, %arg43: tensor<64xf32> {streamtensor.weight = "blocks.2.gate.bias"}, %arg44: tensor<64x64xf32> {streamtensor.weight = "blocks.2.out.weight"}, %arg45: tensor<64xf32> {streamtensor.weight = "blocks.2.out.bias"}, %arg46: tensor<96x64xf32> {streamtensor.weight = "blocks.2.up.weight"}, %arg47: tensor<96xf32> {streamtensor.weight = "blocks.2.up.bias"}, %arg48: tensor<64x96xf32> {streamtensor.weight = "blocks.2.down.weight"}, %arg49: tensor<64xf32> {streamtensor.weight = "blocks.2.down.bias"}, %arg50: tensor<64xf32> {streamtensor.weight = "last_norm.weight"}, %arg51: tensor<64xf32> {streamtensor.weight = "last_norm.bias"}, %arg52: tensor<384x64xf32> {streamtensor.weight = "head.weight"}, %arg53: tensor<11xi32> {streamtensor.input = "ids"}, %arg54: tensor<11xi32> {streamtensor.input = "positions"}, %arg55: tensor<3x32x2x16xf32> {streamtensor.input = "k_cache"}, %arg56: tensor<3x32x2x16xf32> {streamtensor.input = "v_cache"}) -> (tensor<11x384xf32> {streamtensor.output = "logits"}, tensor<3x11x2x16xf32> {streamtensor.output = "k_new"}, tensor<3x11x2x16xf32> {streamtensor.output = "v_new"}) {
    %cst = arith.constant 2.500000e-01 : f64
    %c3_i64 = arith.constant 3 : i64
    %c0_i64 = arith.constant 0 : i64
    %c1_i64 = arith.constant 1 : i64
    %c384 = arith.constant 384 : index
    %c0_i32 = arith.constant 0 : i32
    %c128 = arith.constant 128 : index
    %cst_0 = arith.constant 0.000000e+00 : f64
    %cst_1 = arith.constant 0.000000e+00 : f32
    %cst_2 = arith.constant 1.000000e-05 : f64
    %cst_3 = arith.constant 3.000000e-01 : f64
    %cst_4 = arith.constant 6.400000e+01 : f64
    %cst_5 = arith.constant 6.400000e+01 : f32
    %c2_i64 = arith.constant 2 : i64
    %0 = tensor.empty() : tensor<11x64xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg53 : tensor<11xi32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: i32, %out: f32):
      %211 = arith.index_cast %in : i32 to index
      %212 = linalg.index 1 : index
      %213 = arith.cmpi slt, %211, %c384 : index
      cf.assert %213, "index must be smaller than dim size"
      %214 = arith.cmpi sge, %in, %c0_i32 : i32
      cf.assert %214, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg0[%211, %212] : tensor<384x64xf32>
      linalg.yield %extracted : f32
    } -> tensor<11x64xf32>
    %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg54 : tensor<11xi32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: i32, %out: f32):
      %211 = arith.index_cast %in : i32 to index
      %212 = linalg.index 1 : index
      %213 = arith.cmpi slt, %211, %c128 : index
      cf.assert %213, "index must be smaller than dim size"
      %214 = arith.cmpi sge, %in, %c0_i32 : i32
      cf.assert %214, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg1[%211, %212] : tensor<128x64xf32>
      linalg.yield %extracted : f32
    } -> tensor<11x64xf32>
    %3 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%2 : tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.truncf %cst_3 : f64 to f32
      %212 = arith.mulf %in, %211 : f32
      linalg.yield %212 : f32
    } -> tensor<11x64xf32>
    %4 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%1, %3 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %5 = call @streamtensor_layer(%4, %c0_i64) : (tensor<11x64xf32>, i64) -> tensor<11x64xf32>
    %6 = tensor.empty() : tensor<11x64xf64>
    %7 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%5 : tensor<11x64xf32>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %211 = arith.extf %in : f32 to f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %8 = tensor.empty() : tensor<11x1xf64>
    %9 = linalg.fill ins(%cst_0 : f64) outs(%8 : tensor<11x1xf64>) -> tensor<11x1xf64>
    %10 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%7 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %11 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%10 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %12 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%7, %11 : tensor<11x64xf64>, tensor<11x1xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.subf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %13 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%12, %12 : tensor<11x64xf64>, tensor<11x64xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.mulf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %14 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%13 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %15 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%14 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %16 = tensor.empty() : tensor<11x1xf32>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%15 : tensor<11x1xf64>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %211 = arith.truncf %in : f64 to f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %18 = linalg.fill ins(%cst_1 : f32) outs(%16 : tensor<11x1xf32>) -> tensor<11x1xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%5 : tensor<11x64xf32>) outs(%18 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.addf %in, %out : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%19 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.divf %in, %cst_5 : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %21 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%17 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.truncf %cst_2 : f64 to f32
      %212 = arith.addf %in, %211 : f32
      linalg.yield %212 : f32
    } -> tensor<11x1xf32>
    %22 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%21 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.rsqrt %in : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %23 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%5, %20 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.subf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %24 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%23, %22 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %25 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%24, %arg2 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %26 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%25, %arg3 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %27 = tensor.empty() : tensor<64x64xf32>
    %transposed = linalg.transpose ins(%arg6 : tensor<64x64xf32>) outs(%27 : tensor<64x64xf32>) permutation = [1, 0] 
    %28 = linalg.fill ins(%cst_1 : f32) outs(%0 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %29 = linalg.matmul ins(%26, %transposed : tensor<11x64xf32>, tensor<64x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %30 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg7 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %31 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%29, %30 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %expanded = tensor.expand_shape %31 [[0], [1, 2]] output_shape [11, 4, 16] : tensor<11x64xf32> into tensor<11x4x16xf32>
    %32 = tensor.empty() : tensor<64x32xf32>
    %transposed_6 = linalg.transpose ins(%arg8 : tensor<32x64xf32>) outs(%32 : tensor<64x32xf32>) permutation = [1, 0] 
    %33 = tensor.empty() : tensor<11x32xf32>
    %34 = linalg.fill ins(%cst_1 : f32) outs(%33 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %35 = linalg.matmul ins(%26, %transposed_6 : tensor<11x64xf32>, tensor<64x32xf32>) outs(%34 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %expanded_7 = tensor.expand_shape %35 [[0], [1, 2]] output_shape [11, 2, 16] : tensor<11x32xf32> into tensor<11x2x16xf32>
    %transposed_8 = linalg.transpose ins(%arg9 : tensor<32x64xf32>) outs(%32 : tensor<64x32xf32>) permutation = [1, 0] 
    %36 = linalg.matmul ins(%26, %transposed_8 : tensor<11x64xf32>, tensor<64x32xf32>) outs(%34 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %expanded_9 = tensor.expand_shape %36 [[0], [1, 2]] output_shape [11, 2, 16] : tensor<11x32xf32> into tensor<11x2x16xf32>
    %37 = call @streamtensor_cached_attention(%expanded, %expanded_7, %expanded_9, %arg55, %arg56, %arg54, %c0_i64, %cst) : (tensor<11x4x16xf32>, tensor<11x2x16xf32>, tensor<11x2x16xf32>, tensor<3x32x2x16xf32>, tensor<3x32x2x16xf32>, tensor<11xi32>, i64, f64) -> tensor<11x4x16xf32>
    %transposed_10 = linalg.transpose ins(%arg10 : tensor<64x64xf32>) outs(%27 : tensor<64x64xf32>) permutation = [1, 0] 
    %38 = linalg.matmul ins(%26, %transposed_10 : tensor<11x64xf32>, tensor<64x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %39 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg11 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %40 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%38, %39 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %41 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%40 : tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.tanh %in : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %collapsed = tensor.collapse_shape %37 [[0], [1, 2]] : tensor<11x4x16xf32> into tensor<11x64xf32>
    %transposed_11 = linalg.transpose ins(%arg12 : tensor<64x64xf32>) outs(%27 : tensor<64x64xf32>) permutation = [1, 0] 
    %42 = linalg.matmul ins(%collapsed, %transposed_11 : tensor<11x64xf32>, tensor<64x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %43 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg13 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %44 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%42, %43 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %45 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%41, %44 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %46 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%5, %45 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %47 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%46 : tensor<11x64xf32>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %211 = arith.extf %in : f32 to f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %48 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%47 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %49 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%48 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %50 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%47, %49 : tensor<11x64xf64>, tensor<11x1xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.subf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %51 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%50, %50 : tensor<11x64xf64>, tensor<11x64xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.mulf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %52 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%51 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %53 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%52 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %54 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%53 : tensor<11x1xf64>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %211 = arith.truncf %in : f64 to f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %55 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%46 : tensor<11x64xf32>) outs(%18 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.addf %in, %out : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %56 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%55 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.divf %in, %cst_5 : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %57 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%54 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.truncf %cst_2 : f64 to f32
      %212 = arith.addf %in, %211 : f32
      linalg.yield %212 : f32
    } -> tensor<11x1xf32>
    %58 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%57 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.rsqrt %in : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %59 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%46, %56 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.subf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %60 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%59, %58 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %61 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%60, %arg4 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %62 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%61, %arg5 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %63 = tensor.empty() : tensor<64x96xf32>
    %transposed_12 = linalg.transpose ins(%arg14 : tensor<96x64xf32>) outs(%63 : tensor<64x96xf32>) permutation = [1, 0] 
    %64 = tensor.empty() : tensor<11x96xf32>
    %65 = linalg.fill ins(%cst_1 : f32) outs(%64 : tensor<11x96xf32>) -> tensor<11x96xf32>
    %66 = linalg.matmul ins(%62, %transposed_12 : tensor<11x64xf32>, tensor<64x96xf32>) outs(%65 : tensor<11x96xf32>) -> tensor<11x96xf32>
    %67 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg15 : tensor<96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x96xf32>
    %68 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%66, %67 : tensor<11x96xf32>, tensor<11x96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x96xf32>
    %69 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%68 : tensor<11x96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.cmpf ugt, %in, %cst_1 : f32
      %212 = arith.select %211, %in, %cst_1 : f32
      linalg.yield %212 : f32
    } -> tensor<11x96xf32>
    %70 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%69 : tensor<11x96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %211 : f32
    } -> tensor<11x96xf32>
    %71 = tensor.empty() : tensor<96x64xf32>
    %transposed_13 = linalg.transpose ins(%arg16 : tensor<64x96xf32>) outs(%71 : tensor<96x64xf32>) permutation = [1, 0] 
    %72 = linalg.matmul ins(%70, %transposed_13 : tensor<11x96xf32>, tensor<96x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %73 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg17 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %74 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%72, %73 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %75 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%46, %74 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %76 = call @streamtensor_layer(%75, %c1_i64) : (tensor<11x64xf32>, i64) -> tensor<11x64xf32>
    %77 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%76 : tensor<11x64xf32>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %211 = arith.extf %in : f32 to f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %78 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%77 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %79 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%78 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %80 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%77, %79 : tensor<11x64xf64>, tensor<11x1xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.subf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %81 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%80, %80 : tensor<11x64xf64>, tensor<11x64xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.mulf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %82 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%81 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %83 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%82 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %84 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%83 : tensor<11x1xf64>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %211 = arith.truncf %in : f64 to f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %85 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%76 : tensor<11x64xf32>) outs(%18 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.addf %in, %out : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %86 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%85 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.divf %in, %cst_5 : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %87 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%84 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.truncf %cst_2 : f64 to f32
      %212 = arith.addf %in, %211 : f32
      linalg.yield %212 : f32
    } -> tensor<11x1xf32>
    %88 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%87 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.rsqrt %in : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %89 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%76, %86 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.subf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %90 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%89, %88 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %91 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%90, %arg18 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %92 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%91, %arg19 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %transposed_14 = linalg.transpose ins(%arg22 : tensor<64x64xf32>) outs(%27 : tensor<64x64xf32>) permutation = [1, 0] 
    %93 = linalg.matmul ins(%92, %transposed_14 : tensor<11x64xf32>, tensor<64x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %94 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg23 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %95 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%93, %94 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %expanded_15 = tensor.expand_shape %95 [[0], [1, 2]] output_shape [11, 4, 16] : tensor<11x64xf32> into tensor<11x4x16xf32>
    %transposed_16 = linalg.transpose ins(%arg24 : tensor<32x64xf32>) outs(%32 : tensor<64x32xf32>) permutation = [1, 0] 
    %96 = linalg.matmul ins(%92, %transposed_16 : tensor<11x64xf32>, tensor<64x32xf32>) outs(%34 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %expanded_17 = tensor.expand_shape %96 [[0], [1, 2]] output_shape [11, 2, 16] : tensor<11x32xf32> into tensor<11x2x16xf32>
    %transposed_18 = linalg.transpose ins(%arg25 : tensor<32x64xf32>) outs(%32 : tensor<64x32xf32>) permutation = [1, 0] 
    %97 = linalg.matmul ins(%92, %transposed_18 : tensor<11x64xf32>, tensor<64x32xf32>) outs(%34 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %expanded_19 = tensor.expand_shape %97 [[0], [1, 2]] output_shape [11, 2, 16] : tensor<11x32xf32> into tensor<11x2x16xf32>
    %98 = call @streamtensor_cached_attention(%expanded_15, %expanded_17, %expanded_19, %arg55, %arg56, %arg54, %c1_i64, %cst) : (tensor<11x4x16xf32>, tensor<11x2x16xf32>, tensor<11x2x16xf32>, tensor<3x32x2x16xf32>, tensor<3x32x2x16xf32>, tensor<11xi32>, i64, f64) -> tensor<11x4x16xf32>
    %transposed_20 = linalg.transpose ins(%arg26 : tensor<64x64xf32>) outs(%27 : tensor<64x64xf32>) permutation = [1, 0] 
    %99 = linalg.matmul ins(%92, %transposed_20 : tensor<11x64xf32>, tensor<64x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %100 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg27 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %101 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%99, %100 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %102 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%101 : tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.tanh %in : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %collapsed_21 = tensor.collapse_shape %98 [[0], [1, 2]] : tensor<11x4x16xf32> into tensor<11x64xf32>
    %transposed_22 = linalg.transpose ins(%arg28 : tensor<64x64xf32>) outs(%27 : tensor<64x64xf32>) permutation = [1, 0] 
    %103 = linalg.matmul ins(%collapsed_21, %transposed_22 : tensor<11x64xf32>, tensor<64x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %104 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg29 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %105 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%103, %104 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %106 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%102, %105 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %107 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%76, %106 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %108 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%107 : tensor<11x64xf32>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %211 = arith.extf %in : f32 to f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %109 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%108 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %110 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%109 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %111 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%108, %110 : tensor<11x64xf64>, tensor<11x1xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.subf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %112 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%111, %111 : tensor<11x64xf64>, tensor<11x64xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.mulf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %113 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%112 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %114 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%113 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %115 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%114 : tensor<11x1xf64>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %211 = arith.truncf %in : f64 to f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %116 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%107 : tensor<11x64xf32>) outs(%18 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.addf %in, %out : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %117 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%116 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.divf %in, %cst_5 : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %118 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%115 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.truncf %cst_2 : f64 to f32
      %212 = arith.addf %in, %211 : f32
      linalg.yield %212 : f32
    } -> tensor<11x1xf32>
    %119 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%118 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.rsqrt %in : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %120 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%107, %117 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.subf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %121 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%120, %119 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %122 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%121, %arg20 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %123 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%122, %arg21 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %transposed_23 = linalg.transpose ins(%arg30 : tensor<96x64xf32>) outs(%63 : tensor<64x96xf32>) permutation = [1, 0] 
    %124 = linalg.matmul ins(%123, %transposed_23 : tensor<11x64xf32>, tensor<64x96xf32>) outs(%65 : tensor<11x96xf32>) -> tensor<11x96xf32>
    %125 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg31 : tensor<96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x96xf32>
    %126 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%124, %125 : tensor<11x96xf32>, tensor<11x96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x96xf32>
    %127 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%126 : tensor<11x96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.cmpf ugt, %in, %cst_1 : f32
      %212 = arith.select %211, %in, %cst_1 : f32
      linalg.yield %212 : f32
    } -> tensor<11x96xf32>
    %128 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%127 : tensor<11x96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %211 : f32
    } -> tensor<11x96xf32>
    %transposed_24 = linalg.transpose ins(%arg32 : tensor<64x96xf32>) outs(%71 : tensor<96x64xf32>) permutation = [1, 0] 
    %129 = linalg.matmul ins(%128, %transposed_24 : tensor<11x96xf32>, tensor<96x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %130 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg33 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %131 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%129, %130 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %132 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%107, %131 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %133 = call @streamtensor_layer(%132, %c2_i64) : (tensor<11x64xf32>, i64) -> tensor<11x64xf32>
    %134 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%133 : tensor<11x64xf32>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %211 = arith.extf %in : f32 to f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %135 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%134 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %136 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%135 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %137 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%134, %136 : tensor<11x64xf64>, tensor<11x1xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.subf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %138 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%137, %137 : tensor<11x64xf64>, tensor<11x64xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.mulf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %139 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%138 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %140 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%139 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %141 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%140 : tensor<11x1xf64>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %211 = arith.truncf %in : f64 to f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %142 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%133 : tensor<11x64xf32>) outs(%18 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.addf %in, %out : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %143 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%142 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.divf %in, %cst_5 : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %144 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%141 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.truncf %cst_2 : f64 to f32
      %212 = arith.addf %in, %211 : f32
      linalg.yield %212 : f32
    } -> tensor<11x1xf32>
    %145 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%144 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.rsqrt %in : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %146 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%133, %143 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.subf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %147 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%146, %145 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %148 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%147, %arg34 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %149 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%148, %arg35 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %transposed_25 = linalg.transpose ins(%arg38 : tensor<64x64xf32>) outs(%27 : tensor<64x64xf32>) permutation = [1, 0] 
    %150 = linalg.matmul ins(%149, %transposed_25 : tensor<11x64xf32>, tensor<64x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %151 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg39 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %152 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%150, %151 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %expanded_26 = tensor.expand_shape %152 [[0], [1, 2]] output_shape [11, 4, 16] : tensor<11x64xf32> into tensor<11x4x16xf32>
    %transposed_27 = linalg.transpose ins(%arg40 : tensor<32x64xf32>) outs(%32 : tensor<64x32xf32>) permutation = [1, 0] 
    %153 = linalg.matmul ins(%149, %transposed_27 : tensor<11x64xf32>, tensor<64x32xf32>) outs(%34 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %expanded_28 = tensor.expand_shape %153 [[0], [1, 2]] output_shape [11, 2, 16] : tensor<11x32xf32> into tensor<11x2x16xf32>
    %transposed_29 = linalg.transpose ins(%arg41 : tensor<32x64xf32>) outs(%32 : tensor<64x32xf32>) permutation = [1, 0] 
    %154 = linalg.matmul ins(%149, %transposed_29 : tensor<11x64xf32>, tensor<64x32xf32>) outs(%34 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %expanded_30 = tensor.expand_shape %154 [[0], [1, 2]] output_shape [11, 2, 16] : tensor<11x32xf32> into tensor<11x2x16xf32>
    %155 = call @streamtensor_cached_attention(%expanded_26, %expanded_28, %expanded_30, %arg55, %arg56, %arg54, %c2_i64, %cst) : (tensor<11x4x16xf32>, tensor<11x2x16xf32>, tensor<11x2x16xf32>, tensor<3x32x2x16xf32>, tensor<3x32x2x16xf32>, tensor<11xi32>, i64, f64) -> tensor<11x4x16xf32>
    %transposed_31 = linalg.transpose ins(%arg42 : tensor<64x64xf32>) outs(%27 : tensor<64x64xf32>) permutation = [1, 0] 
    %156 = linalg.matmul ins(%149, %transposed_31 : tensor<11x64xf32>, tensor<64x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %157 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg43 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %158 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%156, %157 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %159 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%158 : tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.tanh %in : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %collapsed_32 = tensor.collapse_shape %155 [[0], [1, 2]] : tensor<11x4x16xf32> into tensor<11x64xf32>
    %transposed_33 = linalg.transpose ins(%arg44 : tensor<64x64xf32>) outs(%27 : tensor<64x64xf32>) permutation = [1, 0] 
    %160 = linalg.matmul ins(%collapsed_32, %transposed_33 : tensor<11x64xf32>, tensor<64x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %161 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg45 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %162 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%160, %161 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %163 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%159, %162 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %164 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%133, %163 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %165 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%164 : tensor<11x64xf32>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %211 = arith.extf %in : f32 to f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %166 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%165 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %167 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%166 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %168 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%165, %167 : tensor<11x64xf64>, tensor<11x1xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.subf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %169 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%168, %168 : tensor<11x64xf64>, tensor<11x64xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.mulf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %170 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%169 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %171 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%170 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %172 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%171 : tensor<11x1xf64>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %211 = arith.truncf %in : f64 to f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %173 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%164 : tensor<11x64xf32>) outs(%18 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.addf %in, %out : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %174 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%173 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.divf %in, %cst_5 : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %175 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%172 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.truncf %cst_2 : f64 to f32
      %212 = arith.addf %in, %211 : f32
      linalg.yield %212 : f32
    } -> tensor<11x1xf32>
    %176 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%175 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.rsqrt %in : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %177 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%164, %174 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.subf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %178 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%177, %176 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %179 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%178, %arg36 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %180 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%179, %arg37 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %transposed_34 = linalg.transpose ins(%arg46 : tensor<96x64xf32>) outs(%63 : tensor<64x96xf32>) permutation = [1, 0] 
    %181 = linalg.matmul ins(%180, %transposed_34 : tensor<11x64xf32>, tensor<64x96xf32>) outs(%65 : tensor<11x96xf32>) -> tensor<11x96xf32>
    %182 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg47 : tensor<96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x96xf32>
    %183 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%181, %182 : tensor<11x96xf32>, tensor<11x96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x96xf32>
    %184 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%183 : tensor<11x96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.cmpf ugt, %in, %cst_1 : f32
      %212 = arith.select %211, %in, %cst_1 : f32
      linalg.yield %212 : f32
    } -> tensor<11x96xf32>
    %185 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%184 : tensor<11x96xf32>) outs(%64 : tensor<11x96xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %211 : f32
    } -> tensor<11x96xf32>
    %transposed_35 = linalg.transpose ins(%arg48 : tensor<64x96xf32>) outs(%71 : tensor<96x64xf32>) permutation = [1, 0] 
    %186 = linalg.matmul ins(%185, %transposed_35 : tensor<11x96xf32>, tensor<96x64xf32>) outs(%28 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %187 = linalg.generic {indexing_maps = [#map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg49 : tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<11x64xf32>
    %188 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%186, %187 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %189 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%164, %188 : tensor<11x64xf32>, tensor<11x64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %190 = call @streamtensor_layer(%189, %c3_i64) : (tensor<11x64xf32>, i64) -> tensor<11x64xf32>
    %191 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%190 : tensor<11x64xf32>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f32, %out: f64):
      %211 = arith.extf %in : f32 to f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %192 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%191 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %193 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%192 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %194 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%191, %193 : tensor<11x64xf64>, tensor<11x1xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.subf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %195 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%194, %194 : tensor<11x64xf64>, tensor<11x64xf64>) outs(%6 : tensor<11x64xf64>) {
    ^bb0(%in: f64, %in_40: f64, %out: f64):
      %211 = arith.mulf %in, %in_40 : f64
      linalg.yield %211 : f64
    } -> tensor<11x64xf64>
    %196 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%195 : tensor<11x64xf64>) outs(%9 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.addf %in, %out : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %197 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%196 : tensor<11x1xf64>) outs(%8 : tensor<11x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %211 = arith.divf %in, %cst_4 : f64
      linalg.yield %211 : f64
    } -> tensor<11x1xf64>
    %198 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%197 : tensor<11x1xf64>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %211 = arith.truncf %in : f64 to f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %199 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "reduction"]} ins(%190 : tensor<11x64xf32>) outs(%18 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.addf %in, %out : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %200 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%199 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.divf %in, %cst_5 : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %201 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%198 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = arith.truncf %cst_2 : f64 to f32
      %212 = arith.addf %in, %211 : f32
      linalg.yield %212 : f32
    } -> tensor<11x1xf32>
    %202 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%201 : tensor<11x1xf32>) outs(%16 : tensor<11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %211 = math.rsqrt %in : f32
      linalg.yield %211 : f32
    } -> tensor<11x1xf32>
    %203 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%190, %200 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.subf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %204 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel"]} ins(%203, %202 : tensor<11x64xf32>, tensor<11x1xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %205 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%204, %arg50 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.mulf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %206 = linalg.generic {indexing_maps = [#map1, #map3, #map1], iterator_types = ["parallel", "parallel"]} ins(%205, %arg51 : tensor<11x64xf32>, tensor<64xf32>) outs(%0 : tensor<11x64xf32>) {
    ^bb0(%in: f32, %in_40: f32, %out: f32):
      %211 = arith.addf %in, %in_40 : f32
      linalg.yield %211 : f32
    } -> tensor<11x64xf32>
    %207 = tensor.empty() : tensor<64x384xf32>
    %transposed_36 = linalg.transpose ins(%arg52 : tensor<384x64xf32>) outs(%207 : tensor<64x384xf32>) permutation = [1, 0] 
    %208 = tensor.empty() : tensor<11x384xf32>
    %209 = linalg.fill ins(%cst_1 : f32) outs(%208 : tensor<11x384xf32>) -> tensor<11x384xf32>
    %210 = linalg.matmul ins(%206, %transposed_36 : tensor<11x64xf32>, tensor<64x384xf32>) outs(%209 : tensor<11x384xf32>) -> tensor<11x384xf32>
    %concat = tensor.concat dim(0) %expanded_7, %expanded_17, %expanded_28 : (tensor<11x2x16xf32>, tensor<11x2x16xf32>, tensor<11x2x16xf32>) -> tensor<33x2x16xf32>
    %expanded_37 = tensor.expand_shape %concat [[0, 1], [2], [3]] output_shape [3, 11, 2, 16] : tensor<33x2x16xf32> into tensor<3x11x2x16xf32>
    %concat_38 = tensor.concat dim(0) %expanded_9, %expanded_19, %expanded_30 : (tensor<11x2x16xf32>, tensor<11x2x16xf32>, tensor<11x2x16xf32>) -> tensor<33x2x16xf32>
    %expanded_39 = tensor.expand_shape %concat_38 [[0, 1], [2], [3]] output_shape [3, 11, 2, 16] : tensor<33x2x16xf32> into tensor<3x11x2x16xf32>
    return %210, %expanded_37, %expanded_39 : tensor<11x384xf32>, tensor<3x11x2x16xf32>, tensor<3x11x2x16xf32>
  }
}
