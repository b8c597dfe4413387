#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<3x5x2xf32>, %arg1: tensor<3x5x2xf32>) -> tensor<3x5x2xf32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %0 = tensor.empty() : tensor<3x5xcomplex<f32>>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%0 : tensor<3x5xcomplex<f32>>) {
    ^bb0(%out: complex<f32>):
      %6 = linalg.index 0 : index
      %7 = linalg.index 1 : index
      %extracted = tensor.extract %arg0[%6, %7, %c0] : tensor<3x5x2xf32>
      %extracted_0 = tensor.extract %arg0[%6, %7, %c1] : tensor<3x5x2xf32>
      %8 = complex.create %extracted, %extracted_0 : complex<f32>
      linalg.yield %8 : complex<f32>
    } -> tensor<3x5xcomplex<f32>>
    %2 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel"]} outs(%0 : tensor<3x5xcomplex<f32>>) {
    ^bb0(%out: complex<f32>):
      %6 = linalg.index 0 : index
      %7 = linalg.index 1 : index
      %extracted = tensor.extract %arg1[%6, %7, %c0] : tensor<3x5x2xf32>
      %extracted_0 = tensor.extract %arg1[%6, %7, %c1] : tensor<3x5x2xf32>
      %8 = complex.create %extracted, %extracted_0 : complex<f32>
      linalg.yield %8 : complex<f32>
    } -> tensor<3x5xcomplex<f32>>
    %3 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %2 : tensor<3x5xcomplex<f32>>, tensor<3x5xcomplex<f32>>) outs(%0 : tensor<3x5xcomplex<f32>>) {
    ^bb0(%in: complex<f32>, %in_0: complex<f32>, %out: complex<f32>):
      %6 = complex.mul %in, %in_0 : complex<f32>
      linalg.yield %6 : complex<f32>
    } -> tensor<3x5xcomplex<f32>>
    %4 = tensor.empty() : tensor<3x5x2xf32>
    %5 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3 : tensor<3x5xcomplex<f32>>) outs(%4 : tensor<3x5x2xf32>) {
    ^bb0(%in: complex<f32>, %out: f32):
      %6 = complex.re %in : complex<f32>
      %7 = complex.im %in : complex<f32>
      %8 = linalg.index 2 : index
      %9 = arith.cmpi eq, %8, %c0 : index
      %10 = arith.select %9, %6, %7 : f32
      linalg.yield %10 : f32
    } -> tensor<3x5x2xf32>
    return %5 : tensor<3x5x2xf32>
  }
}
