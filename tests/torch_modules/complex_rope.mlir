#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map1 = affine_map<(d0, d1, d2, d3) -> (0, d1, 0, d3)>
#map2 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3)>
#map3 = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d3, d4)>
module {
  func.func @main(%arg0: tensor<2x6x3x8xf32>, %arg1: tensor<2x6x2x8xf32>) -> (tensor<2x6x3x8xf32>, tensor<2x6x2x8xf32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %cst = arith.constant dense_resource<torch_tensor_6_4_torch.complex64> : tensor<6x4xcomplex<f32>>
    %expanded = tensor.expand_shape %arg0 [[0], [1], [2], [3, 4]] output_shape [2, 6, 3, 4, 2] : tensor<2x6x3x8xf32> into tensor<2x6x3x4x2xf32>
    %0 = tensor.empty() : tensor<2x6x3x4xcomplex<f32>>
    %1 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%0 : tensor<2x6x3x4xcomplex<f32>>) {
    ^bb0(%out: complex<f32>):
      %10 = linalg.index 0 : index
      %11 = linalg.index 1 : index
      %12 = linalg.index 2 : index
      %13 = linalg.index 3 : index
      %extracted = tensor.extract %expanded[%10, %11, %12, %13, %c0] : tensor<2x6x3x4x2xf32>
      %extracted_3 = tensor.extract %expanded[%10, %11, %12, %13, %c1] : tensor<2x6x3x4x2xf32>
      %14 = complex.create %extracted, %extracted_3 : complex<f32>
      linalg.yield %14 : complex<f32>
    } -> tensor<2x6x3x4xcomplex<f32>>
    %expanded_0 = tensor.expand_shape %cst [[0, 1], [2, 3]] output_shape [1, 6, 1, 4] : tensor<6x4xcomplex<f32>> into tensor<1x6x1x4xcomplex<f32>>
    %2 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%1, %expanded_0 : tensor<2x6x3x4xcomplex<f32>>, tensor<1x6x1x4xcomplex<f32>>) outs(%0 : tensor<2x6x3x4xcomplex<f32>>) {
    ^bb0(%in: complex<f32>, %in_3: complex<f32>, %out: complex<f32>):
      %10 = complex.mul %in, %in_3 : complex<f32>
      linalg.yield %10 : complex<f32>
    } -> tensor<2x6x3x4xcomplex<f32>>
    %3 = tensor.empty() : tensor<2x6x3x4x2xf32>
    %4 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%2 : tensor<2x6x3x4xcomplex<f32>>) outs(%3 : tensor<2x6x3x4x2xf32>) {
    ^bb0(%in: complex<f32>, %out: f32):
      %10 = complex.re %in : complex<f32>
      %11 = complex.im %in : complex<f32>
      %12 = linalg.index 4 : index
      %13 = arith.cmpi eq, %12, %c0 : index
      %14 = arith.select %13, %10, %11 : f32
      linalg.yield %14 : f32
    } -> tensor<2x6x3x4x2xf32>
    %collapsed = tensor.collapse_shape %4 [[0], [1], [2], [3, 4]] : tensor<2x6x3x4x2xf32> into tensor<2x6x3x8xf32>
    %expanded_1 = tensor.expand_shape %arg1 [[0], [1], [2], [3, 4]] output_shape [2, 6, 2, 4, 2] : tensor<2x6x2x8xf32> into tensor<2x6x2x4x2xf32>
    %5 = tensor.empty() : tensor<2x6x2x4xcomplex<f32>>
    %6 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%5 : tensor<2x6x2x4xcomplex<f32>>) {
    ^bb0(%out: complex<f32>):
      %10 = linalg.index 0 : index
      %11 = linalg.index 1 : index
      %12 = linalg.index 2 : index
      %13 = linalg.index 3 : index
      %extracted = tensor.extract %expanded_1[%10, %11, %12, %13, %c0] : tensor<2x6x2x4x2xf32>
      %extracted_3 = tensor.extract %expanded_1[%10, %11, %12, %13, %c1] : tensor<2x6x2x4x2xf32>
      %14 = complex.create %extracted, %extracted_3 : complex<f32>
      linalg.yield %14 : complex<f32>
    } -> tensor<2x6x2x4xcomplex<f32>>
    %7 = linalg.generic {indexing_maps = [#map, #map1, #map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %expanded_0 : tensor<2x6x2x4xcomplex<f32>>, tensor<1x6x1x4xcomplex<f32>>) outs(%5 : tensor<2x6x2x4xcomplex<f32>>) {
    ^bb0(%in: complex<f32>, %in_3: complex<f32>, %out: complex<f32>):
      %10 = complex.mul %in, %in_3 : complex<f32>
      linalg.yield %10 : complex<f32>
    } -> tensor<2x6x2x4xcomplex<f32>>
    %8 = tensor.empty() : tensor<2x6x2x4x2xf32>
    %9 = linalg.generic {indexing_maps = [#map2, #map3], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]} ins(%7 : tensor<2x6x2x4xcomplex<f32>>) outs(%8 : tensor<2x6x2x4x2xf32>) {
    ^bb0(%in: complex<f32>, %out: f32):
      %10 = complex.re %in : complex<f32>
      %11 = complex.im %in : complex<f32>
      %12 = linalg.index 4 : index
      %13 = arith.cmpi eq, %12, %c0 : index
      %14 = arith.select %13, %10, %11 : f32
      linalg.yield %14 : f32
    } -> tensor<2x6x2x4x2xf32>
    %collapsed_2 = tensor.collapse_shape %9 [[0], [1], [2], [3, 4]] : tensor<2x6x2x4x2xf32> into tensor<2x6x2x8xf32>
    return %collapsed, %collapsed_2 : tensor<2x6x3x8xf32>, tensor<2x6x2x8xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_6_4_torch.complex64: "0x080000000000803F000000000000803F000000000000803F000000000000803F0000000040510A3FA46A573F98B87E3F7775CC3DB9FC7F3F57D6233CF8FF7F3F6E12833A3311D5BEB7C7683FA5E57A3FF96F4B3EE5F27F3F3ED4A33CDEFF7F3F6912033B26707DBFC381103EEF90743F6D4E973E83E27F3F1FB9F53CB5FF7F3F939B443B305527BFCFBD41BFA7CA6B3FD761C73E94CB7F3FDBCB233D7AFF7F3F5812833B2C3C913E107C75BF40A9603F4477F53E19AE7F3FF4B64C3D2EFF7F3FDED6A33B"
    }
  }
#-}
