module {
  func.func @main(%arg0: tensor<3x5x7xf32>) -> tensor<7x5x3xf32> {
    %0 = tensor.empty() : tensor<7x5x3xf32>
    %transposed = linalg.transpose ins(%arg0 : tensor<3x5x7xf32>) outs(%0 : tensor<7x5x3xf32>) permutation = [2, 1, 0] 
    return %transposed : tensor<7x5x3xf32>
  }
}
