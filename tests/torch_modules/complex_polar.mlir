#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map1 = affine_map<(d0, d1) -> (d0, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d1, d2)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
#map4 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
module {
  func.func @main(%arg0: tensor<3x6x4x2xf32>, %arg1: tensor<6x4xf32>) -> (tensor<3x6x4xcomplex<f32>>, tensor<3x6x4xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %cst = arith.constant dense<1.000000e+00> : tensor<6x4xf32>
    %0 = tensor.empty() : tensor<3x6x4xcomplex<f32>>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel"]} outs(%0 : tensor<3x6x4xcomplex<f32>>) {
    ^bb0(%out: complex<f32>):
      %9 = linalg.index 0 : index
      %10 = linalg.index 1 : index
      %11 = linalg.index 2 : index
      %extracted = tensor.extract %arg0[%9, %10, %11, %c0] : tensor<3x6x4x2xf32>
      %extracted_2 = tensor.extract %arg0[%9, %10, %11, %c1] : tensor<3x6x4x2xf32>
      %12 = complex.create %extracted, %extracted_2 : complex<f32>
      linalg.yield %12 : complex<f32>
    } -> tensor<3x6x4xcomplex<f32>>
    %2 = tensor.empty() : tensor<6x4xcomplex<f32>>
    %3 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%cst, %arg1 : tensor<6x4xf32>, tensor<6x4xf32>) outs(%2 : tensor<6x4xcomplex<f32>>) {
    ^bb0(%in: f32, %in_2: f32, %out: complex<f32>):
      %9 = math.cos %in_2 : f32
      %10 = math.sin %in_2 : f32
      %11 = arith.mulf %in, %9 : f32
      %12 = arith.mulf %in, %10 : f32
      %13 = complex.create %11, %12 : complex<f32>
      linalg.yield %13 : complex<f32>
    } -> tensor<6x4xcomplex<f32>>
    %4 = linalg.generic {indexing_maps = [#map, #map2, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1, %3 : tensor<3x6x4xcomplex<f32>>, tensor<6x4xcomplex<f32>>) outs(%0 : tensor<3x6x4xcomplex<f32>>) {
    ^bb0(%in: complex<f32>, %in_2: complex<f32>, %out: complex<f32>):
      %9 = complex.mul %in, %in_2 : complex<f32>
      linalg.yield %9 : complex<f32>
    } -> tensor<3x6x4xcomplex<f32>>
    %5 = tensor.empty() : tensor<3x6x4x2xf32>
    %6 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%4 : tensor<3x6x4xcomplex<f32>>) outs(%5 : tensor<3x6x4x2xf32>) {
    ^bb0(%in: complex<f32>, %out: f32):
      %9 = complex.re %in : complex<f32>
      %10 = complex.im %in : complex<f32>
      %11 = linalg.index 3 : index
      %12 = arith.cmpi eq, %11, %c0 : index
      %13 = arith.select %12, %9, %10 : f32
      linalg.yield %13 : f32
    } -> tensor<3x6x4x2xf32>
    %extracted_slice = tensor.extract_slice %6[0, 0, 0, 0] [3, 6, 4, 1] [1, 1, 1, 1] : tensor<3x6x4x2xf32> to tensor<3x6x4x1xf32>
    %collapsed = tensor.collapse_shape %extracted_slice [[0], [1], [2, 3]] : tensor<3x6x4x1xf32> into tensor<3x6x4xf32>
    %extracted_slice_0 = tensor.extract_slice %6[0, 0, 0, 1] [3, 6, 4, 1] [1, 1, 1, 1] : tensor<3x6x4x2xf32> to tensor<3x6x4x1xf32>
    %collapsed_1 = tensor.collapse_shape %extracted_slice_0 [[0], [1], [2, 3]] : tensor<3x6x4x1xf32> into tensor<3x6x4xf32>
    %7 = tensor.empty() : tensor<3x6x4xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%collapsed, %collapsed_1 : tensor<3x6x4xf32>, tensor<3x6x4xf32>) outs(%7 : tensor<3x6x4xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %9 = arith.addf %in, %in_2 : f32
      linalg.yield %9 : f32
    } -> tensor<3x6x4xf32>
    return %4, %8 : tensor<3x6x4xcomplex<f32>>, tensor<3x6x4xf32>
  }
}
