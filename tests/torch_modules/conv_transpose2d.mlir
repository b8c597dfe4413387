#map = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
module {
  func.func @main(%arg0: tensor<1x3x5x5xf32>) -> tensor<1x2x11x11xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant dense_resource<torch_tensor_3_2_3_3_torch.float32> : tensor<3x2x3x3xf32>
    %cst_1 = arith.constant dense_resource<torch_tensor_2_torch.float32> : tensor<2xf32>
    %c2 = arith.constant 2 : index
    %0 = tensor.empty() : tensor<2x3x3x3xf32>
    %1 = linalg.fill ins(%cst : f32) outs(%0 : tensor<2x3x3x3xf32>) -> tensor<2x3x3x3xf32>
    %2 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} outs(%1 : tensor<2x3x3x3xf32>) {
    ^bb0(%out: f32):
      %7 = linalg.index 0 : index
      %8 = linalg.index 1 : index
      %9 = linalg.index 2 : index
      %10 = linalg.index 3 : index
      %11 = arith.subi %c2, %9 : index
      %12 = arith.subi %c2, %10 : index
      %extracted = tensor.extract %cst_0[%8, %7, %11, %12] : tensor<3x2x3x3xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x3x3x3xf32>
    %3 = tensor.empty() : tensor<1x3x13x13xf32>
    %4 = linalg.fill ins(%cst : f32) outs(%3 : tensor<1x3x13x13xf32>) -> tensor<1x3x13x13xf32>
    %inserted_slice = tensor.insert_slice %arg0 into %4[0, 0, 2, 2] [1, 3, 5, 5] [1, 1, 2, 2] : tensor<1x3x5x5xf32> into tensor<1x3x13x13xf32>
    %5 = tensor.empty() : tensor<1x2x11x11xf32>
    %broadcasted = linalg.broadcast ins(%cst_1 : tensor<2xf32>) outs(%5 : tensor<1x2x11x11xf32>) dimensions = [0, 2, 3] 
    %6 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>} ins(%inserted_slice, %2 : tensor<1x3x13x13xf32>, tensor<2x3x3x3xf32>) outs(%broadcasted : tensor<1x2x11x11xf32>) -> tensor<1x2x11x11xf32>
    return %6 : tensor<1x2x11x11xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_3_2_3_3_torch.float32: "0x04000000ED964B3E33EF20BE1723B4BC6AB5EB3D0F74453D3AFA8ABD34FD3FBE8CB026BE2D290FBED60693BD68F94E3EB4B5DABD182904BE285EF8BDDE4307BEACFE14BE5C9B43BDC49B09BDC3A167BE93F62B3EF8E933BE7AFFAABD7DFE373E9157443D30921D3E439C37BEA0B8F13C9C233DBDBDD958BE56CB343E9F51903CD30A973D5B953CBE677661BE488999BD6E28533E7A7B653ED12E693EA7D6B5BD81538E3D1C2871BD5A365BBE3205EA3DD8D239BCE9BA31BE5355F33DFC71663E2EE81B3E318225BD00FD5D3EC80535BE26EACD3DC7003A3DB078FE3D",
      torch_tensor_2_torch.float32: "0x0400000054A4113A69F763BB"
    }
  }
#-}
