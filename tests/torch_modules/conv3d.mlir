module {
  func.func @main(%arg0: tensor<1x2x4x5x6xf32>) -> tensor<1x3x3x4x5xf32> {
    %cst = arith.constant dense_resource<torch_tensor_3_2_2_2_2_torch.float32> : tensor<3x2x2x2x2xf32>
    %cst_0 = arith.constant dense_resource<torch_tensor_3_torch.float32> : tensor<3xf32>
    %0 = tensor.empty() : tensor<1x3x3x4x5xf32>
    %broadcasted = linalg.broadcast ins(%cst_0 : tensor<3xf32>) outs(%0 : tensor<1x3x3x4x5xf32>) dimensions = [0, 2, 3, 4] 
    %1 = linalg.conv_3d_ncdhw_fcdhw {dilations = dense<1> : vector<3xi64>, strides = dense<1> : vector<3xi64>} ins(%arg0, %cst : tensor<1x2x4x5x6xf32>, tensor<3x2x2x2x2xf32>) outs(%broadcasted : tensor<1x3x3x4x5xf32>) -> tensor<1x3x3x4x5xf32>
    return %1 : tensor<1x3x3x4x5xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_3_2_2_2_2_torch.float32: "0x04000000342878BED23F53BE2C95723EF28750BE246BA5BD1A434D3E80DE0EBC8065943D62D979BEF0D1463DF4A720BEAC709CBD3C3F54BE6C67E43D80F89F3DFC61333E561F07BE5A5C21BEA8B6F23DA27D5E3E1C39E5BD7E56293E90B6113D3ADA01BE0E4A363E78AE093E284C983D40DA47BE9CCD8B3D8EB0113E9CE5E13D74F8B53DE888983D425C2CBE88D8EB3D18C4A23DFC00243ED0D41D3D0A49233E4018ABBBB2C75A3E9A9464BE20C3B2BD00A0783EA087333ED01A52BD70525B3D603F39BE",
      torch_tensor_3_torch.float32: "0x040000009EAB473E801DF73D88AFEB3D"
    }
  }
#-}
