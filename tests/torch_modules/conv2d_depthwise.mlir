module {
  func.func @main(%arg0: tensor<1x4x8x8xf32>) -> tensor<1x4x6x6xf32> {
    %cst = arith.constant dense_resource<torch_tensor_4_1_3_3_torch.float32> : tensor<4x1x3x3xf32>
    %cst_0 = arith.constant dense_resource<torch_tensor_4_torch.float32> : tensor<4xf32>
    %0 = tensor.empty() : tensor<1x4x6x6xf32>
    %broadcasted = linalg.broadcast ins(%cst_0 : tensor<4xf32>) outs(%0 : tensor<1x4x6x6xf32>) dimensions = [0, 2, 3] 
    %collapsed = tensor.collapse_shape %cst [[0, 1], [2], [3]] : tensor<4x1x3x3xf32> into tensor<4x3x3xf32>
    %1 = linalg.depthwise_conv_2d_nchw_chw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>} ins(%arg0, %collapsed : tensor<1x4x8x8xf32>, tensor<4x3x3xf32>) outs(%broadcasted : tensor<1x4x6x6xf32>) -> tensor<1x4x6x6xf32>
    return %1 : tensor<1x4x6x6xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_1_3_3_torch.float32: "0x0400000000DB953EC0E2D03D8E0838BEB89400BE4026C3BC779A9DBE609643BE405F8CBDF38D073E5BA5ADBD36879A3D0A56A23E9B674F3E6059BA3DB37C113EF089413E68CE1EBE588063BEAB2B6B3C78FA12BE77F09B3E76AF0F3D0F989FBE86270FBE2B20E7BDCB3B31BDAE6543BE900742BE2BB5C83C80350F3D5643C7BB8617C13D6AF391BE4BA5743DEB7DBBBD52CC8D3E",
      torch_tensor_4_torch.float32: "0x04000000C68CD43D9B8AEFBD4B97A93DABCA38BA"
    }
  }
#-}
