module {
  func.func @main(%arg0: tensor<3x5x7xf32>) -> tensor<3x5x7xf32> {
    %extracted_slice = tensor.extract_slice %arg0[0, 0, 5] [3, 5, 2] [1, 1, 1] : tensor<3x5x7xf32> to tensor<3x5x2xf32>
    %cast = tensor.cast %extracted_slice : tensor<3x5x2xf32> to tensor<3x5x?xf32>
    %extracted_slice_0 = tensor.extract_slice %arg0[0, 0, 0] [3, 5, 5] [1, 1, 1] : tensor<3x5x7xf32> to tensor<3x5x5xf32>
    %cast_1 = tensor.cast %extracted_slice_0 : tensor<3x5x5xf32> to tensor<3x5x?xf32>
    %concat = tensor.concat dim(2) %cast, %cast_1 : (tensor<3x5x?xf32>, tensor<3x5x?xf32>) -> tensor<3x5x7xf32>
    return %concat : tensor<3x5x7xf32>
  }
}
