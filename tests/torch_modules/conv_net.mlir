#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#map2 = affine_map<(d0, d1, d2, d3) -> (d1, 0, 0)>
#map3 = affine_map<(d0, d1, d2, d3) -> (d0, d1, 0, 0)>
#map4 = affine_map<(d0, d1) -> (d1)>
#map5 = affine_map<(d0, d1) -> (d0, d1)>
module {
  func.func @main(%arg0: tensor<1x1x10x10xf32>) -> tensor<1x5xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 0xFF800000 : f32
    %cst_1 = arith.constant dense_resource<torch_tensor_5_torch.float32> : tensor<5xf32>
    %cst_2 = arith.constant dense_resource<torch_tensor_5_6_torch.float32> : tensor<5x6xf32>
    %cst_3 = arith.constant dense_resource<torch_tensor_6_torch.float32> : tensor<6xf32>
    %cst_4 = arith.constant dense_resource<torch_tensor_6_4_3_3_torch.float32> : tensor<6x4x3x3xf32>
    %cst_5 = arith.constant dense_resource<torch_tensor_4_torch.float32_4> : tensor<4xf32>
    %cst_6 = arith.constant dense_resource<torch_tensor_4_torch.float32_3> : tensor<4xf32>
    %cst_7 = arith.constant 1.000000e-05 : f64
    %cst_8 = arith.constant dense_resource<torch_tensor_4_torch.float32_2> : tensor<4xf32>
    %cst_9 = arith.constant dense_resource<torch_tensor_4_torch.float32_1> : tensor<4xf32>
    %cst_10 = arith.constant dense_resource<torch_tensor_4_1_3_3_torch.float32> : tensor<4x1x3x3xf32>
    %cst_11 = arith.constant dense_resource<torch_tensor_4_torch.float32> : tensor<4xf32>
    %cst_12 = arith.constant 9.000000e+00 : f32
    %padded = tensor.pad %arg0 low[0, 0, 1, 1] high[0, 0, 1, 1] {
    ^bb0(%arg1: index, %arg2: index, %arg3: index, %arg4: index):
      tensor.yield %cst : f32
    } : tensor<1x1x10x10xf32> to tensor<1x1x12x12xf32>
    %0 = tensor.empty() : tensor<1x4x10x10xf32>
    %broadcasted = linalg.broadcast ins(%cst_11 : tensor<4xf32>) outs(%0 : tensor<1x4x10x10xf32>) dimensions = [0, 2, 3] 
    %1 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>} ins(%padded, %cst_10 : tensor<1x1x12x12xf32>, tensor<4x1x3x3xf32>) outs(%broadcasted : tensor<1x4x10x10xf32>) -> tensor<1x4x10x10xf32>
    %2 = tensor.empty() : tensor<4xf32>
    %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%cst_8 : tensor<4xf32>) outs(%2 : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %27 = arith.truncf %cst_7 : f64 to f32
      %28 = arith.addf %in, %27 : f32
      linalg.yield %28 : f32
    } -> tensor<4xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%3 : tensor<4xf32>) outs(%2 : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %27 = math.rsqrt %in : f32
      linalg.yield %27 : f32
    } -> tensor<4xf32>
    %expanded = tensor.expand_shape %cst_9 [[0, 1, 2]] output_shape [4, 1, 1] : tensor<4xf32> into tensor<4x1x1xf32>
    %expanded_13 = tensor.expand_shape %4 [[0, 1, 2]] output_shape [4, 1, 1] : tensor<4xf32> into tensor<4x1x1xf32>
    %5 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%1, %expanded : tensor<1x4x10x10xf32>, tensor<4x1x1xf32>) outs(%0 : tensor<1x4x10x10xf32>) {
    ^bb0(%in: f32, %in_17: f32, %out: f32):
      %27 = arith.subf %in, %in_17 : f32
      linalg.yield %27 : f32
    } -> tensor<1x4x10x10xf32>
    %6 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%5, %expanded_13 : tensor<1x4x10x10xf32>, tensor<4x1x1xf32>) outs(%0 : tensor<1x4x10x10xf32>) {
    ^bb0(%in: f32, %in_17: f32, %out: f32):
      %27 = arith.mulf %in, %in_17 : f32
      linalg.yield %27 : f32
    } -> tensor<1x4x10x10xf32>
    %expanded_14 = tensor.expand_shape %cst_6 [[0, 1, 2]] output_shape [4, 1, 1] : tensor<4xf32> into tensor<4x1x1xf32>
    %7 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%6, %expanded_14 : tensor<1x4x10x10xf32>, tensor<4x1x1xf32>) outs(%0 : tensor<1x4x10x10xf32>) {
    ^bb0(%in: f32, %in_17: f32, %out: f32):
      %27 = arith.mulf %in, %in_17 : f32
      linalg.yield %27 : f32
    } -> tensor<1x4x10x10xf32>
    %expanded_15 = tensor.expand_shape %cst_5 [[0, 1, 2]] output_shape [4, 1, 1] : tensor<4xf32> into tensor<4x1x1xf32>
    %8 = linalg.generic {indexing_maps = [#map1, #map2, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%7, %expanded_15 : tensor<1x4x10x10xf32>, tensor<4x1x1xf32>) outs(%0 : tensor<1x4x10x10xf32>) {
    ^bb0(%in: f32, %in_17: f32, %out: f32):
      %27 = arith.addf %in, %in_17 : f32
      linalg.yield %27 : f32
    } -> tensor<1x4x10x10xf32>
    %9 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%8 : tensor<1x4x10x10xf32>) outs(%0 : tensor<1x4x10x10xf32>) {
    ^bb0(%in: f32, %out: f32):
      %27 = arith.cmpf ugt, %in, %cst : f32
      %28 = arith.select %27, %in, %cst : f32
      linalg.yield %28 : f32
    } -> tensor<1x4x10x10xf32>
    %10 = tensor.empty() : tensor<1x4x5x5xf32>
    %11 = linalg.fill ins(%cst_0 : f32) outs(%10 : tensor<1x4x5x5xf32>) -> tensor<1x4x5x5xf32>
    %12 = tensor.empty() : tensor<2x2xf32>
    %13 = linalg.pooling_nchw_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>} ins(%9, %12 : tensor<1x4x10x10xf32>, tensor<2x2xf32>) outs(%11 : tensor<1x4x5x5xf32>) -> tensor<1x4x5x5xf32>
    %14 = tensor.empty() : tensor<1x6x3x3xf32>
    %broadcasted_16 = linalg.broadcast ins(%cst_3 : tensor<6xf32>) outs(%14 : tensor<1x6x3x3xf32>) dimensions = [0, 2, 3] 
    %15 = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>} ins(%13, %cst_4 : tensor<1x4x5x5xf32>, tensor<6x4x3x3xf32>) outs(%broadcasted_16 : tensor<1x6x3x3xf32>) -> tensor<1x6x3x3xf32>
    %16 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%15 : tensor<1x6x3x3xf32>) outs(%14 : tensor<1x6x3x3xf32>) {
    ^bb0(%in: f32, %out: f32):
      %27 = arith.cmpf ugt, %in, %cst : f32
      %28 = arith.select %27, %in, %cst : f32
      linalg.yield %28 : f32
    } -> tensor<1x6x3x3xf32>
    %17 = tensor.empty() : tensor<1x6x1x1xf32>
    %18 = linalg.fill ins(%cst : f32) outs(%17 : tensor<1x6x1x1xf32>) -> tensor<1x6x1x1xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map3], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%16 : tensor<1x6x3x3xf32>) outs(%18 : tensor<1x6x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %27 = arith.addf %in, %out : f32
      linalg.yield %27 : f32
    } -> tensor<1x6x1x1xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%19 : tensor<1x6x1x1xf32>) outs(%17 : tensor<1x6x1x1xf32>) {
    ^bb0(%in: f32, %out: f32):
      %27 = arith.divf %in, %cst_12 : f32
      linalg.yield %27 : f32
    } -> tensor<1x6x1x1xf32>
    %collapsed = tensor.collapse_shape %20 [[0], [1, 2, 3]] : tensor<1x6x1x1xf32> into tensor<1x6xf32>
    %21 = tensor.empty() : tensor<6x5xf32>
    %transposed = linalg.transpose ins(%cst_2 : tensor<5x6xf32>) outs(%21 : tensor<6x5xf32>) permutation = [1, 0] 
    %22 = tensor.empty() : tensor<1x5xf32>
    %23 = linalg.fill ins(%cst : f32) outs(%22 : tensor<1x5xf32>) -> tensor<1x5xf32>
    %24 = linalg.matmul ins(%collapsed, %transposed : tensor<1x6xf32>, tensor<6x5xf32>) outs(%23 : tensor<1x5xf32>) -> tensor<1x5xf32>
    %25 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["parallel", "parallel"]} ins(%cst_1 : tensor<5xf32>) outs(%22 : tensor<1x5xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<1x5xf32>
    %26 = linalg.generic {indexing_maps = [#map5, #map5, #map5], iterator_types = ["parallel", "parallel"]} ins(%24, %25 : tensor<1x5xf32>, tensor<1x5xf32>) outs(%22 : tensor<1x5xf32>) {
    ^bb0(%in: f32, %in_17: f32, %out: f32):
      %27 = arith.addf %in, %in_17 : f32
      linalg.yield %27 : f32
    } -> tensor<1x5xf32>
    return %26 : tensor<1x5xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_5_torch.float32: "0x0400000046ECA63E7AAEC6BE936E0DBE069029BCB49382BE",
      torch_tensor_5_6_torch.float32: "0x04000000FD0DCDBE5A3F21BEBC5FB0BEFAE4763E848D7D3EDE34C03D20176A3D62AE973EB2DEAA3E8E3DF2BDCD719ABE982B20BDA1DBC53ED7170F3E6C8DCF3EB77EABBD4154123E564889BD4B49B03EA5848C3E4A3D9BBD8F994B3EA48DB33E768C25BC4A7A4BBEDC62163EDE5782BC00271B3E182747BED246C8BE",
      torch_tensor_6_torch.float32: "0x0400000096133EBDDED2E23DFBD96CBD9B229BBD16C1B8BD4E77E9BD",
      torch_tensor_6_4_3_3_torch.float32: "0x0400000096E52EBDEEF78EBDB725013E7BE4E2BD16D9653C63991ABEFE4E8A3D8A731A3E983085BD40D2983D53C0F23DCB570DBEA05AA0BCAC6D24BECBA723BD77FD183E1625DFBDDE38DF3D2B9A8EBC18F6BE3D1EF6D03D503E1DBD4B32133E724C1C3E536627BE9354DF3DA0B55BBD6B9C7B3D263C9F3D761606BD2048783DB647C63C54770CBEFB792BBD43CBE5BD64E51CBE3B2F953D9088423D60B36EBDD62EC1BDFE71F23DA8A5093EECB008BE876B09BE465F873D4758193EBB8D7BBDBB1AAE3D403976BC061AADBD909F813D30E7B23D5B8204BD3838E93D2A0A1A3EAB23FDBD7B512A3D377025BE66CAE33DF794073EFB625B3DEB2E72BD2BA2F13BC04D0B3EDB76ECBD8BD4803D7FA7003EAB1BF93B7EA8103E1609623C3A030BBEA093EA3D76140BBEAEA0D23DAE19B13DB38EA2BD1B10413DAB888BBC6B30A83C67831B3E4653E9BD865D003E16AFA7BCBB639A3D2B0EF7BC4E42033E6BF816BE1610A7BC6BE5DEBC566D2F3D0602ECBD806F1FBCBC5000BE1BA09E3DCB9B623D56A040BB0BAC573D80A7CC3DABF39CBC705A3ABD988AA6BD835CEA3D06396C3D0324E73D566BEB3B10F3EFBD0CEE013E74F41B3ED0FD7CBD27122ABE56B7883C200BA63D727F1F3EF0CED8BD6B23463D384FF3BDB662903C369A1E3EE02C673D48D490BD76273C3D56D32F3B9686043CFAA112BE781F0CBE689F8C3D2A131ABECBFBA2BC00ED74BDF030023D938A12BE162BDCBCF014043DF48A203E23DACD3D16357E3D00ECCABA3634AFBC00040B3C2E258C3DD61BEE3C9BA111BE00A6FFBCC0E45C3DD6C0DE3CD0F1AEBD38641EBE4EC8FBBDC246293E1A740EBE16226DBD1B489BBDD256213E2BD6DB3B8627023ECBBFAABC3B4711BD8BBD09BEB328D3BD52D912BE6097CBBDCF58183EEB110CBD10AFA33D133B9D3DFACE243E9C0207BE566D7D3BF68089BCD6F7C6BC9CEB1B3E73F1883DB31F29BE307031BDE6B18CBD9B69F23DCF701ABE9649713CD09DD7BD162C6BBDD62D0E3D54A6253E0A8A013E379418BE50F520BD2003163D288BA7BD8E12C73D0E9AD73DE353BE3DE001CE3D9B2165BDE67D183EC6A4F0BDB6F8E9BCBEBEAABDE094ABBC36FBE1BD004ABE3CBE5222BE067D4CBDA4DE043E50F1E63DB074A1BD6B4EDFBDC0DE223E8083363C9C4C29BEB65012BE10ED6FBDB0B1003D2B9AFABC56EC3A3BA083163D801D813BA6DF10BE",
      torch_tensor_4_torch.float32_4: "0x0400000000000000000000000000000000000000",
      torch_tensor_4_torch.float32_3: "0x040000000000803F0000803F0000803F0000803F",
      torch_tensor_4_torch.float32_2: "0x040000000000803F0000803F0000803F0000803F",
      torch_tensor_4_torch.float32_1: "0x0400000000000000000000000000000000000000",
      torch_tensor_4_1_3_3_torch.float32: "0x04000000CEA458BE9CDB9CBE2A6E99BE4B1580BD8014CABC2B3C1C3CB6F2ADBD40092DBE539F573EC387333E2B76713D203D7FBD37519FBE908AEE3D46487ABE883F113E5BFABABD5600B6BD206970BED83F9B3EC05E87BCBB4D9E3DCBA7C03D2B5C423C76FD06BDB6F20CBEB61D663D0B3506BE363B403ECA86A33E26628DBEEEDA133E3C9D873E0B13733D035C203E56A8613D",
      torch_tensor_4_torch.float32: "0x04000000AB498E3DAB7417BD6373923EABA4A33B"
    }
  }
#-}
