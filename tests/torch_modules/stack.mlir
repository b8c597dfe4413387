#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<3x5x7xf32>) -> tensor<2x3x5x7xf32> {
    %0 = tensor.empty() : tensor<3x5x7xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<3x5x7xf32>) outs(%0 : tensor<3x5x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.negf %in : f32
      linalg.yield %2 : f32
    } -> tensor<3x5x7xf32>
    %concat = tensor.concat dim(0) %arg0, %1 : (tensor<3x5x7xf32>, tensor<3x5x7xf32>) -> tensor<6x5x7xf32>
    %expanded = tensor.expand_shape %concat [[0, 1], [2], [3]] output_shape [2, 3, 5, 7] : tensor<6x5x7xf32> into tensor<2x3x5x7xf32>
    return %expanded : tensor<2x3x5x7xf32>
  }
}
