module {
  func.func @main(%arg0: tensor<2x4x11xf32>) -> tensor<2x6x11xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant dense_resource<torch_tensor_6_2_3_torch.float32> : tensor<6x2x3xf32>
    %cst_1 = arith.constant dense_resource<torch_tensor_6_torch.float32> : tensor<6xf32>
    %expanded = tensor.expand_shape %arg0 [[0], [1], [2, 3]] output_shape [2, 4, 11, 1] : tensor<2x4x11xf32> into tensor<2x4x11x1xf32>
    %padded = tensor.pad %expanded low[0, 0, 2, 0] high[0, 0, 2, 0] {
    ^bb0(%arg1: index, %arg2: index, %arg3: index, %arg4: index):
      tensor.yield %cst : f32
    } : tensor<2x4x11x1xf32> to tensor<2x4x15x1xf32>
    %0 = tensor.empty() : tensor<2x6x11x1xf32>
    %broadcasted = linalg.broadcast ins(%cst_1 : tensor<6xf32>) outs(%0 : tensor<2x6x11x1xf32>) dimensions = [0, 2, 3] 
    %expanded_2 = tensor.expand_shape %padded [[0], [1, 2], [3], [4]] output_shape [2, 2, 2, 15, 1] : tensor<2x4x15x1xf32> into tensor<2x2x2x15x1xf32>
    %expanded_3 = tensor.expand_shape %cst_0 [[0, 1], [2], [3, 4]] output_shape [2, 3, 2, 3, 1] : tensor<6x2x3xf32> into tensor<2x3x2x3x1xf32>
    %expanded_4 = tensor.expand_shape %broadcasted [[0], [1, 2], [3], [4]] output_shape [2, 2, 3, 11, 1] : tensor<2x6x11x1xf32> into tensor<2x2x3x11x1xf32>
    %1 = linalg.conv_2d_ngchw_gfchw {dilations = dense<[2, 1]> : vector<2xi64>, strides = dense<1> : vector<2xi64>} ins(%expanded_2, %expanded_3 : tensor<2x2x2x15x1xf32>, tensor<2x3x2x3x1xf32>) outs(%expanded_4 : tensor<2x2x3x11x1xf32>) -> tensor<2x2x3x11x1xf32>
    %collapsed = tensor.collapse_shape %1 [[0], [1, 2], [3, 4]] : tensor<2x2x3x11x1xf32> into tensor<2x6x11xf32>
    %2 = tensor.empty() : tensor<2x6x11xf32>
    %3 = linalg.fill ins(%cst : f32) outs(%2 : tensor<2x6x11xf32>) -> tensor<2x6x11xf32>
    %4 = tensor.empty() : tensor<2x6xf32>
    %5 = linalg.fill ins(%cst : f32) outs(%4 : tensor<2x6xf32>) -> tensor<2x6xf32>
    %6:2 = tm_tensor.scan dimension(2) inclusive(true) ins(%collapsed : tensor<2x6x11xf32>) outs(%3, %5 : tensor<2x6x11xf32>, tensor<2x6xf32>) {
    ^bb0(%arg1: f32, %arg2: f32):
      %7 = arith.addf %arg1, %arg2 : f32
      tm_tensor.yield %7 : f32
    } -> tensor<2x6x11xf32>, tensor<2x6xf32>
    return %6#0 : tensor<2x6x11xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_6_2_3_torch.float32: "0x040000008E4FCCBEE8A24C3EDAD2633E2309963E78D821BEAEFF233E49B8993EE56627BE6CB587BD8E2E24BE2DC60FBE4982C13E5B9EC03E52783A3E7617E93D802DA6BEFA64843C3D169A3E9C909BBE46CB95BD6022C5BECF0C5F3EEEA79E3EF9264A3EB983053D0A98D5BD40E2B5BD85C05E3E968240BE016FB0BE9A5BE43D42487B3E9716CC3E8BD8B23EE35E4BBEFBA7CEBE",
      torch_tensor_6_torch.float32: "0x040000007B42D6BD4D02EC3D1734A9BDA6799C3E48EA2EBE4A46263E"
    }
  }
#-}
