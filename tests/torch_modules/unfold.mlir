#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1) -> (0, d1)>
#map2 = affine_map<(d0, d1) -> (d0, 0)>
#map3 = affine_map<(d0, d1) -> (d0, d1)>
#map4 = affine_map<(d0, d1, d2, d3, d4, d5) -> (0, 0, 0, 0, 0, 0)>
#map5 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d1, 0, 0, 0, 0)>
#map6 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d2, d3, 0, 0)>
#map7 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d4, d5)>
#map8 = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d3, d4, d5)>
module {
  func.func @main(%arg0: tensor<1x2x6x6xf32>) -> tensor<1x18x9xf32> {
    %c1_i64 = arith.constant 1 : i64
    %c0_i64 = arith.constant 0 : i64
    %c2_i64 = arith.constant 2 : i64
    %c8_i64 = arith.constant 8 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<3xi64>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<3xi64>) {
    ^bb0(%out: i64):
      %11 = linalg.index 0 : index
      %12 = arith.index_cast %11 : index to i64
      %13 = arith.muli %12, %c2_i64 : i64
      linalg.yield %13 : i64
    } -> tensor<3xi64>
    %expanded = tensor.expand_shape %1 [[0, 1]] output_shape [1, 3] : tensor<3xi64> into tensor<1x3xi64>
    %2 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%0 : tensor<3xi64>) {
    ^bb0(%out: i64):
      %11 = linalg.index 0 : index
      %12 = arith.index_cast %11 : index to i64
      linalg.yield %12 : i64
    } -> tensor<3xi64>
    %expanded_0 = tensor.expand_shape %2 [[0, 1]] output_shape [3, 1] : tensor<3xi64> into tensor<3x1xi64>
    %3 = tensor.empty() : tensor<3x3xi64>
    %4 = linalg.generic {indexing_maps = [#map1, #map2, #map3], iterator_types = ["parallel", "parallel"]} ins(%expanded, %expanded_0 : tensor<1x3xi64>, tensor<3x1xi64>) outs(%3 : tensor<3x3xi64>) {
    ^bb0(%in: i64, %in_4: i64, %out: i64):
      %11 = arith.addi %in, %in_4 : i64
      linalg.yield %11 : i64
    } -> tensor<3x3xi64>
    %padded = tensor.pad %arg0 low[0, 0, 1, 1] high[0, 0, 1, 1] {
    ^bb0(%arg1: index, %arg2: index, %arg3: index, %arg4: index):
      tensor.yield %cst : f32
    } : tensor<1x2x6x6xf32> to tensor<1x2x8x8xf32>
    %expanded_1 = tensor.expand_shape %4 [[0], [1, 2, 3]] output_shape [3, 3, 1, 1] : tensor<3x3xi64> into tensor<3x3x1x1xi64>
    %5 = tensor.empty() : tensor<2xi64>
    %6 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%5 : tensor<2xi64>) {
    ^bb0(%out: i64):
      %11 = linalg.index 0 : index
      %12 = arith.index_cast %11 : index to i64
      linalg.yield %12 : i64
    } -> tensor<2xi64>
    %expanded_2 = tensor.expand_shape %6 [[0, 1, 2, 3, 4]] output_shape [2, 1, 1, 1, 1] : tensor<2xi64> into tensor<2x1x1x1x1xi64>
    %7 = tensor.empty() : tensor<1xi64>
    %8 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%7 : tensor<1xi64>) {
    ^bb0(%out: i64):
      linalg.yield %c0_i64 : i64
    } -> tensor<1xi64>
    %expanded_3 = tensor.expand_shape %8 [[0, 1, 2, 3, 4, 5]] output_shape [1, 1, 1, 1, 1, 1] : tensor<1xi64> into tensor<1x1x1x1x1x1xi64>
    %9 = tensor.empty() : tensor<1x2x3x3x3x3xf32>
    %10 = linalg.generic {indexing_maps = [#map4, #map5, #map6, #map7, #map8], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%expanded_3, %expanded_2, %expanded_1, %4 : tensor<1x1x1x1x1x1xi64>, tensor<2x1x1x1x1xi64>, tensor<3x3x1x1xi64>, tensor<3x3xi64>) outs(%9 : tensor<1x2x3x3x3x3xf32>) {
    ^bb0(%in: i64, %in_4: i64, %in_5: i64, %in_6: i64, %out: f32):
      %11 = arith.cmpi slt, %in, %c0_i64 : i64
      %12 = arith.addi %in, %c1_i64 : i64
      %13 = arith.select %11, %12, %in : i64
      %14 = arith.index_cast %13 : i64 to index
      %15 = arith.cmpi slt, %in_4, %c0_i64 : i64
      %16 = arith.addi %in_4, %c2_i64 : i64
      %17 = arith.select %15, %16, %in_4 : i64
      %18 = arith.index_cast %17 : i64 to index
      %19 = arith.cmpi slt, %in_5, %c0_i64 : i64
      %20 = arith.addi %in_5, %c8_i64 : i64
      %21 = arith.select %19, %20, %in_5 : i64
      %22 = arith.index_cast %21 : i64 to index
      %23 = arith.cmpi slt, %in_6, %c0_i64 : i64
      %24 = arith.addi %in_6, %c8_i64 : i64
      %25 = arith.select %23, %24, %in_6 : i64
      %26 = arith.index_cast %25 : i64 to index
      %extracted = tensor.extract %padded[%14, %18, %22, %26] : tensor<1x2x8x8xf32>
      linalg.yield %extracted : f32
    } -> tensor<1x2x3x3x3x3xf32>
    %transposed = linalg.transpose ins(%10 : tensor<1x2x3x3x3x3xf32>) outs(%9 : tensor<1x2x3x3x3x3xf32>) permutation = [0, 1, 2, 4, 3, 5] 
    %collapsed = tensor.collapse_shape %transposed [[0], [1, 2, 3], [4, 5]] : tensor<1x2x3x3x3x3xf32> into tensor<1x18x9xf32>
    return %collapsed : tensor<1x18x9xf32>
  }
}
