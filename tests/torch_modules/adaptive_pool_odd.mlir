#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0) -> ()>
#map2 = affine_map<(d0, d1) -> (d0, 0)>
#map3 = affine_map<(d0, d1) -> (d1)>
#map4 = affine_map<(d0, d1) -> (d0, d1)>
#map5 = affine_map<(d0, d1, d2, d3, d4, d5) -> (0, 0, 0, 0, 0, 0)>
#map6 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d1, 0, 0, 0, 0)>
#map7 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d2, d3, 0, 0)>
#map8 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d4, d5)>
#map9 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
#map10 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d4)>
#map11 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
module {
  func.func @main(%arg0: tensor<1x2x7x5xf32>) -> tensor<1x2x3x2xf32> {
    %c5_i64 = arith.constant 5 : i64
    %c2_i64 = arith.constant 2 : i64
    %c7_i64 = arith.constant 7 : i64
    %c0_i64 = arith.constant 0 : i64
    %c1_i64 = arith.constant 1 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 9.000000e+00 : f32
    %cst_1 = arith.constant dense<2> : tensor<i64>
    %cst_2 = arith.constant dense<3> : tensor<i64>
    %0 = tensor.empty() : tensor<3xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<3xi64>) {
    ^bb0(%out: i64):
      %20 = linalg.index 0 : index
      %21 = arith.index_cast %20 : index to i64
      linalg.yield %21 : i64
    } -> tensor<3xi64>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%1 : tensor<3xi64>) outs(%0 : tensor<3xi64>) {
    ^bb0(%in: i64, %out: i64):
      %20 = arith.muli %in, %c7_i64 : i64
      linalg.yield %20 : i64
    } -> tensor<3xi64>
    %3 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel"]} ins(%2, %cst_2 : tensor<3xi64>, tensor<i64>) outs(%0 : tensor<3xi64>) {
    ^bb0(%in: i64, %in_7: i64, %out: i64):
      %20 = arith.divsi %in, %in_7 : i64
      linalg.yield %20 : i64
    } -> tensor<3xi64>
    %expanded = tensor.expand_shape %3 [[0, 1]] output_shape [3, 1] : tensor<3xi64> into tensor<3x1xi64>
    %4 = tensor.empty() : tensor<3x3xi64>
    %5 = linalg.generic {indexing_maps = [#map2, #map3, #map4], iterator_types = ["parallel", "parallel"]} ins(%expanded, %1 : tensor<3x1xi64>, tensor<3xi64>) outs(%4 : tensor<3x3xi64>) {
    ^bb0(%in: i64, %in_7: i64, %out: i64):
      %20 = arith.addi %in, %in_7 : i64
      linalg.yield %20 : i64
    } -> tensor<3x3xi64>
    %6 = tensor.empty() : tensor<2xi64>
    %7 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%6 : tensor<2xi64>) {
    ^bb0(%out: i64):
      %20 = linalg.index 0 : index
      %21 = arith.index_cast %20 : index to i64
      linalg.yield %21 : i64
    } -> tensor<2xi64>
    %8 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%7 : tensor<2xi64>) outs(%6 : tensor<2xi64>) {
    ^bb0(%in: i64, %out: i64):
      %20 = arith.muli %in, %c5_i64 : i64
      linalg.yield %20 : i64
    } -> tensor<2xi64>
    %9 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel"]} ins(%8, %cst_1 : tensor<2xi64>, tensor<i64>) outs(%6 : tensor<2xi64>) {
    ^bb0(%in: i64, %in_7: i64, %out: i64):
      %20 = arith.divsi %in, %in_7 : i64
      linalg.yield %20 : i64
    } -> tensor<2xi64>
    %expanded_3 = tensor.expand_shape %9 [[0, 1]] output_shape [2, 1] : tensor<2xi64> into tensor<2x1xi64>
    %10 = tensor.empty() : tensor<2x3xi64>
    %11 = linalg.generic {indexing_maps = [#map2, #map3, #map4], iterator_types = ["parallel", "parallel"]} ins(%expanded_3, %1 : tensor<2x1xi64>, tensor<3xi64>) outs(%10 : tensor<2x3xi64>) {
    ^bb0(%in: i64, %in_7: i64, %out: i64):
      %20 = arith.addi %in, %in_7 : i64
      linalg.yield %20 : i64
    } -> tensor<2x3xi64>
    %expanded_4 = tensor.expand_shape %5 [[0], [1, 2, 3]] output_shape [3, 3, 1, 1] : tensor<3x3xi64> into tensor<3x3x1x1xi64>
    %expanded_5 = tensor.expand_shape %7 [[0, 1, 2, 3, 4]] output_shape [2, 1, 1, 1, 1] : tensor<2xi64> into tensor<2x1x1x1x1xi64>
    %12 = tensor.empty() : tensor<1xi64>
    %13 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%12 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %expanded_6 = tensor.expand_shape %13 [[0, 1, 2, 3, 4, 5]] output_shape [1, 1, 1, 1, 1, 1] : tensor<1xi64> into tensor<1x1x1x1x1x1xi64>
    %14 = tensor.empty() : tensor<1x2x3x3x2x3xf32>
    %15 = linalg.generic {indexing_maps = [#map5, #map6, #map7, #map8, #map9], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%expanded_6, %expanded_5, %expanded_4, %11 : tensor<1x1x1x1x1x1xi64>, tensor<2x1x1x1x1xi64>, tensor<3x3x1x1xi64>, tensor<2x3xi64>) outs(%14 : tensor<1x2x3x3x2x3xf32>) {
    ^bb0(%in: i64, %in_7: i64, %in_8: i64, %in_9: i64, %out: f32):
      %20 = arith.cmpi slt, %in, %c0_i64 : i64
      %21 = arith.addi %in, %c1_i64 : i64
      %22 = arith.select %20, %21, %in : i64
      %23 = arith.index_cast %22 : i64 to index
      %24 = arith.cmpi slt, %in_7, %c0_i64 : i64
      %25 = arith.addi %in_7, %c2_i64 : i64
      %26 = arith.select %24, %25, %in_7 : i64
      %27 = arith.index_cast %26 : i64 to index
      %28 = arith.cmpi slt, %in_8, %c0_i64 : i64
      %29 = arith.addi %in_8, %c7_i64 : i64
      %30 = arith.select %28, %29, %in_8 : i64
      %31 = arith.index_cast %30 : i64 to index
      %32 = arith.cmpi slt, %in_9, %c0_i64 : i64
      %33 = arith.addi %in_9, %c5_i64 : i64
      %34 = arith.select %32, %33, %in_9 : i64
      %35 = arith.index_cast %34 : i64 to index
      %extracted = tensor.extract %arg0[%23, %27, %31, %35] : tensor<1x2x7x5xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x2x3x3x2x3xf32>
    %16 = tensor.empty() : tensor<1x2x3x2xf32>
    %17 = linalg.fill ins(%cst : f32) outs(%16 : tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
    %18 = linalg.generic {indexing_maps = [#map9, #map10], iterator_types = ["parallel", "parallel", "parallel", "reduction", "parallel", "reduction"]} ins(%15 : tensor<1x2x3x3x2x3xf32>) outs(%17 : tensor<1x2x3x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %20 = arith.addf %in, %out : f32
      linalg.yield %20 : f32
    } -> tensor<1x2x3x2xf32>
    %19 = linalg.generic {indexing_maps = [#map11, #map11], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%18 : tensor<1x2x3x2xf32>) outs(%16 : tensor<1x2x3x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %20 = arith.divf %in, %cst_0 : f32
      linalg.yield %20 : f32
    } -> tensor<1x2x3x2xf32>
    return %19 : tensor<1x2x3x2xf32>
  }
}
