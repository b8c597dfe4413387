#map = affine_map<(d0, d1, d2) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map3 = affine_map<(d0, d1, d2) -> (d2)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
module attributes {streamtensor.weights = "model.safetensors", streamtensor.weights_sha256 = "73f94fa933b4b79f905a95943c9b51f255dbadb9844cdcc57f6c9c5c18a60b28"} {
  func.func private @streamtensor_cached_attention(tensor<11x4x16xf32>, tensor<11x2x16xf32>, tensor<11x2x16xf32>, tensor<2x32x2x16xf32>, tensor<2x32x2x16xf32>, tensor<11xi32>, i64, f64) -> tensor<11x4x16xf32>
  func.func private @streamtensor_layer(tensor<1x11x64xf32>, i64) -> tensor<1x11x64xf32>
  func.func @main(%arg0: tensor<384x64xf32> {streamtensor.weight = "model.embed_tokens.weight"}, %arg1: tensor<64x64xf32> {streamtensor.weight = "model.layers.0.self_attn.q_proj.weight"}, %arg2: tensor<32x64xf32> {streamtensor.weight = "model.layers.0.self_attn.k_proj.weight"}, %arg3: tensor<32x64xf32> {streamtensor.weight = "model.layers.0.self_attn.v_proj.weight"}, %arg4: tensor<64x64xf32> {streamtensor.weight = "model.layers.0.self_attn.o_proj.weight"}, %arg5: tensor<128x64xf32> {streamtensor.weight = "model.layers.0.mlp.gate_proj.weight"}, %arg6: tensor<128x64xf32> {streamtensor.weight = "model.layers.0.mlp.up_proj.weight"}, %arg7: tensor<64x128xf32> {streamtensor.weight = "model.layers.0.mlp.down_proj.weight"}, %arg8: tensor<64xf32> {streamtensor.weight = "model.layers.0.input_layernorm.weight"}, %arg9: tensor<64xf32> {streamtensor.weight = "model.layers.0.post_attention_layernorm.weight"}, %arg10: tensor<64x64xf32> {streamtensor.weight = "model.layers.1.self_attn.q_proj.weight"}, %arg11: tensor<32x64xf32> {streamtensor.weight = "model.layers.1.self_attn.k_proj.weight"}, %arg12: tensor<32x64xf32> {streamtensor.weight = "model.layers.1.self_attn.v_proj.weight"}, %arg13: tensor<64x64xf32> {streamtensor.weight = "model.layers.1.self_attn.o_proj.weight"}, %arg14: tensor<128x64xf32> {streamtensor.weight = "model.layers.1.mlp.gate_proj.weight"}, %arg15: tensor<128x64xf32> {streamtensor.weight = "model.layers.1.mlp.up_proj.weight"}, %arg16: tensor<64x128xf32> {streamtensor.weight = "model.layers.1.mlp.down_proj.weight"}, %arg17: tensor<64xf32> {streamtensor.weight = "model.layers.1.input_layernorm.weight"}, %arg18: tensor<64xf32> {streamtensor.weight = "model.layers.1.post_attention_layernorm.weight"}, %arg19: tensor<64xf32> {streamtensor.weight = "model.norm.weight"}, %arg20: tensor<384x64xf32> {streamtensor.weight = "lm_head.weight"}, %arg21: tensor<128x8xf32> {streamtensor.weight = "model.rotary_emb.cos"}, %arg22: tensor<128x8xf32> {streamtensor.weight = "model.rotary_emb.sin"}, %arg23: tensor<11xi32> {streamtensor.input = "ids"}, %arg24: tensor<11xi32> {streamtensor.input = "positions"}, %arg25: tensor<2x32x2x16xf32> {streamtensor.input = "k_cache"}, %arg26: tensor<2x32x2x16xf32> {streamtensor.input = "v_cache"}) -> (tensor<11x384xf32> {streamtensor.output = "logits"}, tensor<2x11x2x16xf32> {streamtensor.output = "k_new"}, tensor<2x11x2x16xf32> {streamtensor.output = "v_new"}) {
    %cst = arith.constant 2.500000e-01 : f64
    %c1_i64 = arith.constant 1 : i64
    %c0_i64 = arith.constant 0 : i64
    %c384 = arith.constant 384 : index
    %c0_i32 = arith.constant 0 : i32
    %c128 = arith.constant 128 : index
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant 1.000000e-05 : f64
    %cst_3 = arith.constant 6.400000e+01 : f32
    %c2_i64 = arith.constant 2 : i64
    %expanded = tensor.expand_shape %arg23 [[0, 1]] output_shape [1, 11] : tensor<11xi32> into tensor<1x11xi32>
    %expanded_4 = tensor.expand_shape %arg24 [[0, 1]] output_shape [1, 11] : tensor<11xi32> into tensor<1x11xi32>
    %0 = tensor.empty() : tensor<1x11x64xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x11xi32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: i32, %out: f32):
      %108 = arith.index_cast %in : i32 to index
      %109 = linalg.index 2 : index
      %110 = arith.cmpi slt, %108, %c384 : index
      cf.assert %110, "index must be smaller than dim size"
      %111 = arith.cmpi sge, %in, %c0_i32 : i32
      cf.assert %111, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg0[%108, %109] : tensor<384x64xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x11x64xf32>
    %2 = tensor.empty() : tensor<1x11x8xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_4 : tensor<1x11xi32>) outs(%2 : tensor<1x11x8xf32>) {
    ^bb0(%in: i32, %out: f32):
      %108 = arith.index_cast %in : i32 to index
      %109 = linalg.index 2 : index
      %110 = arith.cmpi slt, %108, %c128 : index
      cf.assert %110, "index must be smaller than dim size"
      %111 = arith.cmpi sge, %in, %c0_i32 : i32
      cf.assert %111, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg21[%108, %109] : tensor<128x8xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x11x8xf32>
    %concat = tensor.concat dim(2) %3, %3 : (tensor<1x11x8xf32>, tensor<1x11x8xf32>) -> tensor<1x11x16xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_4 : tensor<1x11xi32>) outs(%2 : tensor<1x11x8xf32>) {
    ^bb0(%in: i32, %out: f32):
      %108 = arith.index_cast %in : i32 to index
      %109 = linalg.index 2 : index
      %110 = arith.cmpi slt, %108, %c128 : index
      cf.assert %110, "index must be smaller than dim size"
      %111 = arith.cmpi sge, %in, %c0_i32 : i32
      cf.assert %111, "index must be larger or equal to 0"
      %extracted = tensor.extract %arg22[%108, %109] : tensor<128x8xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x11x8xf32>
    %concat_5 = tensor.concat dim(2) %4, %4 : (tensor<1x11x8xf32>, tensor<1x11x8xf32>) -> tensor<1x11x16xf32>
    %5 = call @streamtensor_layer(%1, %c0_i64) : (tensor<1x11x64xf32>, i64) -> tensor<1x11x64xf32>
    %6 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5 : tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %7 = tensor.empty() : tensor<1x11x1xf32>
    %8 = linalg.fill ins(%cst_0 : f32) outs(%7 : tensor<1x11x1xf32>) -> tensor<1x11x1xf32>
    %9 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%6 : tensor<1x11x64xf32>) outs(%8 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.addf %in, %out : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %10 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%9 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.divf %in, %cst_3 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %11 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%10 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.truncf %cst_2 : f64 to f32
      %109 = arith.addf %in, %108 : f32
      linalg.yield %109 : f32
    } -> tensor<1x11x1xf32>
    %12 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%11 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = math.rsqrt %in : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %13 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5, %12 : tensor<1x11x64xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %14 = linalg.generic {indexing_maps = [#map3, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg8, %13 : tensor<64xf32>, tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %15 = tensor.empty() : tensor<64x64xf32>
    %transposed = linalg.transpose ins(%arg1 : tensor<64x64xf32>) outs(%15 : tensor<64x64xf32>) permutation = [1, 0] 
    %collapsed = tensor.collapse_shape %14 [[0, 1], [2]] : tensor<1x11x64xf32> into tensor<11x64xf32>
    %16 = tensor.empty() : tensor<11x64xf32>
    %17 = linalg.fill ins(%cst_0 : f32) outs(%16 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %18 = linalg.matmul ins(%collapsed, %transposed : tensor<11x64xf32>, tensor<64x64xf32>) outs(%17 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %expanded_6 = tensor.expand_shape %18 [[0, 1], [2, 3]] output_shape [1, 11, 4, 16] : tensor<11x64xf32> into tensor<1x11x4x16xf32>
    %19 = tensor.empty() : tensor<1x4x11x16xf32>
    %transposed_7 = linalg.transpose ins(%expanded_6 : tensor<1x11x4x16xf32>) outs(%19 : tensor<1x4x11x16xf32>) permutation = [0, 2, 1, 3] 
    %20 = tensor.empty() : tensor<64x32xf32>
    %transposed_8 = linalg.transpose ins(%arg2 : tensor<32x64xf32>) outs(%20 : tensor<64x32xf32>) permutation = [1, 0] 
    %21 = tensor.empty() : tensor<11x32xf32>
    %22 = linalg.fill ins(%cst_0 : f32) outs(%21 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %23 = linalg.matmul ins(%collapsed, %transposed_8 : tensor<11x64xf32>, tensor<64x32xf32>) outs(%22 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %expanded_9 = tensor.expand_shape %23 [[0, 1], [2, 3]] output_shape [1, 11, 2, 16] : tensor<11x32xf32> into tensor<1x11x2x16xf32>
    %24 = tensor.empty() : tensor<1x2x11x16xf32>
    %transposed_10 = linalg.transpose ins(%expanded_9 : tensor<1x11x2x16xf32>) outs(%24 : tensor<1x2x11x16xf32>) permutation = [0, 2, 1, 3] 
    %transposed_11 = linalg.transpose ins(%arg3 : tensor<32x64xf32>) outs(%20 : tensor<64x32xf32>) permutation = [1, 0] 
    %25 = linalg.matmul ins(%collapsed, %transposed_11 : tensor<11x64xf32>, tensor<64x32xf32>) outs(%22 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %expanded_12 = tensor.expand_shape %25 [[0, 1], [2, 3]] output_shape [1, 11, 2, 16] : tensor<11x32xf32> into tensor<1x11x2x16xf32>
    %transposed_13 = linalg.transpose ins(%expanded_12 : tensor<1x11x2x16xf32>) outs(%24 : tensor<1x2x11x16xf32>) permutation = [0, 2, 1, 3] 
    %expanded_14 = tensor.expand_shape %concat [[0], [1, 2], [3]] output_shape [1, 1, 11, 16] : tensor<1x11x16xf32> into tensor<1x1x11x16xf32>
    %expanded_15 = tensor.expand_shape %concat_5 [[0], [1, 2], [3]] output_shape [1, 1, 11, 16] : tensor<1x11x16xf32> into tensor<1x1x11x16xf32>
    %26 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_7, %expanded_14 : tensor<1x4x11x16xf32>, tensor<1x1x11x16xf32>) outs(%19 : tensor<1x4x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x4x11x16xf32>
    %extracted_slice = tensor.extract_slice %transposed_7[0, 0, 0, 0] [1, 4, 11, 8] [1, 1, 1, 1] : tensor<1x4x11x16xf32> to tensor<1x4x11x8xf32>
    %extracted_slice_16 = tensor.extract_slice %transposed_7[0, 0, 0, 8] [1, 4, 11, 8] [1, 1, 1, 1] : tensor<1x4x11x16xf32> to tensor<1x4x11x8xf32>
    %27 = tensor.empty() : tensor<1x4x11x8xf32>
    %28 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_16 : tensor<1x4x11x8xf32>) outs(%27 : tensor<1x4x11x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.negf %in : f32
      linalg.yield %108 : f32
    } -> tensor<1x4x11x8xf32>
    %concat_17 = tensor.concat dim(3) %28, %extracted_slice : (tensor<1x4x11x8xf32>, tensor<1x4x11x8xf32>) -> tensor<1x4x11x16xf32>
    %29 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_17, %expanded_15 : tensor<1x4x11x16xf32>, tensor<1x1x11x16xf32>) outs(%19 : tensor<1x4x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x4x11x16xf32>
    %30 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%26, %29 : tensor<1x4x11x16xf32>, tensor<1x4x11x16xf32>) outs(%19 : tensor<1x4x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.addf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x4x11x16xf32>
    %31 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_10, %expanded_14 : tensor<1x2x11x16xf32>, tensor<1x1x11x16xf32>) outs(%24 : tensor<1x2x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x2x11x16xf32>
    %extracted_slice_18 = tensor.extract_slice %transposed_10[0, 0, 0, 0] [1, 2, 11, 8] [1, 1, 1, 1] : tensor<1x2x11x16xf32> to tensor<1x2x11x8xf32>
    %extracted_slice_19 = tensor.extract_slice %transposed_10[0, 0, 0, 8] [1, 2, 11, 8] [1, 1, 1, 1] : tensor<1x2x11x16xf32> to tensor<1x2x11x8xf32>
    %32 = tensor.empty() : tensor<1x2x11x8xf32>
    %33 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_19 : tensor<1x2x11x8xf32>) outs(%32 : tensor<1x2x11x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.negf %in : f32
      linalg.yield %108 : f32
    } -> tensor<1x2x11x8xf32>
    %concat_20 = tensor.concat dim(3) %33, %extracted_slice_18 : (tensor<1x2x11x8xf32>, tensor<1x2x11x8xf32>) -> tensor<1x2x11x16xf32>
    %34 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_20, %expanded_15 : tensor<1x2x11x16xf32>, tensor<1x1x11x16xf32>) outs(%24 : tensor<1x2x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x2x11x16xf32>
    %35 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%31, %34 : tensor<1x2x11x16xf32>, tensor<1x2x11x16xf32>) outs(%24 : tensor<1x2x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.addf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x2x11x16xf32>
    %collapsed_21 = tensor.collapse_shape %30 [[0, 1], [2], [3]] : tensor<1x4x11x16xf32> into tensor<4x11x16xf32>
    %36 = tensor.empty() : tensor<11x4x16xf32>
    %transposed_22 = linalg.transpose ins(%collapsed_21 : tensor<4x11x16xf32>) outs(%36 : tensor<11x4x16xf32>) permutation = [1, 0, 2] 
    %collapsed_23 = tensor.collapse_shape %35 [[0, 1], [2], [3]] : tensor<1x2x11x16xf32> into tensor<2x11x16xf32>
    %37 = tensor.empty() : tensor<11x2x16xf32>
    %transposed_24 = linalg.transpose ins(%collapsed_23 : tensor<2x11x16xf32>) outs(%37 : tensor<11x2x16xf32>) permutation = [1, 0, 2] 
    %collapsed_25 = tensor.collapse_shape %transposed_13 [[0, 1], [2], [3]] : tensor<1x2x11x16xf32> into tensor<2x11x16xf32>
    %transposed_26 = linalg.transpose ins(%collapsed_25 : tensor<2x11x16xf32>) outs(%37 : tensor<11x2x16xf32>) permutation = [1, 0, 2] 
    %38 = call @streamtensor_cached_attention(%transposed_22, %transposed_24, %transposed_26, %arg25, %arg26, %arg24, %c0_i64, %cst) : (tensor<11x4x16xf32>, tensor<11x2x16xf32>, tensor<11x2x16xf32>, tensor<2x32x2x16xf32>, tensor<2x32x2x16xf32>, tensor<11xi32>, i64, f64) -> tensor<11x4x16xf32>
    %transposed_27 = linalg.transpose ins(%arg4 : tensor<64x64xf32>) outs(%15 : tensor<64x64xf32>) permutation = [1, 0] 
    %collapsed_28 = tensor.collapse_shape %38 [[0], [1, 2]] : tensor<11x4x16xf32> into tensor<11x64xf32>
    %39 = linalg.matmul ins(%collapsed_28, %transposed_27 : tensor<11x64xf32>, tensor<64x64xf32>) outs(%17 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %expanded_29 = tensor.expand_shape %39 [[0, 1], [2]] output_shape [1, 11, 64] : tensor<11x64xf32> into tensor<1x11x64xf32>
    %40 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5, %expanded_29 : tensor<1x11x64xf32>, tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.addf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %41 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%40 : tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %42 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%41 : tensor<1x11x64xf32>) outs(%8 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.addf %in, %out : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %43 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%42 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.divf %in, %cst_3 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %44 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%43 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.truncf %cst_2 : f64 to f32
      %109 = arith.addf %in, %108 : f32
      linalg.yield %109 : f32
    } -> tensor<1x11x1xf32>
    %45 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%44 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = math.rsqrt %in : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %46 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%40, %45 : tensor<1x11x64xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %47 = linalg.generic {indexing_maps = [#map3, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg9, %46 : tensor<64xf32>, tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %48 = tensor.empty() : tensor<64x128xf32>
    %transposed_30 = linalg.transpose ins(%arg5 : tensor<128x64xf32>) outs(%48 : tensor<64x128xf32>) permutation = [1, 0] 
    %collapsed_31 = tensor.collapse_shape %47 [[0, 1], [2]] : tensor<1x11x64xf32> into tensor<11x64xf32>
    %49 = tensor.empty() : tensor<11x128xf32>
    %50 = linalg.fill ins(%cst_0 : f32) outs(%49 : tensor<11x128xf32>) -> tensor<11x128xf32>
    %51 = linalg.matmul ins(%collapsed_31, %transposed_30 : tensor<11x64xf32>, tensor<64x128xf32>) outs(%50 : tensor<11x128xf32>) -> tensor<11x128xf32>
    %expanded_32 = tensor.expand_shape %51 [[0, 1], [2]] output_shape [1, 11, 128] : tensor<11x128xf32> into tensor<1x11x128xf32>
    %52 = tensor.empty() : tensor<1x11x128xf32>
    %53 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_32 : tensor<1x11x128xf32>) outs(%52 : tensor<1x11x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.negf %in : f32
      %109 = math.exp %108 : f32
      %110 = arith.addf %109, %cst_1 : f32
      %111 = arith.divf %cst_1, %110 : f32
      linalg.yield %111 : f32
    } -> tensor<1x11x128xf32>
    %54 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_32, %53 : tensor<1x11x128xf32>, tensor<1x11x128xf32>) outs(%52 : tensor<1x11x128xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x128xf32>
    %transposed_33 = linalg.transpose ins(%arg6 : tensor<128x64xf32>) outs(%48 : tensor<64x128xf32>) permutation = [1, 0] 
    %55 = linalg.matmul ins(%collapsed_31, %transposed_33 : tensor<11x64xf32>, tensor<64x128xf32>) outs(%50 : tensor<11x128xf32>) -> tensor<11x128xf32>
    %expanded_34 = tensor.expand_shape %55 [[0, 1], [2]] output_shape [1, 11, 128] : tensor<11x128xf32> into tensor<1x11x128xf32>
    %56 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%54, %expanded_34 : tensor<1x11x128xf32>, tensor<1x11x128xf32>) outs(%52 : tensor<1x11x128xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x128xf32>
    %57 = tensor.empty() : tensor<128x64xf32>
    %transposed_35 = linalg.transpose ins(%arg7 : tensor<64x128xf32>) outs(%57 : tensor<128x64xf32>) permutation = [1, 0] 
    %collapsed_36 = tensor.collapse_shape %56 [[0, 1], [2]] : tensor<1x11x128xf32> into tensor<11x128xf32>
    %58 = linalg.matmul ins(%collapsed_36, %transposed_35 : tensor<11x128xf32>, tensor<128x64xf32>) outs(%17 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %expanded_37 = tensor.expand_shape %58 [[0, 1], [2]] output_shape [1, 11, 64] : tensor<11x64xf32> into tensor<1x11x64xf32>
    %59 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%40, %expanded_37 : tensor<1x11x64xf32>, tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.addf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %60 = call @streamtensor_layer(%59, %c1_i64) : (tensor<1x11x64xf32>, i64) -> tensor<1x11x64xf32>
    %61 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%60 : tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %62 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%61 : tensor<1x11x64xf32>) outs(%8 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.addf %in, %out : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %63 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%62 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.divf %in, %cst_3 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %64 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%63 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.truncf %cst_2 : f64 to f32
      %109 = arith.addf %in, %108 : f32
      linalg.yield %109 : f32
    } -> tensor<1x11x1xf32>
    %65 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%64 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = math.rsqrt %in : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %66 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%60, %65 : tensor<1x11x64xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %67 = linalg.generic {indexing_maps = [#map3, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg17, %66 : tensor<64xf32>, tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %transposed_38 = linalg.transpose ins(%arg10 : tensor<64x64xf32>) outs(%15 : tensor<64x64xf32>) permutation = [1, 0] 
    %collapsed_39 = tensor.collapse_shape %67 [[0, 1], [2]] : tensor<1x11x64xf32> into tensor<11x64xf32>
    %68 = linalg.matmul ins(%collapsed_39, %transposed_38 : tensor<11x64xf32>, tensor<64x64xf32>) outs(%17 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %expanded_40 = tensor.expand_shape %68 [[0, 1], [2, 3]] output_shape [1, 11, 4, 16] : tensor<11x64xf32> into tensor<1x11x4x16xf32>
    %transposed_41 = linalg.transpose ins(%expanded_40 : tensor<1x11x4x16xf32>) outs(%19 : tensor<1x4x11x16xf32>) permutation = [0, 2, 1, 3] 
    %transposed_42 = linalg.transpose ins(%arg11 : tensor<32x64xf32>) outs(%20 : tensor<64x32xf32>) permutation = [1, 0] 
    %69 = linalg.matmul ins(%collapsed_39, %transposed_42 : tensor<11x64xf32>, tensor<64x32xf32>) outs(%22 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %expanded_43 = tensor.expand_shape %69 [[0, 1], [2, 3]] output_shape [1, 11, 2, 16] : tensor<11x32xf32> into tensor<1x11x2x16xf32>
    %transposed_44 = linalg.transpose ins(%expanded_43 : tensor<1x11x2x16xf32>) outs(%24 : tensor<1x2x11x16xf32>) permutation = [0, 2, 1, 3] 
    %transposed_45 = linalg.transpose ins(%arg12 : tensor<32x64xf32>) outs(%20 : tensor<64x32xf32>) permutation = [1, 0] 
    %70 = linalg.matmul ins(%collapsed_39, %transposed_45 : tensor<11x64xf32>, tensor<64x32xf32>) outs(%22 : tensor<11x32xf32>) -> tensor<11x32xf32>
    %expanded_46 = tensor.expand_shape %70 [[0, 1], [2, 3]] output_shape [1, 11, 2, 16] : tensor<11x32xf32> into tensor<1x11x2x16xf32>
    %transposed_47 = linalg.transpose ins(%expanded_46 : tensor<1x11x2x16xf32>) outs(%24 : tensor<1x2x11x16xf32>) permutation = [0, 2, 1, 3] 
    %71 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_41, %expanded_14 : tensor<1x4x11x16xf32>, tensor<1x1x11x16xf32>) outs(%19 : tensor<1x4x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x4x11x16xf32>
    %extracted_slice_48 = tensor.extract_slice %transposed_41[0, 0, 0, 0] [1, 4, 11, 8] [1, 1, 1, 1] : tensor<1x4x11x16xf32> to tensor<1x4x11x8xf32>
    %extracted_slice_49 = tensor.extract_slice %transposed_41[0, 0, 0, 8] [1, 4, 11, 8] [1, 1, 1, 1] : tensor<1x4x11x16xf32> to tensor<1x4x11x8xf32>
    %72 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_49 : tensor<1x4x11x8xf32>) outs(%27 : tensor<1x4x11x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.negf %in : f32
      linalg.yield %108 : f32
    } -> tensor<1x4x11x8xf32>
    %concat_50 = tensor.concat dim(3) %72, %extracted_slice_48 : (tensor<1x4x11x8xf32>, tensor<1x4x11x8xf32>) -> tensor<1x4x11x16xf32>
    %73 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_50, %expanded_15 : tensor<1x4x11x16xf32>, tensor<1x1x11x16xf32>) outs(%19 : tensor<1x4x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x4x11x16xf32>
    %74 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%71, %73 : tensor<1x4x11x16xf32>, tensor<1x4x11x16xf32>) outs(%19 : tensor<1x4x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.addf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x4x11x16xf32>
    %75 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_44, %expanded_14 : tensor<1x2x11x16xf32>, tensor<1x1x11x16xf32>) outs(%24 : tensor<1x2x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x2x11x16xf32>
    %extracted_slice_51 = tensor.extract_slice %transposed_44[0, 0, 0, 0] [1, 2, 11, 8] [1, 1, 1, 1] : tensor<1x2x11x16xf32> to tensor<1x2x11x8xf32>
    %extracted_slice_52 = tensor.extract_slice %transposed_44[0, 0, 0, 8] [1, 2, 11, 8] [1, 1, 1, 1] : tensor<1x2x11x16xf32> to tensor<1x2x11x8xf32>
    %76 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%extracted_slice_52 : tensor<1x2x11x8xf32>) outs(%32 : tensor<1x2x11x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.negf %in : f32
      linalg.yield %108 : f32
    } -> tensor<1x2x11x8xf32>
    %concat_53 = tensor.concat dim(3) %76, %extracted_slice_51 : (tensor<1x2x11x8xf32>, tensor<1x2x11x8xf32>) -> tensor<1x2x11x16xf32>
    %77 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%concat_53, %expanded_15 : tensor<1x2x11x16xf32>, tensor<1x1x11x16xf32>) outs(%24 : tensor<1x2x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x2x11x16xf32>
    %78 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%75, %77 : tensor<1x2x11x16xf32>, tensor<1x2x11x16xf32>) outs(%24 : tensor<1x2x11x16xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.addf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x2x11x16xf32>
    %collapsed_54 = tensor.collapse_shape %74 [[0, 1], [2], [3]] : tensor<1x4x11x16xf32> into tensor<4x11x16xf32>
    %transposed_55 = linalg.transpose ins(%collapsed_54 : tensor<4x11x16xf32>) outs(%36 : tensor<11x4x16xf32>) permutation = [1, 0, 2] 
    %collapsed_56 = tensor.collapse_shape %78 [[0, 1], [2], [3]] : tensor<1x2x11x16xf32> into tensor<2x11x16xf32>
    %transposed_57 = linalg.transpose ins(%collapsed_56 : tensor<2x11x16xf32>) outs(%37 : tensor<11x2x16xf32>) permutation = [1, 0, 2] 
    %collapsed_58 = tensor.collapse_shape %transposed_47 [[0, 1], [2], [3]] : tensor<1x2x11x16xf32> into tensor<2x11x16xf32>
    %transposed_59 = linalg.transpose ins(%collapsed_58 : tensor<2x11x16xf32>) outs(%37 : tensor<11x2x16xf32>) permutation = [1, 0, 2] 
    %79 = call @streamtensor_cached_attention(%transposed_55, %transposed_57, %transposed_59, %arg25, %arg26, %arg24, %c1_i64, %cst) : (tensor<11x4x16xf32>, tensor<11x2x16xf32>, tensor<11x2x16xf32>, tensor<2x32x2x16xf32>, tensor<2x32x2x16xf32>, tensor<11xi32>, i64, f64) -> tensor<11x4x16xf32>
    %transposed_60 = linalg.transpose ins(%arg13 : tensor<64x64xf32>) outs(%15 : tensor<64x64xf32>) permutation = [1, 0] 
    %collapsed_61 = tensor.collapse_shape %79 [[0], [1, 2]] : tensor<11x4x16xf32> into tensor<11x64xf32>
    %80 = linalg.matmul ins(%collapsed_61, %transposed_60 : tensor<11x64xf32>, tensor<64x64xf32>) outs(%17 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %expanded_62 = tensor.expand_shape %80 [[0, 1], [2]] output_shape [1, 11, 64] : tensor<11x64xf32> into tensor<1x11x64xf32>
    %81 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%60, %expanded_62 : tensor<1x11x64xf32>, tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.addf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %82 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81 : tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %83 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%82 : tensor<1x11x64xf32>) outs(%8 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.addf %in, %out : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %84 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%83 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.divf %in, %cst_3 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %85 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%84 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.truncf %cst_2 : f64 to f32
      %109 = arith.addf %in, %108 : f32
      linalg.yield %109 : f32
    } -> tensor<1x11x1xf32>
    %86 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = math.rsqrt %in : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %87 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81, %86 : tensor<1x11x64xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %88 = linalg.generic {indexing_maps = [#map3, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg18, %87 : tensor<64xf32>, tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %transposed_63 = linalg.transpose ins(%arg14 : tensor<128x64xf32>) outs(%48 : tensor<64x128xf32>) permutation = [1, 0] 
    %collapsed_64 = tensor.collapse_shape %88 [[0, 1], [2]] : tensor<1x11x64xf32> into tensor<11x64xf32>
    %89 = linalg.matmul ins(%collapsed_64, %transposed_63 : tensor<11x64xf32>, tensor<64x128xf32>) outs(%50 : tensor<11x128xf32>) -> tensor<11x128xf32>
    %expanded_65 = tensor.expand_shape %89 [[0, 1], [2]] output_shape [1, 11, 128] : tensor<11x128xf32> into tensor<1x11x128xf32>
    %90 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_65 : tensor<1x11x128xf32>) outs(%52 : tensor<1x11x128xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.negf %in : f32
      %109 = math.exp %108 : f32
      %110 = arith.addf %109, %cst_1 : f32
      %111 = arith.divf %cst_1, %110 : f32
      linalg.yield %111 : f32
    } -> tensor<1x11x128xf32>
    %91 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_65, %90 : tensor<1x11x128xf32>, tensor<1x11x128xf32>) outs(%52 : tensor<1x11x128xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x128xf32>
    %transposed_66 = linalg.transpose ins(%arg15 : tensor<128x64xf32>) outs(%48 : tensor<64x128xf32>) permutation = [1, 0] 
    %92 = linalg.matmul ins(%collapsed_64, %transposed_66 : tensor<11x64xf32>, tensor<64x128xf32>) outs(%50 : tensor<11x128xf32>) -> tensor<11x128xf32>
    %expanded_67 = tensor.expand_shape %92 [[0, 1], [2]] output_shape [1, 11, 128] : tensor<11x128xf32> into tensor<1x11x128xf32>
    %93 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%91, %expanded_67 : tensor<1x11x128xf32>, tensor<1x11x128xf32>) outs(%52 : tensor<1x11x128xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x128xf32>
    %transposed_68 = linalg.transpose ins(%arg16 : tensor<64x128xf32>) outs(%57 : tensor<128x64xf32>) permutation = [1, 0] 
    %collapsed_69 = tensor.collapse_shape %93 [[0, 1], [2]] : tensor<1x11x128xf32> into tensor<11x128xf32>
    %94 = linalg.matmul ins(%collapsed_69, %transposed_68 : tensor<11x128xf32>, tensor<128x64xf32>) outs(%17 : tensor<11x64xf32>) -> tensor<11x64xf32>
    %expanded_70 = tensor.expand_shape %94 [[0, 1], [2]] output_shape [1, 11, 64] : tensor<11x64xf32> into tensor<1x11x64xf32>
    %95 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81, %expanded_70 : tensor<1x11x64xf32>, tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.addf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %96 = call @streamtensor_layer(%95, %c2_i64) : (tensor<1x11x64xf32>, i64) -> tensor<1x11x64xf32>
    %97 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96 : tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = math.fpowi %in, %c2_i64 : f32, i64
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %98 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "reduction"]} ins(%97 : tensor<1x11x64xf32>) outs(%8 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.addf %in, %out : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %99 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%98 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.divf %in, %cst_3 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %100 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%99 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = arith.truncf %cst_2 : f64 to f32
      %109 = arith.addf %in, %108 : f32
      linalg.yield %109 : f32
    } -> tensor<1x11x1xf32>
    %101 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%100 : tensor<1x11x1xf32>) outs(%7 : tensor<1x11x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %108 = math.rsqrt %in : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x1xf32>
    %102 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%96, %101 : tensor<1x11x64xf32>, tensor<1x11x1xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %103 = linalg.generic {indexing_maps = [#map3, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg19, %102 : tensor<64xf32>, tensor<1x11x64xf32>) outs(%0 : tensor<1x11x64xf32>) {
    ^bb0(%in: f32, %in_77: f32, %out: f32):
      %108 = arith.mulf %in, %in_77 : f32
      linalg.yield %108 : f32
    } -> tensor<1x11x64xf32>
    %104 = tensor.empty() : tensor<64x384xf32>
    %transposed_71 = linalg.transpose ins(%arg20 : tensor<384x64xf32>) outs(%104 : tensor<64x384xf32>) permutation = [1, 0] 
    %collapsed_72 = tensor.collapse_shape %103 [[0, 1], [2]] : tensor<1x11x64xf32> into tensor<11x64xf32>
    %105 = tensor.empty() : tensor<11x384xf32>
    %106 = linalg.fill ins(%cst_0 : f32) outs(%105 : tensor<11x384xf32>) -> tensor<11x384xf32>
    %107 = linalg.matmul ins(%collapsed_72, %transposed_71 : tensor<11x64xf32>, tensor<64x384xf32>) outs(%106 : tensor<11x384xf32>) -> tensor<11x384xf32>
    %concat_73 = tensor.concat dim(0) %transposed_24, %transposed_57 : (tensor<11x2x16xf32>, tensor<11x2x16xf32>) -> tensor<22x2x16xf32>
    %expanded_74 = tensor.expand_shape %concat_73 [[0, 1], [2], [3]] output_shape [2, 11, 2, 16] : tensor<22x2x16xf32> into tensor<2x11x2x16xf32>
    %concat_75 = tensor.concat dim(0) %transposed_26, %transposed_59 : (tensor<11x2x16xf32>, tensor<11x2x16xf32>) -> tensor<22x2x16xf32>
    %expanded_76 = tensor.expand_shape %concat_75 [[0, 1], [2], [3]] output_shape [2, 11, 2, 16] : tensor<22x2x16xf32> into tensor<2x11x2x16xf32>
    return %107, %expanded_74, %expanded_76 : tensor<11x384xf32>, tensor<2x11x2x16xf32>, tensor<2x11x2x16xf32>
  }
}
