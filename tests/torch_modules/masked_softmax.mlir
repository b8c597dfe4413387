#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1) -> ()>
#map2 = affine_map<(d0, d1) -> (d0)>
#map3 = affine_map<(d0, d1) -> (d0, 0)>
module {
  func.func @main(%arg0: tensor<4x6xf32>) -> tensor<4x6xf32> {
    %c0_i8 = arith.constant 0 : i8
    %true = arith.constant true
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0xFF800000 : f32
    %cst_0 = arith.constant 0.000000e+00 : f32
    %cst_1 = arith.constant dense<0xFF800000> : tensor<f32>
    %cst_2 = arith.constant dense_resource<torch_tensor_4_6_torch.uint8> : tensor<4x6xi8>
    %0 = tensor.empty() : tensor<4x6xi1>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%cst_2 : tensor<4x6xi8>) outs(%0 : tensor<4x6xi1>) {
    ^bb0(%in: i8, %out: i1):
      %16 = arith.cmpi ne, %in, %c0_i8 : i8
      linalg.yield %16 : i1
    } -> tensor<4x6xi1>
    %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%1 : tensor<4x6xi1>) outs(%0 : tensor<4x6xi1>) {
    ^bb0(%in: i1, %out: i1):
      %16 = arith.xori %in, %true : i1
      linalg.yield %16 : i1
    } -> tensor<4x6xi1>
    %3 = tensor.empty() : tensor<4x6xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1, #map, #map], iterator_types = ["parallel", "parallel"]} ins(%2, %cst_1, %arg0 : tensor<4x6xi1>, tensor<f32>, tensor<4x6xf32>) outs(%3 : tensor<4x6xf32>) {
    ^bb0(%in: i1, %in_3: f32, %in_4: f32, %out: f32):
      %16 = arith.select %in, %in_3, %in_4 : f32
      linalg.yield %16 : f32
    } -> tensor<4x6xf32>
    %5 = tensor.empty() : tensor<4xi64>
    %6 = linalg.fill ins(%c0_i64 : i64) outs(%5 : tensor<4xi64>) -> tensor<4xi64>
    %7 = tensor.empty() : tensor<4xf32>
    %8 = linalg.fill ins(%cst : f32) outs(%7 : tensor<4xf32>) -> tensor<4xf32>
    %9:2 = linalg.generic {indexing_maps = [#map, #map2, #map2], iterator_types = ["parallel", "reduction"]} ins(%4 : tensor<4x6xf32>) outs(%8, %6 : tensor<4xf32>, tensor<4xi64>) {
    ^bb0(%in: f32, %out: f32, %out_3: i64):
      %16 = linalg.index 1 : index
      %17 = arith.index_cast %16 : index to i64
      %18 = arith.maximumf %in, %out : f32
      %19 = arith.cmpf ogt, %in, %out : f32
      %20 = arith.select %19, %17, %out_3 : i64
      linalg.yield %18, %20 : f32, i64
    } -> (tensor<4xf32>, tensor<4xi64>)
    %expanded = tensor.expand_shape %9#0 [[0, 1]] output_shape [4, 1] : tensor<4xf32> into tensor<4x1xf32>
    %10 = linalg.generic {indexing_maps = [#map, #map3, #map], iterator_types = ["parallel", "parallel"]} ins(%4, %expanded : tensor<4x6xf32>, tensor<4x1xf32>) outs(%3 : tensor<4x6xf32>) {
    ^bb0(%in: f32, %in_3: f32, %out: f32):
      %16 = arith.subf %in, %in_3 : f32
      linalg.yield %16 : f32
    } -> tensor<4x6xf32>
    %11 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%10 : tensor<4x6xf32>) outs(%3 : tensor<4x6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %16 = math.exp %in : f32
      linalg.yield %16 : f32
    } -> tensor<4x6xf32>
    %12 = tensor.empty() : tensor<4x1xf32>
    %13 = linalg.fill ins(%cst_0 : f32) outs(%12 : tensor<4x1xf32>) -> tensor<4x1xf32>
    %14 = linalg.generic {indexing_maps = [#map, #map3], iterator_types = ["parallel", "reduction"]} ins(%11 : tensor<4x6xf32>) outs(%13 : tensor<4x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %16 = arith.addf %in, %out : f32
      linalg.yield %16 : f32
    } -> tensor<4x1xf32>
    %15 = linalg.generic {indexing_maps = [#map, #map3, #map], iterator_types = ["parallel", "parallel"]} ins(%11, %14 : tensor<4x6xf32>, tensor<4x1xf32>) outs(%3 : tensor<4x6xf32>) {
    ^bb0(%in: f32, %in_3: f32, %out: f32):
      %16 = arith.divf %in, %in_3 : f32
      linalg.yield %16 : f32
    } -> tensor<4x6xf32>
    return %15 : tensor<4x6xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_6_torch.uint8: "0x01000000010101010101000000000000010101000000010101010101"
    }
  }
#-}
