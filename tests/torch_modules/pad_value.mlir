module {
  func.func @main(%arg0: tensor<3x5x7xf32>) -> tensor<3x7x8xf32> {
    %cst = arith.constant 3.000000e+00 : f32
    %padded = tensor.pad %arg0 low[0, 2, 0] high[0, 0, 1] {
    ^bb0(%arg1: index, %arg2: index, %arg3: index):
      tensor.yield %cst : f32
    } : tensor<3x5x7xf32> to tensor<3x7x8xf32>
    return %padded : tensor<3x7x8xf32>
  }
}
