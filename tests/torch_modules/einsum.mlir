module {
  func.func @main(%arg0: tensor<2x3x10xf32>, %arg1: tensor<2x7x10xf32>) -> tensor<2x3x7xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %expanded = tensor.expand_shape %arg1 [[0], [1], [2, 3]] output_shape [2, 7, 10, 1] : tensor<2x7x10xf32> into tensor<2x7x10x1xf32>
    %0 = tensor.empty() : tensor<2x10x7x1xf32>
    %transposed = linalg.transpose ins(%expanded : tensor<2x7x10x1xf32>) outs(%0 : tensor<2x10x7x1xf32>) permutation = [0, 2, 1, 3] 
    %collapsed = tensor.collapse_shape %transposed [[0], [1], [2, 3]] : tensor<2x10x7x1xf32> into tensor<2x10x7xf32>
    %1 = tensor.empty() : tensor<2x3x7xf32>
    %2 = linalg.fill ins(%cst : f32) outs(%1 : tensor<2x3x7xf32>) -> tensor<2x3x7xf32>
    %3 = linalg.batch_matmul ins(%arg0, %collapsed : tensor<2x3x10xf32>, tensor<2x10x7xf32>) outs(%2 : tensor<2x3x7xf32>) -> tensor<2x3x7xf32>
    %expanded_0 = tensor.expand_shape %3 [[0], [1], [2, 3]] output_shape [2, 3, 1, 7] : tensor<2x3x7xf32> into tensor<2x3x1x7xf32>
    %4 = tensor.empty() : tensor<2x3x7x1xf32>
    %transposed_1 = linalg.transpose ins(%expanded_0 : tensor<2x3x1x7xf32>) outs(%4 : tensor<2x3x7x1xf32>) permutation = [0, 1, 3, 2] 
    %collapsed_2 = tensor.collapse_shape %transposed_1 [[0], [1], [2, 3]] : tensor<2x3x7x1xf32> into tensor<2x3x7xf32>
    return %collapsed_2 : tensor<2x3x7xf32>
  }
}
