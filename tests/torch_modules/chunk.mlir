#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<3x5x7xf32>) -> tensor<1x5x7xf32> {
    %extracted_slice = tensor.extract_slice %arg0[2, 0, 0] [1, 5, 7] [1, 1, 1] : tensor<3x5x7xf32> to tensor<1x5x7xf32>
    %extracted_slice_0 = tensor.extract_slice %arg0[0, 0, 0] [1, 5, 7] [1, 1, 1] : tensor<3x5x7xf32> to tensor<1x5x7xf32>
    %0 = tensor.empty() : tensor<1x5x7xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%extracted_slice, %extracted_slice_0 : tensor<1x5x7xf32>, tensor<1x5x7xf32>) outs(%0 : tensor<1x5x7xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %2 = arith.addf %in, %in_1 : f32
      linalg.yield %2 : f32
    } -> tensor<1x5x7xf32>
    return %1 : tensor<1x5x7xf32>
  }
}
