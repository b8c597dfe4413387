#map = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<2x5x9xf32>) -> tensor<2x5x9xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = tensor.empty() : tensor<2x5x9xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x5x9xf32>) outs(%0 : tensor<2x5x9xf32>) {
    ^bb0(%in: f32, %out: f32):
      %5 = math.expm1 %in : f32
      linalg.yield %5 : f32
    } -> tensor<2x5x9xf32>
    %2 = tensor.empty() : tensor<2x5x9xi1>
    %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x5x9xf32>) outs(%2 : tensor<2x5x9xi1>) {
    ^bb0(%in: f32, %out: i1):
      %5 = arith.cmpf ogt, %in, %cst : f32
      linalg.yield %5 : i1
    } -> tensor<2x5x9xi1>
    %4 = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel", "parallel", "parallel"]} ins(%3, %arg0, %1 : tensor<2x5x9xi1>, tensor<2x5x9xf32>, tensor<2x5x9xf32>) outs(%0 : tensor<2x5x9xf32>) {
    ^bb0(%in: i1, %in_0: f32, %in_1: f32, %out: f32):
      %5 = arith.select %in, %in_0, %in_1 : f32
      linalg.yield %5 : f32
    } -> tensor<2x5x9xf32>
    return %4 : tensor<2x5x9xf32>
  }
}
