module {
  func.func @main(%arg0: tensor<1x3x12xf32>) -> tensor<1x4x10xf32> {
    %cst = arith.constant dense_resource<torch_tensor_4_3_3_torch.float32> : tensor<4x3x3xf32>
    %cst_0 = arith.constant dense_resource<torch_tensor_4_torch.float32> : tensor<4xf32>
    %0 = tensor.empty() : tensor<1x4x10xf32>
    %broadcasted = linalg.broadcast ins(%cst_0 : tensor<4xf32>) outs(%0 : tensor<1x4x10xf32>) dimensions = [0, 2] 
    %1 = linalg.conv_1d_ncw_fcw {dilations = dense<1> : vector<1xi64>, strides = dense<1> : vector<1xi64>} ins(%arg0, %cst : tensor<1x3x12xf32>, tensor<4x3x3xf32>) outs(%broadcasted : tensor<1x4x10xf32>) -> tensor<1x4x10xf32>
    return %1 : tensor<1x4x10xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_4_3_3_torch.float32: "0x04000000C863173E50FE143E4E3A81BE905FCDBDB6CE673DD3462FBE38F97DBEA027583DDAEAA3BE56AB8EBB2B5F543D56117DBB9E1B8EBE8B4853BE20E5563E961E603EBE1708BE6B9BEEBC4BA641BDE68A5D3E1F2391BEDE1B713E9EF44E3E220D9A3ED6DBE83D6EEF46BE58BC3ABE9B681F3E38E3083EA30E8A3E3039823E968F1ABD14E486BECED491BE66E484BDDB18D73D",
      torch_tensor_4_torch.float32: "0x04000000EB15B73D00603F3A0E077F3E13B8463E"
    }
  }
#-}
