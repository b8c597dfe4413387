#map = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map1 = affine_map<(d0, d1, d2) -> (d2)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map4 = affine_map<(d0, d1) -> (d0, d1)>
#map5 = affine_map<(d0, d1) -> ()>
module {
  func.func @main(%arg0: tensor<3x7xf32>) -> tensor<3x7xi64> {
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant 0xFF800000 : f32
    %cst_0 = arith.constant dense_resource<torch_tensor_4_torch.float32> : tensor<4xf32>
    %cst_1 = arith.constant dense<4> : tensor<i64>
    %expanded = tensor.expand_shape %arg0 [[0], [1, 2]] output_shape [3, 7, 1] : tensor<3x7xf32> into tensor<3x7x1xf32>
    %0 = tensor.empty() : tensor<3x7x4xi1>
    %1 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%expanded, %cst_0 : tensor<3x7x1xf32>, tensor<4xf32>) outs(%0 : tensor<3x7x4xi1>) {
    ^bb0(%in: f32, %in_2: f32, %out: i1):
      %10 = arith.cmpf ole, %in, %in_2 : f32
      linalg.yield %10 : i1
    } -> tensor<3x7x4xi1>
    %2 = tensor.empty() : tensor<3x7x4xf32>
    %3 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<3x7x4xi1>) outs(%2 : tensor<3x7x4xf32>) {
    ^bb0(%in: i1, %out: f32):
      %10 = arith.uitofp %in : i1 to f32
      linalg.yield %10 : f32
    } -> tensor<3x7x4xf32>
    %4 = tensor.empty() : tensor<3x7xi64>
    %5 = linalg.fill ins(%c0_i64 : i64) outs(%4 : tensor<3x7xi64>) -> tensor<3x7xi64>
    %6 = tensor.empty() : tensor<3x7xf32>
    %7 = linalg.fill ins(%cst : f32) outs(%6 : tensor<3x7xf32>) -> tensor<3x7xf32>
    %8:2 = linalg.generic {indexing_maps = [#map2, #map3, #map3], iterator_types = ["parallel", "parallel", "reduction"]} ins(%3 : tensor<3x7x4xf32>) outs(%7, %5 : tensor<3x7xf32>, tensor<3x7xi64>) {
    ^bb0(%in: f32, %out: f32, %out_2: i64):
      %10 = linalg.index 2 : index
      %11 = arith.index_cast %10 : index to i64
      %12 = arith.maximumf %in, %out : f32
      %13 = arith.cmpf ogt, %in, %out : f32
      %14 = arith.select %13, %11, %out_2 : i64
      linalg.yield %12, %14 : f32, i64
    } -> (tensor<3x7xf32>, tensor<3x7xi64>)
    %extracted_slice = tensor.extract_slice %1[0, 0, 3] [3, 7, 1] [1, 1, 1] : tensor<3x7x4xi1> to tensor<3x7x1xi1>
    %collapsed = tensor.collapse_shape %extracted_slice [[0], [1, 2]] : tensor<3x7x1xi1> into tensor<3x7xi1>
    %9 = linalg.generic {indexing_maps = [#map4, #map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%collapsed, %8#1, %cst_1 : tensor<3x7xi1>, tensor<3x7xi64>, tensor<i64>) outs(%4 : tensor<3x7xi64>) {
    ^bb0(%in: i1, %in_2: i64, %in_3: i64, %out: i64):
      %10 = arith.select %in, %in_2, %in_3 : i64
      linalg.yield %10 : i64
    } -> tensor<3x7xi64>
    return %9 : tensor<3x7xi64>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_torch.float32: "0x04000000000080BF000000000000003F00000040"
    }
  }
#-}
