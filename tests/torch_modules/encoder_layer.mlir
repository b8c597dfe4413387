#map = affine_map<(d0, d1, d2) -> (d1, d2)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map2 = affine_map<(d0, d1, d2) -> (d2)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map5 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, 0)>
#map6 = affine_map<(d0, d1) -> (d1)>
#map7 = affine_map<(d0, d1) -> (d0, d1)>
#map8 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
module {
  func.func @main(%arg0: tensor<2x5x8xf32>) -> tensor<2x5x8xf32> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %true = arith.constant true
    %cst_1 = arith.constant 0.000000e+00 : f64
    %cst_2 = arith.constant dense<0.000000e+00> : tensor<2x2x5x5xf32>
    %cst_3 = arith.constant dense_resource<torch_tensor_8_torch.float32_5> : tensor<8xf32>
    %cst_4 = arith.constant dense_resource<torch_tensor_8_torch.float32_4> : tensor<8xf32>
    %cst_5 = arith.constant dense_resource<torch_tensor_8_torch.float32_3> : tensor<8xf32>
    %cst_6 = arith.constant dense_resource<torch_tensor_8_16_torch.float32> : tensor<8x16xf32>
    %cst_7 = arith.constant dense_resource<torch_tensor_16_torch.float32> : tensor<16xf32>
    %cst_8 = arith.constant dense_resource<torch_tensor_16_8_torch.float32> : tensor<16x8xf32>
    %cst_9 = arith.constant dense_resource<torch_tensor_8_torch.float32_2> : tensor<8xf32>
    %cst_10 = arith.constant dense_resource<torch_tensor_8_torch.float32_1> : tensor<8xf32>
    %cst_11 = arith.constant 1.000000e-05 : f64
    %cst_12 = arith.constant dense_resource<torch_tensor_8_torch.float32> : tensor<8xf32>
    %cst_13 = arith.constant dense_resource<torch_tensor_8_8_torch.float32> : tensor<8x8xf32>
    %cst_14 = arith.constant 0xFFF0000000000000 : f64
    %cst_15 = arith.constant 0.70710678118654757 : f64
    %cst_16 = arith.constant dense_resource<torch_tensor_24_torch.float32> : tensor<24xf32>
    %cst_17 = arith.constant dense_resource<torch_tensor_24_8_torch.float32> : tensor<24x8xf32>
    %cst_18 = arith.constant 8.000000e+00 : f64
    %cst_19 = arith.constant 8.000000e+00 : f32
    %0 = tensor.empty() : tensor<5x2x8xf32>
    %transposed = linalg.transpose ins(%arg0 : tensor<2x5x8xf32>) outs(%0 : tensor<5x2x8xf32>) permutation = [1, 0, 2] 
    %1 = tensor.empty() : tensor<8x24xf32>
    %transposed_20 = linalg.transpose ins(%cst_17 : tensor<24x8xf32>) outs(%1 : tensor<8x24xf32>) permutation = [1, 0] 
    %2 = tensor.empty() : tensor<5x8x24xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%transposed_20 : tensor<8x24xf32>) outs(%2 : tensor<5x8x24xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<5x8x24xf32>
    %4 = tensor.empty() : tensor<5x2x24xf32>
    %5 = linalg.fill ins(%cst : f32) outs(%4 : tensor<5x2x24xf32>) -> tensor<5x2x24xf32>
    %6 = linalg.batch_matmul ins(%transposed, %3 : tensor<5x2x8xf32>, tensor<5x8x24xf32>) outs(%5 : tensor<5x2x24xf32>) -> tensor<5x2x24xf32>
    %7 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%6, %cst_16 : tensor<5x2x24xf32>, tensor<24xf32>) outs(%4 : tensor<5x2x24xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.addf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<5x2x24xf32>
    %expanded = tensor.expand_shape %7 [[0, 1], [2], [3, 4]] output_shape [1, 5, 2, 3, 8] : tensor<5x2x24xf32> into tensor<1x5x2x3x8xf32>
    %8 = tensor.empty() : tensor<3x5x2x1x8xf32>
    %transposed_21 = linalg.transpose ins(%expanded : tensor<1x5x2x3x8xf32>) outs(%8 : tensor<3x5x2x1x8xf32>) permutation = [3, 1, 2, 0, 4] 
    %collapsed = tensor.collapse_shape %transposed_21 [[0], [1], [2, 3], [4]] : tensor<3x5x2x1x8xf32> into tensor<3x5x2x8xf32>
    %extracted_slice = tensor.extract_slice %collapsed[0, 0, 0, 0] [1, 5, 2, 8] [1, 1, 1, 1] : tensor<3x5x2x8xf32> to tensor<1x5x2x8xf32>
    %extracted_slice_22 = tensor.extract_slice %collapsed[1, 0, 0, 0] [1, 5, 2, 8] [1, 1, 1, 1] : tensor<3x5x2x8xf32> to tensor<1x5x2x8xf32>
    %extracted_slice_23 = tensor.extract_slice %collapsed[2, 0, 0, 0] [1, 5, 2, 8] [1, 1, 1, 1] : tensor<3x5x2x8xf32> to tensor<1x5x2x8xf32>
    %collapsed_24 = tensor.collapse_shape %extracted_slice [[0, 1], [2, 3]] : tensor<1x5x2x8xf32> into tensor<5x16xf32>
    %expanded_25 = tensor.expand_shape %collapsed_24 [[0], [1, 2]] output_shape [5, 4, 4] : tensor<5x16xf32> into tensor<5x4x4xf32>
    %9 = tensor.empty() : tensor<4x5x4xf32>
    %transposed_26 = linalg.transpose ins(%expanded_25 : tensor<5x4x4xf32>) outs(%9 : tensor<4x5x4xf32>) permutation = [1, 0, 2] 
    %collapsed_27 = tensor.collapse_shape %extracted_slice_22 [[0, 1], [2, 3]] : tensor<1x5x2x8xf32> into tensor<5x16xf32>
    %expanded_28 = tensor.expand_shape %collapsed_27 [[0], [1, 2]] output_shape [5, 4, 4] : tensor<5x16xf32> into tensor<5x4x4xf32>
    %transposed_29 = linalg.transpose ins(%expanded_28 : tensor<5x4x4xf32>) outs(%9 : tensor<4x5x4xf32>) permutation = [1, 0, 2] 
    %collapsed_30 = tensor.collapse_shape %extracted_slice_23 [[0, 1], [2, 3]] : tensor<1x5x2x8xf32> into tensor<5x16xf32>
    %expanded_31 = tensor.expand_shape %collapsed_30 [[0], [1, 2]] output_shape [5, 4, 4] : tensor<5x16xf32> into tensor<5x4x4xf32>
    %transposed_32 = linalg.transpose ins(%expanded_31 : tensor<5x4x4xf32>) outs(%9 : tensor<4x5x4xf32>) permutation = [1, 0, 2] 
    %expanded_33 = tensor.expand_shape %transposed_26 [[0, 1], [2], [3]] output_shape [2, 2, 5, 4] : tensor<4x5x4xf32> into tensor<2x2x5x4xf32>
    %expanded_34 = tensor.expand_shape %transposed_29 [[0, 1], [2], [3]] output_shape [2, 2, 5, 4] : tensor<4x5x4xf32> into tensor<2x2x5x4xf32>
    %10 = tensor.empty() : tensor<2x2x5x4xf32>
    %11 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_33 : tensor<2x2x5x4xf32>) outs(%10 : tensor<2x2x5x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = arith.truncf %cst_15 : f64 to f32
      %97 = arith.mulf %in, %96 : f32
      linalg.yield %97 : f32
    } -> tensor<2x2x5x4xf32>
    %12 = tensor.empty() : tensor<2x2x4x5xf32>
    %transposed_35 = linalg.transpose ins(%expanded_34 : tensor<2x2x5x4xf32>) outs(%12 : tensor<2x2x4x5xf32>) permutation = [0, 1, 3, 2] 
    %13 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%transposed_35 : tensor<2x2x4x5xf32>) outs(%12 : tensor<2x2x4x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = arith.truncf %cst_15 : f64 to f32
      %97 = arith.mulf %in, %96 : f32
      linalg.yield %97 : f32
    } -> tensor<2x2x4x5xf32>
    %collapsed_36 = tensor.collapse_shape %11 [[0, 1], [2], [3]] : tensor<2x2x5x4xf32> into tensor<4x5x4xf32>
    %collapsed_37 = tensor.collapse_shape %13 [[0, 1], [2], [3]] : tensor<2x2x4x5xf32> into tensor<4x4x5xf32>
    %14 = tensor.empty() : tensor<4x5x5xf32>
    %15 = linalg.fill ins(%cst : f32) outs(%14 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %16 = linalg.batch_matmul ins(%collapsed_36, %collapsed_37 : tensor<4x5x4xf32>, tensor<4x4x5xf32>) outs(%15 : tensor<4x5x5xf32>) -> tensor<4x5x5xf32>
    %expanded_38 = tensor.expand_shape %16 [[0, 1], [2], [3]] output_shape [2, 2, 5, 5] : tensor<4x5x5xf32> into tensor<2x2x5x5xf32>
    %17 = tensor.empty() : tensor<2x2x5xi64>
    %18 = linalg.fill ins(%c0_i64 : i64) outs(%17 : tensor<2x2x5xi64>) -> tensor<2x2x5xi64>
    %19 = tensor.empty() : tensor<2x2x5xf32>
    %20 = linalg.fill ins(%cst_0 : f32) outs(%19 : tensor<2x2x5xf32>) -> tensor<2x2x5xf32>
    %21:2 = linalg.generic {indexing_maps = [#map3, #map4, #map4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%expanded_38 : tensor<2x2x5x5xf32>) outs(%20, %18 : tensor<2x2x5xf32>, tensor<2x2x5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_53: i64):
      %96 = linalg.index 3 : index
      %97 = arith.index_cast %96 : index to i64
      %98 = arith.maximumf %in, %out : f32
      %99 = arith.cmpf ogt, %in, %out : f32
      %100 = arith.select %99, %97, %out_53 : i64
      linalg.yield %98, %100 : f32, i64
    } -> (tensor<2x2x5xf32>, tensor<2x2x5xi64>)
    %expanded_39 = tensor.expand_shape %21#0 [[0], [1], [2, 3]] output_shape [2, 2, 5, 1] : tensor<2x2x5xf32> into tensor<2x2x5x1xf32>
    %22 = tensor.empty() : tensor<2x2x5x5xf32>
    %23 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_38, %expanded_39 : tensor<2x2x5x5xf32>, tensor<2x2x5x1xf32>) outs(%22 : tensor<2x2x5x5xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.subf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x2x5x5xf32>
    %24 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%23 : tensor<2x2x5x5xf32>) outs(%22 : tensor<2x2x5x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = math.exp %in : f32
      linalg.yield %96 : f32
    } -> tensor<2x2x5x5xf32>
    %25 = tensor.empty() : tensor<2x2x5x1xf32>
    %26 = linalg.fill ins(%cst : f32) outs(%25 : tensor<2x2x5x1xf32>) -> tensor<2x2x5x1xf32>
    %27 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%24 : tensor<2x2x5x5xf32>) outs(%26 : tensor<2x2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = arith.addf %in, %out : f32
      linalg.yield %96 : f32
    } -> tensor<2x2x5x1xf32>
    %28 = linalg.generic {indexing_maps = [#map3, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%24, %27 : tensor<2x2x5x5xf32>, tensor<2x2x5x1xf32>) outs(%22 : tensor<2x2x5x5xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.divf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x2x5x5xf32>
    %29 = tensor.empty() : tensor<2x2x5x5xi1>
    %30 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%expanded_38 : tensor<2x2x5x5xf32>) outs(%29 : tensor<2x2x5x5xi1>) {
    ^bb0(%in: f32, %out: i1):
      %96 = arith.extf %in : f32 to f64
      %97 = arith.cmpf oeq, %96, %cst_14 : f64
      linalg.yield %97 : i1
    } -> tensor<2x2x5x5xi1>
    %31 = tensor.empty() : tensor<2x2x5x1xi1>
    %32 = linalg.fill ins(%true : i1) outs(%31 : tensor<2x2x5x1xi1>) -> tensor<2x2x5x1xi1>
    %33 = linalg.generic {indexing_maps = [#map3, #map5], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%30 : tensor<2x2x5x5xi1>) outs(%32 : tensor<2x2x5x1xi1>) {
    ^bb0(%in: i1, %out: i1):
      %96 = arith.andi %in, %out : i1
      linalg.yield %96 : i1
    } -> tensor<2x2x5x1xi1>
    %34 = linalg.generic {indexing_maps = [#map5, #map3, #map3, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%33, %cst_2, %28 : tensor<2x2x5x1xi1>, tensor<2x2x5x5xf32>, tensor<2x2x5x5xf32>) outs(%22 : tensor<2x2x5x5xf32>) {
    ^bb0(%in: i1, %in_53: f32, %in_54: f32, %out: f32):
      %96 = arith.select %in, %in_53, %in_54 : f32
      linalg.yield %96 : f32
    } -> tensor<2x2x5x5xf32>
    %collapsed_40 = tensor.collapse_shape %34 [[0, 1], [2], [3]] : tensor<2x2x5x5xf32> into tensor<4x5x5xf32>
    %35 = linalg.fill ins(%cst : f32) outs(%9 : tensor<4x5x4xf32>) -> tensor<4x5x4xf32>
    %36 = linalg.batch_matmul ins(%collapsed_40, %transposed_32 : tensor<4x5x5xf32>, tensor<4x5x4xf32>) outs(%35 : tensor<4x5x4xf32>) -> tensor<4x5x4xf32>
    %expanded_41 = tensor.expand_shape %36 [[0, 1], [2], [3]] output_shape [2, 2, 5, 4] : tensor<4x5x4xf32> into tensor<2x2x5x4xf32>
    %37 = tensor.empty() : tensor<5x2x2x4xf32>
    %transposed_42 = linalg.transpose ins(%expanded_41 : tensor<2x2x5x4xf32>) outs(%37 : tensor<5x2x2x4xf32>) permutation = [2, 0, 1, 3] 
    %collapsed_43 = tensor.collapse_shape %transposed_42 [[0, 1], [2, 3]] : tensor<5x2x2x4xf32> into tensor<10x8xf32>
    %38 = tensor.empty() : tensor<8x8xf32>
    %transposed_44 = linalg.transpose ins(%cst_13 : tensor<8x8xf32>) outs(%38 : tensor<8x8xf32>) permutation = [1, 0] 
    %39 = tensor.empty() : tensor<10x8xf32>
    %40 = linalg.fill ins(%cst : f32) outs(%39 : tensor<10x8xf32>) -> tensor<10x8xf32>
    %41 = linalg.matmul ins(%collapsed_43, %transposed_44 : tensor<10x8xf32>, tensor<8x8xf32>) outs(%40 : tensor<10x8xf32>) -> tensor<10x8xf32>
    %42 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_12 : tensor<8xf32>) outs(%39 : tensor<10x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<10x8xf32>
    %43 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%41, %42 : tensor<10x8xf32>, tensor<10x8xf32>) outs(%39 : tensor<10x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.addf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<10x8xf32>
    %expanded_45 = tensor.expand_shape %43 [[0, 1], [2]] output_shape [5, 2, 8] : tensor<10x8xf32> into tensor<5x2x8xf32>
    %44 = tensor.empty() : tensor<2x5x8xf32>
    %transposed_46 = linalg.transpose ins(%expanded_45 : tensor<5x2x8xf32>) outs(%44 : tensor<2x5x8xf32>) permutation = [1, 0, 2] 
    %45 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0, %transposed_46 : tensor<2x5x8xf32>, tensor<2x5x8xf32>) outs(%44 : tensor<2x5x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.addf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x8xf32>
    %46 = tensor.empty() : tensor<2x5x8xf64>
    %47 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%45 : tensor<2x5x8xf32>) outs(%46 : tensor<2x5x8xf64>) {
    ^bb0(%in: f32, %out: f64):
      %96 = arith.extf %in : f32 to f64
      linalg.yield %96 : f64
    } -> tensor<2x5x8xf64>
    %48 = tensor.empty() : tensor<2x5x1xf64>
    %49 = linalg.fill ins(%cst_1 : f64) outs(%48 : tensor<2x5x1xf64>) -> tensor<2x5x1xf64>
    %50 = linalg.generic {indexing_maps = [#map1, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%47 : tensor<2x5x8xf64>) outs(%49 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %96 = arith.addf %in, %out : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x1xf64>
    %51 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%50 : tensor<2x5x1xf64>) outs(%48 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %96 = arith.divf %in, %cst_18 : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x1xf64>
    %52 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%47, %51 : tensor<2x5x8xf64>, tensor<2x5x1xf64>) outs(%46 : tensor<2x5x8xf64>) {
    ^bb0(%in: f64, %in_53: f64, %out: f64):
      %96 = arith.subf %in, %in_53 : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x8xf64>
    %53 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%52, %52 : tensor<2x5x8xf64>, tensor<2x5x8xf64>) outs(%46 : tensor<2x5x8xf64>) {
    ^bb0(%in: f64, %in_53: f64, %out: f64):
      %96 = arith.mulf %in, %in_53 : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x8xf64>
    %54 = linalg.generic {indexing_maps = [#map1, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%53 : tensor<2x5x8xf64>) outs(%49 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %96 = arith.addf %in, %out : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x1xf64>
    %55 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%54 : tensor<2x5x1xf64>) outs(%48 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %96 = arith.divf %in, %cst_18 : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x1xf64>
    %56 = tensor.empty() : tensor<2x5x1xf32>
    %57 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%55 : tensor<2x5x1xf64>) outs(%56 : tensor<2x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %96 = arith.truncf %in : f64 to f32
      linalg.yield %96 : f32
    } -> tensor<2x5x1xf32>
    %58 = linalg.fill ins(%cst : f32) outs(%56 : tensor<2x5x1xf32>) -> tensor<2x5x1xf32>
    %59 = linalg.generic {indexing_maps = [#map1, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%45 : tensor<2x5x8xf32>) outs(%58 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = arith.addf %in, %out : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x1xf32>
    %60 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%59 : tensor<2x5x1xf32>) outs(%56 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = arith.divf %in, %cst_19 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x1xf32>
    %61 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%57 : tensor<2x5x1xf32>) outs(%56 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = arith.truncf %cst_11 : f64 to f32
      %97 = arith.addf %in, %96 : f32
      linalg.yield %97 : f32
    } -> tensor<2x5x1xf32>
    %62 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%61 : tensor<2x5x1xf32>) outs(%56 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = math.rsqrt %in : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x1xf32>
    %63 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%45, %60 : tensor<2x5x8xf32>, tensor<2x5x1xf32>) outs(%44 : tensor<2x5x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.subf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x8xf32>
    %64 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%63, %62 : tensor<2x5x8xf32>, tensor<2x5x1xf32>) outs(%44 : tensor<2x5x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.mulf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x8xf32>
    %65 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%64, %cst_10 : tensor<2x5x8xf32>, tensor<8xf32>) outs(%44 : tensor<2x5x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.mulf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x8xf32>
    %66 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%65, %cst_9 : tensor<2x5x8xf32>, tensor<8xf32>) outs(%44 : tensor<2x5x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.addf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x8xf32>
    %collapsed_47 = tensor.collapse_shape %66 [[0, 1], [2]] : tensor<2x5x8xf32> into tensor<10x8xf32>
    %67 = tensor.empty() : tensor<8x16xf32>
    %transposed_48 = linalg.transpose ins(%cst_8 : tensor<16x8xf32>) outs(%67 : tensor<8x16xf32>) permutation = [1, 0] 
    %68 = tensor.empty() : tensor<10x16xf32>
    %69 = linalg.fill ins(%cst : f32) outs(%68 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %70 = linalg.matmul ins(%collapsed_47, %transposed_48 : tensor<10x8xf32>, tensor<8x16xf32>) outs(%69 : tensor<10x16xf32>) -> tensor<10x16xf32>
    %71 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_7 : tensor<16xf32>) outs(%68 : tensor<10x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<10x16xf32>
    %72 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%70, %71 : tensor<10x16xf32>, tensor<10x16xf32>) outs(%68 : tensor<10x16xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.addf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<10x16xf32>
    %expanded_49 = tensor.expand_shape %72 [[0, 1], [2]] output_shape [2, 5, 16] : tensor<10x16xf32> into tensor<2x5x16xf32>
    %73 = tensor.empty() : tensor<2x5x16xf32>
    %74 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded_49 : tensor<2x5x16xf32>) outs(%73 : tensor<2x5x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = arith.cmpf ugt, %in, %cst : f32
      %97 = arith.select %96, %in, %cst : f32
      linalg.yield %97 : f32
    } -> tensor<2x5x16xf32>
    %collapsed_50 = tensor.collapse_shape %74 [[0, 1], [2]] : tensor<2x5x16xf32> into tensor<10x16xf32>
    %75 = tensor.empty() : tensor<16x8xf32>
    %transposed_51 = linalg.transpose ins(%cst_6 : tensor<8x16xf32>) outs(%75 : tensor<16x8xf32>) permutation = [1, 0] 
    %76 = linalg.matmul ins(%collapsed_50, %transposed_51 : tensor<10x16xf32>, tensor<16x8xf32>) outs(%40 : tensor<10x8xf32>) -> tensor<10x8xf32>
    %77 = linalg.generic {indexing_maps = [#map6, #map7], iterator_types = ["parallel", "parallel"]} ins(%cst_5 : tensor<8xf32>) outs(%39 : tensor<10x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<10x8xf32>
    %78 = linalg.generic {indexing_maps = [#map7, #map7, #map7], iterator_types = ["parallel", "parallel"]} ins(%76, %77 : tensor<10x8xf32>, tensor<10x8xf32>) outs(%39 : tensor<10x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.addf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<10x8xf32>
    %expanded_52 = tensor.expand_shape %78 [[0, 1], [2]] output_shape [2, 5, 8] : tensor<10x8xf32> into tensor<2x5x8xf32>
    %79 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%66, %expanded_52 : tensor<2x5x8xf32>, tensor<2x5x8xf32>) outs(%44 : tensor<2x5x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.addf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x8xf32>
    %80 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%79 : tensor<2x5x8xf32>) outs(%46 : tensor<2x5x8xf64>) {
    ^bb0(%in: f32, %out: f64):
      %96 = arith.extf %in : f32 to f64
      linalg.yield %96 : f64
    } -> tensor<2x5x8xf64>
    %81 = linalg.generic {indexing_maps = [#map1, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%80 : tensor<2x5x8xf64>) outs(%49 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %96 = arith.addf %in, %out : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x1xf64>
    %82 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%81 : tensor<2x5x1xf64>) outs(%48 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %96 = arith.divf %in, %cst_18 : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x1xf64>
    %83 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%80, %82 : tensor<2x5x8xf64>, tensor<2x5x1xf64>) outs(%46 : tensor<2x5x8xf64>) {
    ^bb0(%in: f64, %in_53: f64, %out: f64):
      %96 = arith.subf %in, %in_53 : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x8xf64>
    %84 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%83, %83 : tensor<2x5x8xf64>, tensor<2x5x8xf64>) outs(%46 : tensor<2x5x8xf64>) {
    ^bb0(%in: f64, %in_53: f64, %out: f64):
      %96 = arith.mulf %in, %in_53 : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x8xf64>
    %85 = linalg.generic {indexing_maps = [#map1, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%84 : tensor<2x5x8xf64>) outs(%49 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %96 = arith.addf %in, %out : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x1xf64>
    %86 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%85 : tensor<2x5x1xf64>) outs(%48 : tensor<2x5x1xf64>) {
    ^bb0(%in: f64, %out: f64):
      %96 = arith.divf %in, %cst_18 : f64
      linalg.yield %96 : f64
    } -> tensor<2x5x1xf64>
    %87 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%86 : tensor<2x5x1xf64>) outs(%56 : tensor<2x5x1xf32>) {
    ^bb0(%in: f64, %out: f32):
      %96 = arith.truncf %in : f64 to f32
      linalg.yield %96 : f32
    } -> tensor<2x5x1xf32>
    %88 = linalg.generic {indexing_maps = [#map1, #map8], iterator_types = ["parallel", "parallel", "reduction"]} ins(%79 : tensor<2x5x8xf32>) outs(%58 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = arith.addf %in, %out : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x1xf32>
    %89 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%88 : tensor<2x5x1xf32>) outs(%56 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = arith.divf %in, %cst_19 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x1xf32>
    %90 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%87 : tensor<2x5x1xf32>) outs(%56 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = arith.truncf %cst_11 : f64 to f32
      %97 = arith.addf %in, %96 : f32
      linalg.yield %97 : f32
    } -> tensor<2x5x1xf32>
    %91 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%90 : tensor<2x5x1xf32>) outs(%56 : tensor<2x5x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %96 = math.rsqrt %in : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x1xf32>
    %92 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%79, %89 : tensor<2x5x8xf32>, tensor<2x5x1xf32>) outs(%44 : tensor<2x5x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.subf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x8xf32>
    %93 = linalg.generic {indexing_maps = [#map1, #map8, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%92, %91 : tensor<2x5x8xf32>, tensor<2x5x1xf32>) outs(%44 : tensor<2x5x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.mulf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x8xf32>
    %94 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%93, %cst_4 : tensor<2x5x8xf32>, tensor<8xf32>) outs(%44 : tensor<2x5x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.mulf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x8xf32>
    %95 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%94, %cst_3 : tensor<2x5x8xf32>, tensor<8xf32>) outs(%44 : tensor<2x5x8xf32>) {
    ^bb0(%in: f32, %in_53: f32, %out: f32):
      %96 = arith.addf %in, %in_53 : f32
      linalg.yield %96 : f32
    } -> tensor<2x5x8xf32>
    return %95 : tensor<2x5x8xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_8_torch.float32_5: "0x040000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_8_torch.float32_4: "0x040000000000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F",
      torch_tensor_8_torch.float32_3: "0x0400000090C790BCFC416CBECA6A33BEB880B63D301CACBDB8FACB3D52725DBEACEF0F3E",
      torch_tensor_8_16_torch.float32: "0x04000000AC9F17BEFE8C413E30C0F0BC20D8DA3D52F15BBEEEDE423E781A6ABE309E543D86F6583EE0BDE83DAC695CBE601CFFBD543CC23D7080003EAA86123EE046B23C74647E3E12356B3E08D411BE1C01F43D1861BA3DBC717E3E40F8513DFAC93CBE5C381F3E5098EC3CB86E20BE14D67EBE2C571CBE0A93013E96A6523E5C7DE33D64670CBED84C39BE5040583EE0FB3C3E0E0B13BEC02FB03BC0B033BE30BE71BE4A8C3A3E20EE05BC98384DBE405CE43CD238483E20EE60BDA48286BD30857DBD4CCDE9BD00F1F43D38D9F0BD42B971BE7A12123E1C67C8BDC0AF4C3C48212E3DC8703EBDB04431BDE64A10BE143535BE763C7B3E26836EBE009C2A3ED6BE493E4A313F3E82A1063EBE9A70BEDEF75CBE205322BDA09D1F3DB0F10FBE765B03BE1850C83DB681273E60ACAC3D90D2AC3DC29140BE54E5A33D50F68FBD22CF6CBE148C723EF43B863DF20A53BEC0B92DBD041A7B3E8A8A3DBE2A9442BE08BD6C3E1016B0BC50CA843C10E5383E2828F23DD8F07C3D7C211B3E70F677BD4086D23BD400303E80D04DBBD050F9BC581D733DB81D403D8026233E1010B7BC704287BC9C76F73D98F82B3E8063453EBC809F3DC45273BEAE35063E5E7405BEB4D1F93D823018BE063D473E6E662F3E8A707F3E904437BDBCE37C3EEA0577BEA86B093D08E2053E3466253EE63B51BE0876733ECE99693EB4E0DDBD52F9613E10B1193D",
      torch_tensor_16_torch.float32: "0x0400000067BFAABEEF8D973D3159253EF65D8D3E3F3DDCBC6E4896BEE1DE2BBD12BEB03E682C94BE3561B9BCBD1452BE3F0DAF3B6EE134BEAF4A8BBEFA450E3ECE0A07BE",
      torch_tensor_16_8_torch.float32: "0x04000000AC13773D7589133E5A9CB23E9C74A73E72CB83BEFA22F93DC5A7953EFAC269BE2560F4BD41D3623EBC6B463E04F48B3EA711683D1D14E23D3EBEA93E4C79A5BEB1599CBE9451C2BC023C5A3E96901FBE746F0EBE5F15B43E36EA84BED05D0DBE46ACCD3D35ADDDBD3A486F3EFD7E603D177507BD55C087BDFF72283D4032DFBD9660A83E36F0BABDB911E7BA61BAA83E5A95833E2E40B33E9A2588BD92EE573E3CF277BEF9FEA3BED33DD73D23E50DBDAA5B58BED99E3BBD4821813E3FF393BEC95F8CBC9359693D2EEE5EBE9D5C47BEC40DF43D89787D3CB17C94BD8478403EF0E2333E0F7A343E203E48BE24BB22BEC417D03D49E0B5BDBE63A9BDCE2480BD36DFB23E3EBB6D3EC5BD8DBEB27393BEC0AC973E2BD494BE3E6187BEEC7CFB3C486F673D2F9DA53EF46AC13D97289BBE24AC7E3EEB0F68BE4D6C583EC6676F3BEAE8FABDD8DF7CBD21B5A43E32A1BABDBD41DFBDAA145E3E153B0E3E80D1463E66826B3E237292BE0346AF3DBDEE9ABE24C6793E14AA423E4013843ECC9D4C3E5D4A21BE1F501CBEF60E4E3ECDD4BCBDD4B998BE3B19103E50A79ABE8A7E89BC91C507BD033720BE1C4C4BBE136E31BEA370ACBEAF84B7BD303B93BEA3471CBEE1BB6ABDCDE5973E16B18ABE872CEBBDDEAEB7BCCD97643DC63A8B3E808E793E272E5A3EBF9D953E8F1EDF3D502D1BBE5BBBB6BB45F919BD7A139CBED9E2873D",
      torch_tensor_8_torch.float32_2: "0x040000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_8_torch.float32_1: "0x040000000000803F0000803F0000803F0000803F0000803F0000803F0000803F0000803F",
      torch_tensor_8_torch.float32: "0x040000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_8_8_torch.float32: "0x04000000590F41BE91BF6ABE47F05C3D0C1692BE74EFB03E76CC013E48ACE13D51A08FBD5C9672BD22969FBD7DB4483E0EF89D3ED92C373ED944AFBED59E0DBE15D33BBE8556963D90321DBE2C8A993E0939A83E34E421BE6DE7E7BD6C01253E65C37A3C8F6F15BE774D9CBE4C7280BD71B5BDBDFEFDA7BD5F6A82BE7B00663E07767DBE888BCC3D9F94D33D665D213E60116A3E0417A3BE7EEE373E364102BC207AED3CAC5E1A3EFDE7AEBD224AC23D5F2358BE727D463D6082ABBE2DC6993EEA24A9BE0C62CEBCD695823E7F652EBE2EE544BDFA90833E68370B3E3D00FD3CDD2E18BE4DA3ABBE93DC983EA22D003E2018793DB19F363EBA9E6D3E74D5B33E0AE26C3E",
      torch_tensor_24_torch.float32: "0x04000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
      torch_tensor_24_8_torch.float32: "0x040000002C361C3E297F583E6E7F173EA2C7C5BD2FC3DABDE21EB1BE02B2573E11CBC3BEBC6D49BE534B703E3C5A1F3DCE574C3E9F822BBE889F3C3E9B30073EC0E1D23E30EA9CBEDFCD873E99D4073E1689353D36DE703EE4124DBE394E933E980EA3BE976EE63D442BBE3EC5BA0D3E7C1D993E4FE1893EB4AF6DBE113A213E8DFEAABE24B86C3E3D84D73E0C466D3D1CA9CB3C44BEB13E5B12A7BE462EDBBD51E80A3EFAAABBBDF62E77BC145F7C3E58B22A3E5F9121BCF1E3113D7E0DAE3EA29DEF3D973AB23E121A4CBDBF71AF3E4FAADCBE8221CD3C28E2EFBDCD97F43CBCA5CB3ED0DA123C6577313E13739C3B82D3343E1E47C1BE650698BDE60DD2BEEE2C0ABEE7E1D3BD6ABF683D53A8673E843895BDFE16A53EB50B873E7141B6BEDF3462BEACB6B2BEC1449BBEBA8303BE8C3E973EAA5BD7BEEC8893BEBAF020BCD57CD13EF161573D719A31BECB13A0BEFB18B03EFB41643C7AA0B23E84903FBED898743E7D290CBEA6BFCF3D39FA133DF4BC063E06CBB73EE2A5913EB8D484BEC921863EE91ED0BD4E47833E2CD7B1BE7EFC9F3E1D0A4B3ECD671B3EC513C23CB3908A3D659F413DB286883EC10C583E14818C3E920BBC3E63F8573EF699963D3E3F9D3EF7D2DCBE84FE8E3DEB5B0EBED4B0BA3E6B5C923EAEEC13BE84230B3E8726853ED51F05BE31E7C43E7F475EBD48A848BE43C782BE1534DCBE8495ACBE4216043E7DA6DB3C1700BC3DEFEB10BDECCEBF3E972FB93ECDAF78BDD15FC63E58C9873EC73B3CBEC526AE3CCD183FBDEE2AB03EED98173E22B9B43C43C9A8BEC4716A3E7A218C3E9074A33D8F2289BDDFA9683D588B2FBE1823963E47131D3EC70EC0BECBBB67BE44EF893E602ACEBD4AC3DABE034180BEEBFEB2BEBAD73E3EB2A297BDCBB9C3BE577746BE86B931BE1FEC51BCE52F853ECBEBD5BDD273973E4ABE273ED57F84BC9F7B833EA7BA963DE02552BD85E1A73EA8F1BCBEDC261DBE744E98BEEC07D83D7E77C53EA2CAC93D1D601B3CF9BAF23D73363FBE14658F3EE4E29E3E00EB253E1DD7953E2E2D9FBE4B938F3EBD9858BD51EFA03D8E6B93BEF19DA2BE"
    }
  }
#-}
