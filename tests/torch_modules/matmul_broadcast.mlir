module {
  func.func @main(%arg0: tensor<2x3x10xf32>, %arg1: tensor<10x7xf32>) -> tensor<2x3x7xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %collapsed = tensor.collapse_shape %arg0 [[0, 1], [2]] : tensor<2x3x10xf32> into tensor<6x10xf32>
    %0 = tensor.empty() : tensor<6x7xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<6x7xf32>) -> tensor<6x7xf32>
    %2 = linalg.matmul ins(%collapsed, %arg1 : tensor<6x10xf32>, tensor<10x7xf32>) outs(%1 : tensor<6x7xf32>) -> tensor<6x7xf32>
    %expanded = tensor.expand_shape %2 [[0, 1], [2]] output_shape [2, 3, 7] : tensor<6x7xf32> into tensor<2x3x7xf32>
    return %expanded : tensor<2x3x7xf32>
  }
}
