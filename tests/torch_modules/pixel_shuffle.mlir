#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, 0)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, d3)>
#map3 = affine_map<(d0, d1) -> (0, d1)>
#map4 = affine_map<(d0, d1) -> (d0, d1)>
module {
  func.func @main(%arg0: tensor<1x6x3x4xf32>) -> tensor<1x1x6x8xf32> {
    %c1_i64 = arith.constant 1 : i64
    %c3_i64 = arith.constant 3 : i64
    %c2_i64 = arith.constant 2 : i64
    %cst = arith.constant 0.000000e+00 : f64
    %cst_0 = arith.constant 0.000000e+00 : f32
    %c0_i64 = arith.constant 0 : i64
    %cst_1 = arith.constant 1.000000e+00 : f32
    %cst_2 = arith.constant dense_resource<torch_tensor_4_torch.float32> : tensor<4xf32>
    %cst_3 = arith.constant dense_resource<torch_tensor_4_6_1_1_torch.float32> : tensor<4x6x1x1xf32>
    %cst_4 = arith.constant dense_resource<torch_tensor_6_torch.float32_1> : tensor<6xf32>
    %cst_5 = arith.constant dense_resource<torch_tensor_6_torch.float32> : tensor<6xf32>
    %cst_6 = arith.constant 1.000000e-05 : f64
    %cst_7 = arith.constant 2.400000e+01 : f64
    %cst_8 = arith.constant 2.400000e+01 : f32
    %cst_9 = arith.constant dense_resource<torch_tensor_1_6_torch.int64> : tensor<1x6xi64>
    %cst_10 = arith.constant dense_resource<torch_tensor_1_6_torch.int64_1> : tensor<1x6xi64>
    %cst_11 = arith.constant dense_resource<torch_tensor_1_6_torch.int64_2> : tensor<1x6xi64>
    %cst_12 = arith.constant dense_resource<torch_tensor_1_6_torch.int64_3> : tensor<1x6xi64>
    %cst_13 = arith.constant dense_resource<torch_tensor_1_6_torch.int64_4> : tensor<1x6xi64>
    %cst_14 = arith.constant dense_resource<torch_tensor_1_6_torch.int64_5> : tensor<1x6xi64>
    %cst_15 = arith.constant dense_resource<torch_tensor_1_6_torch.int64_6> : tensor<1x6xi64>
    %cst_16 = arith.constant dense_resource<torch_tensor_1_6_torch.int64_7> : tensor<1x6xi64>
    %collapsed = tensor.collapse_shape %arg0 [[0], [1], [2, 3]] : tensor<1x6x3x4xf32> into tensor<1x6x12xf32>
    %expanded = tensor.expand_shape %collapsed [[0], [1, 2], [3]] output_shape [1, 3, 2, 12] : tensor<1x6x12xf32> into tensor<1x3x2x12xf32>
    %0 = tensor.empty() : tensor<1x3x2x12xf64>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x3x2x12xf32>) outs(%0 : tensor<1x3x2x12xf64>) {
    ^bb0(%in: f32, %out: f64):
      %33 = arith.extf %in : f32 to f64
      linalg.yield %33 : f64
    } -> tensor<1x3x2x12xf64>
    %2 = tensor.empty() : tensor<1x3x1x1xf64>
    %3 = linalg.fill ins(%cst : f64) outs(%2 : tensor<1x3x1x1xf64>) -> tensor<1x3x1x1xf64>
    %4 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%1 : tensor<1x3x2x12xf64>) outs(%3 : tensor<1x3x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %33 = arith.addf %in, %out : f64
      linalg.yield %33 : f64
    } -> tensor<1x3x1x1xf64>
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%4 : tensor<1x3x1x1xf64>) outs(%2 : tensor<1x3x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %33 = arith.divf %in, %cst_7 : f64
      linalg.yield %33 : f64
    } -> tensor<1x3x1x1xf64>
    %6 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%1, %5 : tensor<1x3x2x12xf64>, tensor<1x3x1x1xf64>) outs(%0 : tensor<1x3x2x12xf64>) {
    ^bb0(%in: f64, %in_23: f64, %out: f64):
      %33 = arith.subf %in, %in_23 : f64
      linalg.yield %33 : f64
    } -> tensor<1x3x2x12xf64>
    %7 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %6 : tensor<1x3x2x12xf64>, tensor<1x3x2x12xf64>) outs(%0 : tensor<1x3x2x12xf64>) {
    ^bb0(%in: f64, %in_23: f64, %out: f64):
      %33 = arith.mulf %in, %in_23 : f64
      linalg.yield %33 : f64
    } -> tensor<1x3x2x12xf64>
    %8 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%7 : tensor<1x3x2x12xf64>) outs(%3 : tensor<1x3x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %33 = arith.addf %in, %out : f64
      linalg.yield %33 : f64
    } -> tensor<1x3x1x1xf64>
    %9 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8 : tensor<1x3x1x1xf64>) outs(%2 : tensor<1x3x1x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %33 = arith.divf %in, %cst_7 : f64
      linalg.yield %33 : f64
    } -> tensor<1x3x1x1xf64>
    %10 = tensor.empty() : tensor<1x3x1x1xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%9 : tensor<1x3x1x1xf64>) outs(%10 : tensor<1x3x1x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %33 = arith.truncf %in : f64 to f32
      linalg.yield %33 : f32
    } -> tensor<1x3x1x1xf32>
    %12 = linalg.fill ins(%cst_0 : f32) outs(%10 : tensor<1x3x1x1xf32>) -> tensor<1x3x1x1xf32>
    %13 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%expanded : tensor<1x3x2x12xf32>) outs(%12 : tensor<1x3x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %33 = arith.addf %in, %out : f32
      linalg.yield %33 : f32
    } -> tensor<1x3x1x1xf32>
    %14 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%13 : tensor<1x3x1x1xf32>) outs(%10 : tensor<1x3x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %33 = arith.divf %in, %cst_8 : f32
      linalg.yield %33 : f32
    } -> tensor<1x3x1x1xf32>
    %15 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%11 : tensor<1x3x1x1xf32>) outs(%10 : tensor<1x3x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %33 = arith.truncf %cst_6 : f64 to f32
      %34 = arith.addf %in, %33 : f32
      linalg.yield %34 : f32
    } -> tensor<1x3x1x1xf32>
    %16 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%15 : tensor<1x3x1x1xf32>) outs(%10 : tensor<1x3x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %33 = math.rsqrt %in : f32
      linalg.yield %33 : f32
    } -> tensor<1x3x1x1xf32>
    %expanded_17 = tensor.expand_shape %cst_5 [[0, 1, 2, 3]] output_shape [1, 3, 2, 1] : tensor<6xf32> into tensor<1x3x2x1xf32>
    %17 = tensor.empty() : tensor<1x3x2x1xf32>
    %18 = linalg.generic {indexing_maps = [#map2, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%16, %expanded_17 : tensor<1x3x1x1xf32>, tensor<1x3x2x1xf32>) outs(%17 : tensor<1x3x2x1xf32>) {
    ^bb0(%in: f32, %in_23: f32, %out: f32):
      %33 = arith.mulf %in, %in_23 : f32
      linalg.yield %33 : f32
    } -> tensor<1x3x2x1xf32>
    %19 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%14 : tensor<1x3x1x1xf32>) outs(%10 : tensor<1x3x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %33 = arith.negf %in : f32
      linalg.yield %33 : f32
    } -> tensor<1x3x1x1xf32>
    %20 = linalg.generic {indexing_maps = [#map2, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%19, %18 : tensor<1x3x1x1xf32>, tensor<1x3x2x1xf32>) outs(%17 : tensor<1x3x2x1xf32>) {
    ^bb0(%in: f32, %in_23: f32, %out: f32):
      %33 = arith.mulf %in, %in_23 : f32
      linalg.yield %33 : f32
    } -> tensor<1x3x2x1xf32>
    %expanded_18 = tensor.expand_shape %cst_4 [[0, 1, 2, 3]] output_shape [1, 3, 2, 1] : tensor<6xf32> into tensor<1x3x2x1xf32>
    %21 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%20, %expanded_18 : tensor<1x3x2x1xf32>, tensor<1x3x2x1xf32>) outs(%17 : tensor<1x3x2x1xf32>) {
    ^bb0(%in: f32, %in_23: f32, %out: f32):
      %33 = arith.addf %in, %in_23 : f32
      linalg.yield %33 : f32
    } -> tensor<1x3x2x1xf32>
    %22 = tensor.empty() : tensor<1x6xf32>
    %23 = linalg.generic {indexing_maps = [#map3, #map3, #map3, #map3, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst_9, %cst_10, %cst_11, %cst_12 : tensor<1x6xi64>, tensor<1x6xi64>, tensor<1x6xi64>, tensor<1x6xi64>) outs(%22 : tensor<1x6xf32>) {
    ^bb0(%in: i64, %in_23: i64, %in_24: i64, %in_25: i64, %out: f32):
      %33 = arith.cmpi slt, %in, %c0_i64 : i64
      %34 = arith.addi %in, %c1_i64 : i64
      %35 = arith.select %33, %34, %in : i64
      %36 = arith.index_cast %35 : i64 to index
      %37 = arith.cmpi slt, %in_23, %c0_i64 : i64
      %38 = arith.addi %in_23, %c3_i64 : i64
      %39 = arith.select %37, %38, %in_23 : i64
      %40 = arith.index_cast %39 : i64 to index
      %41 = arith.cmpi slt, %in_24, %c0_i64 : i64
      %42 = arith.addi %in_24, %c2_i64 : i64
      %43 = arith.select %41, %42, %in_24 : i64
      %44 = arith.index_cast %43 : i64 to index
      %45 = arith.cmpi slt, %in_25, %c0_i64 : i64
      %46 = arith.addi %in_25, %c1_i64 : i64
      %47 = arith.select %45, %46, %in_25 : i64
      %48 = arith.index_cast %47 : i64 to index
      %extracted = tensor.extract %18[%36, %40, %44, %48] : tensor<1x3x2x1xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x6xf32>
    %24 = linalg.generic {indexing_maps = [#map3, #map3, #map3, #map3, #map4], iterator_types = ["parallel", "parallel"]} ins(%cst_13, %cst_14, %cst_15, %cst_16 : tensor<1x6xi64>, tensor<1x6xi64>, tensor<1x6xi64>, tensor<1x6xi64>) outs(%22 : tensor<1x6xf32>) {
    ^bb0(%in: i64, %in_23: i64, %in_24: i64, %in_25: i64, %out: f32):
      %33 = arith.cmpi slt, %in, %c0_i64 : i64
      %34 = arith.addi %in, %c1_i64 : i64
      %35 = arith.select %33, %34, %in : i64
      %36 = arith.index_cast %35 : i64 to index
      %37 = arith.cmpi slt, %in_23, %c0_i64 : i64
      %38 = arith.addi %in_23, %c3_i64 : i64
      %39 = arith.select %37, %38, %in_23 : i64
      %40 = arith.index_cast %39 : i64 to index
      %41 = arith.cmpi slt, %in_24, %c0_i64 : i64
      %42 = arith.addi %in_24, %c2_i64 : i64
      %43 = arith.select %41, %42, %in_24 : i64
      %44 = arith.index_cast %43 : i64 to index
      %45 = arith.cmpi slt, %in_25, %c0_i64 : i64
      %46 = arith.addi %in_25, %c1_i64 : i64
      %47 = arith.select %45, %46, %in_25 : i64
      %48 = arith.index_cast %47 : i64 to index
      %extracted = tensor.extract %21[%36, %40, %44, %48] : tensor<1x3x2x1xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x6xf32>
    %expanded_19 = tensor.expand_shape %23 [[0], [1, 2, 3]] output_shape [1, 6, 1, 1] : tensor<1x6xf32> into tensor<1x6x1x1xf32>
    %expanded_20 = tensor.expand_shape %24 [[0], [1, 2, 3]] output_shape [1, 6, 1, 1] : tensor<1x6xf32> into tensor<1x6x1x1xf32>
    %25 = tensor.empty() : tensor<1x6x3x4xf32>
    %26 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%arg0, %expanded_19 : tensor<1x6x3x4xf32>, tensor<1x6x1x1xf32>) outs(%25 : tensor<1x6x3x4xf32>) {
    ^bb0(%in: f32, %in_23: f32, %out: f32):
      %33 = arith.mulf %in, %in_23 : f32
      linalg.yield %33 : f32
    } -> tensor<1x6x3x4xf32>
    %27 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%26, %expanded_20 : tensor<1x6x3x4xf32>, tensor<1x6x1x1xf32>) outs(%25 : tensor<1x6x3x4xf32>) {
    ^bb0(%in: f32, %in_23: f32, %out: f32):
      %33 = arith.addf %in, %in_23 : f32
      linalg.yield %33 : f32
    } -> tensor<1x6x3x4xf32>
    %28 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%27 : tensor<1x6x3x4xf32>) outs(%25 : tensor<1x6x3x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %33 = arith.negf %in : f32
      %34 = math.exp %33 : f32
      %35 = arith.addf %34, %cst_1 : f32
      %36 = arith.divf %cst_1, %35 : f32
      linalg.yield %36 : f32
    } -> tensor<1x6x3x4xf32>
    %29 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%27, %28 : tensor<1x6x3x4xf32>, tensor<1x6x3x4xf32>) outs(%25 : tensor<1x6x3x4xf32>) {
    ^bb0(%in: f32, %in_23: f32, %out: f32):
      %33 = arith.mulf %in, %in_23 : f32
      linalg.yield %33 : f32
    } -> tensor<1x6x3x4xf32>
    %30 = tensor.empty() : tensor<1x4x3x4xf32>
    %broadcasted = linalg.broadcast ins(%cst_2 : tensor<4xf32>) outs(%30 : tensor<1x4x3x4xf32>) dimensions = [0, 2, 3] 
    %31 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>} ins(%29, %cst_3 : tensor<1x6x3x4xf32>, tensor<4x6x1x1xf32>) outs(%broadcasted : tensor<1x4x3x4xf32>) -> tensor<1x4x3x4xf32>
    %expanded_21 = tensor.expand_shape %31 [[0], [1, 2, 3], [4], [5]] output_shape [1, 1, 2, 2, 3, 4] : tensor<1x4x3x4xf32> into tensor<1x1x2x2x3x4xf32>
    %32 = tensor.empty() : tensor<1x1x3x2x4x2xf32>
    %transposed = linalg.transpose ins(%expanded_21 : tensor<1x1x2x2x3x4xf32>) outs(%32 : tensor<1x1x3x2x4x2xf32>) permutation = [0, 1, 4, 2, 5, 3] 
    %collapsed_22 = tensor.collapse_shape %transposed [[0], [1], [2, 3], [4, 5]] : tensor<1x1x3x2x4x2xf32> into tensor<1x1x6x8xf32>
    return %collapsed_22 : tensor<1x1x6x8xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_torch.float32: "0x04000000039244BEE401A43B3F91C5BECB57C2BC",
      torch_tensor_4_6_1_1_torch.float32: "0x040000005A794DBE9072653EF3CD9DBE7F5AC23DCB29C53EB8468DBBDDC4603E89D286BEDB35CC3E3DCF043EA5C355BECD06B83E4074163E9CA2123EF42E813E90EC8BBEA2F91A3E2992BF3E6DEBA7BC56C9D53DAC5106BE5009C93EFE5095BE05B7413E",
      torch_tensor_6_torch.float32_1: "0x04000000000000000000000000000000000000000000000000000000",
      torch_tensor_6_torch.float32: "0x040000000000803F0000803F0000803F0000803F0000803F0000803F",
      torch_tensor_1_6_torch.int64: "0x08000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_1_6_torch.int64_1: "0x08000000000000000000000000000000000000000100000000000000010000000000000002000000000000000200000000000000",
      torch_tensor_1_6_torch.int64_2: "0x08000000000000000000000001000000000000000000000000000000010000000000000000000000000000000100000000000000",
      torch_tensor_1_6_torch.int64_3: "0x08000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_1_6_torch.int64_4: "0x08000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_1_6_torch.int64_5: "0x08000000000000000000000000000000000000000100000000000000010000000000000002000000000000000200000000000000",
      torch_tensor_1_6_torch.int64_6: "0x08000000000000000000000001000000000000000000000000000000010000000000000000000000000000000100000000000000",
      torch_tensor_1_6_torch.int64_7: "0x08000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    }
  }
#-}
