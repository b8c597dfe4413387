#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> (d1)>
module {
  func.func @main(%arg0: tensor<4x5xi64>, %arg1: tensor<5xi64>) -> (tensor<4x5xi64>, tensor<4x5xi64>, tensor<4x5xi64>) {
    %c0_i64 = arith.constant 0 : i64
    %0 = tensor.empty() : tensor<4x5xi64>
    %1 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<4x5xi64>, tensor<5xi64>) outs(%0 : tensor<4x5xi64>) {
    ^bb0(%in: i64, %in_0: i64, %out: i64):
      %4 = arith.sitofp %in : i64 to f64
      %5 = arith.sitofp %in_0 : i64 to f64
      %6 = arith.divf %4, %5 : f64
      %7 = math.floor %6 : f64
      %8 = arith.fptosi %7 : f64 to i64
      linalg.yield %8 : i64
    } -> tensor<4x5xi64>
    %2 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<4x5xi64>, tensor<5xi64>) outs(%0 : tensor<4x5xi64>) {
    ^bb0(%in: i64, %in_0: i64, %out: i64):
      %4 = arith.divsi %in, %in_0 : i64
      linalg.yield %4 : i64
    } -> tensor<4x5xi64>
    %3 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<4x5xi64>, tensor<5xi64>) outs(%0 : tensor<4x5xi64>) {
    ^bb0(%in: i64, %in_0: i64, %out: i64):
      %4 = arith.remsi %in, %in_0 : i64
      %5 = arith.cmpi ne, %4, %c0_i64 : i64
      %6 = arith.cmpi slt, %in_0, %c0_i64 : i64
      %7 = arith.cmpi slt, %4, %c0_i64 : i64
      %8 = arith.xori %6, %7 : i1
      %9 = arith.andi %5, %8 : i1
      %10 = arith.addi %4, %in_0 : i64
      %11 = arith.select %9, %10, %4 : i64
      linalg.yield %11 : i64
    } -> tensor<4x5xi64>
    return %1, %2, %3 : tensor<4x5xi64>, tensor<4x5xi64>, tensor<4x5xi64>
  }
}
