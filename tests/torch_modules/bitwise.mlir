#map = affine_map<(d0, d1) -> (d0, d1)>
module {
  func.func @main(%arg0: tensor<4x5xi32>, %arg1: tensor<4x5xi32>) -> (tensor<4x5xi32>, tensor<4x5xi32>, tensor<4x5xi32>, tensor<4x5xi32>) {
    %c-1_i32 = arith.constant -1 : i32
    %c2_i32 = arith.constant 2 : i32
    %c1_i32 = arith.constant 1 : i32
    %0 = tensor.empty() : tensor<4x5xi32>
    %1 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<4x5xi32>, tensor<4x5xi32>) outs(%0 : tensor<4x5xi32>) {
    ^bb0(%in: i32, %in_0: i32, %out: i32):
      %7 = arith.andi %in, %in_0 : i32
      linalg.yield %7 : i32
    } -> tensor<4x5xi32>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<4x5xi32>) outs(%0 : tensor<4x5xi32>) {
    ^bb0(%in: i32, %out: i32):
      %7 = arith.xori %in, %c-1_i32 : i32
      linalg.yield %7 : i32
    } -> tensor<4x5xi32>
    %3 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%1, %2 : tensor<4x5xi32>, tensor<4x5xi32>) outs(%0 : tensor<4x5xi32>) {
    ^bb0(%in: i32, %in_0: i32, %out: i32):
      %7 = arith.ori %in, %in_0 : i32
      linalg.yield %7 : i32
    } -> tensor<4x5xi32>
    %4 = linalg.generic {indexing_maps = [#map, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<4x5xi32>, tensor<4x5xi32>) outs(%0 : tensor<4x5xi32>) {
    ^bb0(%in: i32, %in_0: i32, %out: i32):
      %7 = arith.xori %in, %in_0 : i32
      linalg.yield %7 : i32
    } -> tensor<4x5xi32>
    %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<4x5xi32>) outs(%0 : tensor<4x5xi32>) {
    ^bb0(%in: i32, %out: i32):
      %7 = arith.shli %in, %c2_i32 : i32
      linalg.yield %7 : i32
    } -> tensor<4x5xi32>
    %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<4x5xi32>) outs(%0 : tensor<4x5xi32>) {
    ^bb0(%in: i32, %out: i32):
      %7 = arith.shrsi %in, %c1_i32 : i32
      linalg.yield %7 : i32
    } -> tensor<4x5xi32>
    return %3, %4, %5, %6 : tensor<4x5xi32>, tensor<4x5xi32>, tensor<4x5xi32>, tensor<4x5xi32>
  }
}
