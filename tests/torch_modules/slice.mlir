#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<3x5x7xf32>) -> tensor<3x3x4xf32> {
    %cst = arith.constant 2.000000e+00 : f32
    %extracted_slice = tensor.extract_slice %arg0[0, 1, 0] [3, 3, 7] [1, 1, 1] : tensor<3x5x7xf32> to tensor<3x3x7xf32>
    %extracted_slice_0 = tensor.extract_slice %extracted_slice[0, 0, 0] [3, 3, 4] [1, 1, 2] : tensor<3x3x7xf32> to tensor<3x3x4xf32>
    %0 = tensor.empty() : tensor<3x3x4xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%extracted_slice_0 : tensor<3x3x4xf32>) outs(%0 : tensor<3x3x4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.mulf %in, %cst : f32
      linalg.yield %2 : f32
    } -> tensor<3x3x4xf32>
    return %1 : tensor<3x3x4xf32>
  }
}
