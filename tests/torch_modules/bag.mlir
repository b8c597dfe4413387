#map = affine_map<(d0, d1) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map5 = affine_map<(d0, d1) -> (d0, 0)>
module {
  func.func @main(%arg0: tensor<3x3xi64>) -> tensor<3x6xf32> {
    %c0_i64 = arith.constant 0 : i64
    %c13 = arith.constant 13 : index
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant dense_resource<torch_tensor_13_6_torch.float32> : tensor<13x6xf32>
    %cst_1 = arith.constant 1.000000e+00 : f32
    %0 = tensor.empty() : tensor<3x3xi1>
    %1 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<3x3xi64>) outs(%0 : tensor<3x3xi1>) {
    ^bb0(%in: i64, %out: i1):
      %15 = arith.cmpi ne, %in, %c0_i64 : i64
      linalg.yield %15 : i1
    } -> tensor<3x3xi1>
    %2 = tensor.empty() : tensor<3x3xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%1 : tensor<3x3xi1>) outs(%2 : tensor<3x3xf32>) {
    ^bb0(%in: i1, %out: f32):
      %15 = arith.uitofp %in : i1 to f32
      linalg.yield %15 : f32
    } -> tensor<3x3xf32>
    %expanded = tensor.expand_shape %3 [[0], [1, 2]] output_shape [3, 3, 1] : tensor<3x3xf32> into tensor<3x3x1xf32>
    %4 = tensor.empty() : tensor<3x3x6xf32>
    %5 = linalg.generic {indexing_maps = [#map1, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<3x3xi64>) outs(%4 : tensor<3x3x6xf32>) {
    ^bb0(%in: i64, %out: f32):
      %15 = arith.index_cast %in : i64 to index
      %16 = linalg.index 2 : index
      %17 = arith.cmpi slt, %15, %c13 : index
      cf.assert %17, "index must be smaller than dim size"
      %18 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %18, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst_0[%15, %16] : tensor<13x6xf32>
      linalg.yield %extracted : f32
    } -> tensor<3x3x6xf32>
    %6 = linalg.generic {indexing_maps = [#map2, #map3, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%5, %expanded : tensor<3x3x6xf32>, tensor<3x3x1xf32>) outs(%4 : tensor<3x3x6xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %15 = arith.mulf %in, %in_2 : f32
      linalg.yield %15 : f32
    } -> tensor<3x3x6xf32>
    %7 = tensor.empty() : tensor<3x6xf32>
    %8 = linalg.fill ins(%cst : f32) outs(%7 : tensor<3x6xf32>) -> tensor<3x6xf32>
    %9 = linalg.generic {indexing_maps = [#map2, #map4], iterator_types = ["parallel", "reduction", "parallel"]} ins(%6 : tensor<3x3x6xf32>) outs(%8 : tensor<3x6xf32>) {
    ^bb0(%in: f32, %out: f32):
      %15 = arith.addf %in, %out : f32
      linalg.yield %15 : f32
    } -> tensor<3x6xf32>
    %10 = tensor.empty() : tensor<3x1xf32>
    %11 = linalg.fill ins(%cst : f32) outs(%10 : tensor<3x1xf32>) -> tensor<3x1xf32>
    %12 = linalg.generic {indexing_maps = [#map2, #map4], iterator_types = ["parallel", "reduction", "parallel"]} ins(%expanded : tensor<3x3x1xf32>) outs(%11 : tensor<3x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %15 = arith.addf %in, %out : f32
      linalg.yield %15 : f32
    } -> tensor<3x1xf32>
    %13 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%12 : tensor<3x1xf32>) outs(%10 : tensor<3x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %15 = arith.cmpf ult, %in, %cst_1 : f32
      %16 = arith.select %15, %cst_1, %in : f32
      linalg.yield %16 : f32
    } -> tensor<3x1xf32>
    %14 = linalg.generic {indexing_maps = [#map, #map5, #map], iterator_types = ["parallel", "parallel"]} ins(%9, %13 : tensor<3x6xf32>, tensor<3x1xf32>) outs(%7 : tensor<3x6xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %15 = arith.divf %in, %in_2 : f32
      linalg.yield %15 : f32
    } -> tensor<3x6xf32>
    return %14 : tensor<3x6xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_13_6_torch.float32: "0x04000000000000000000000000000000000000000000000000000000ED3547BF3876873E58CFB73DFF21CCBE2AB2D23E33DF5BBFC01D943EB7219DBF00746B3F854CA73E4439F7BE3C2BAA3E61E8503F16BB9E3F60C9D5BFD8AFEE3EC8E646BF57CCD73E3E99E33EBD24DDBFCE2506BFCFD469BFC0BEB7BFB2C15FBF296998BF8FB397BFF0BD693F19D8423E500754BFED9936BE52A479BFEC68BA3EC19AEF3E7EE18FBF4653D5BD6D64163F71EC34BED7FE793FA5FBEFBE926C81BF238B45BC3B4876BF8D27983E332F243FC2E29C3F3B91E03E7668933FCDE3D73ED41EA03E5680C73ECE82F4BE89BC1C3F598BB3BE75FA99BF379085BE3A9D59BDE150703F8A96303F5671D73F2E9B49BF580A32BF52F5803F77AA0FBFE25F083F878F13C096238BBF7456C83F1530453FEB623440AC52333FD833013F45E2123E"
    }
  }
#-}
