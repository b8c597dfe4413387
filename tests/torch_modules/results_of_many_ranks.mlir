#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> ()>
#map2 = affine_map<(d0, d1) -> (d1)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map4 = affine_map<(d0, d1) -> (d0)>
module {
  func.func @main(%arg0: tensor<3x5xf32>) -> (tensor<f32>, tensor<5xf32>, tensor<1x3x5xf32>, tensor<3xi64>, tensor<3x5xi1>) {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant 0x7F800000 : f32
    %cst_2 = arith.constant 2.000000e+00 : f32
    %0 = tensor.empty() : tensor<f32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<f32>) -> tensor<f32>
    %2 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction", "reduction"]} ins(%arg0 : tensor<3x5xf32>) outs(%1 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %17 = arith.addf %in, %out : f32
      linalg.yield %17 : f32
    } -> tensor<f32>
    %3 = tensor.empty() : tensor<5xi64>
    %4 = linalg.fill ins(%c0_i64 : i64) outs(%3 : tensor<5xi64>) -> tensor<5xi64>
    %5 = tensor.empty() : tensor<5xf32>
    %6 = linalg.fill ins(%cst_0 : f32) outs(%5 : tensor<5xf32>) -> tensor<5xf32>
    %7:2 = linalg.generic {indexing_maps = [#map, #map2, #map2], iterator_types = ["reduction", "parallel"]} ins(%arg0 : tensor<3x5xf32>) outs(%6, %4 : tensor<5xf32>, tensor<5xi64>) {
    ^bb0(%in: f32, %out: f32, %out_3: i64):
      %17 = linalg.index 0 : index
      %18 = arith.index_cast %17 : index to i64
      %19 = arith.maximumf %in, %out : f32
      %20 = arith.cmpf ogt, %in, %out : f32
      %21 = arith.select %20, %18, %out_3 : i64
      linalg.yield %19, %21 : f32, i64
    } -> (tensor<5xf32>, tensor<5xi64>)
    %expanded = tensor.expand_shape %arg0 [[0, 1], [2]] output_shape [1, 3, 5] : tensor<3x5xf32> into tensor<1x3x5xf32>
    %8 = tensor.empty() : tensor<1x3x5xf32>
    %9 = linalg.generic {indexing_maps = [#map3, #map3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded : tensor<1x3x5xf32>) outs(%8 : tensor<1x3x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      %17 = arith.mulf %in, %cst_2 : f32
      linalg.yield %17 : f32
    } -> tensor<1x3x5xf32>
    %10 = tensor.empty() : tensor<3xi64>
    %11 = linalg.fill ins(%c0_i64 : i64) outs(%10 : tensor<3xi64>) -> tensor<3xi64>
    %12 = tensor.empty() : tensor<3xf32>
    %13 = linalg.fill ins(%cst_1 : f32) outs(%12 : tensor<3xf32>) -> tensor<3xf32>
    %14:2 = linalg.generic {indexing_maps = [#map, #map4, #map4], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<3x5xf32>) outs(%13, %11 : tensor<3xf32>, tensor<3xi64>) {
    ^bb0(%in: f32, %out: f32, %out_3: i64):
      %17 = linalg.index 1 : index
      %18 = arith.index_cast %17 : index to i64
      %19 = arith.minimumf %in, %out : f32
      %20 = arith.cmpf olt, %in, %out : f32
      %21 = arith.select %20, %18, %out_3 : i64
      linalg.yield %19, %21 : f32, i64
    } -> (tensor<3xf32>, tensor<3xi64>)
    %15 = tensor.empty() : tensor<3x5xi1>
    %16 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<3x5xf32>) outs(%15 : tensor<3x5xi1>) {
    ^bb0(%in: f32, %out: i1):
      %17 = arith.cmpf ogt, %in, %cst : f32
      linalg.yield %17 : i1
    } -> tensor<3x5xi1>
    return %2, %7#0, %9, %14#1, %16 : tensor<f32>, tensor<5xf32>, tensor<1x3x5xf32>, tensor<3xi64>, tensor<3x5xi1>
  }
}
