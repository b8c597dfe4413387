#map = affine_map<(d0, d1) -> (d1)>
#map1 = affine_map<(d0, d1) -> (d0, d1)>
module {
  func.func @main(%arg0: tensor<3x5xf32>, %arg1: tensor<3x7xf32>) -> tensor<3x7xf32> {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 1.000000e+00 : f32
    %cst_1 = arith.constant dense_resource<torch_tensor_21_torch.float32_1> : tensor<21xf32>
    %cst_2 = arith.constant dense_resource<torch_tensor_21_7_torch.float32> : tensor<21x7xf32>
    %cst_3 = arith.constant dense_resource<torch_tensor_21_torch.float32> : tensor<21xf32>
    %cst_4 = arith.constant dense_resource<torch_tensor_21_5_torch.float32> : tensor<21x5xf32>
    %0 = tensor.empty() : tensor<5x21xf32>
    %transposed = linalg.transpose ins(%cst_4 : tensor<21x5xf32>) outs(%0 : tensor<5x21xf32>) permutation = [1, 0] 
    %1 = tensor.empty() : tensor<3x21xf32>
    %2 = linalg.fill ins(%cst : f32) outs(%1 : tensor<3x21xf32>) -> tensor<3x21xf32>
    %3 = linalg.matmul ins(%arg0, %transposed : tensor<3x5xf32>, tensor<5x21xf32>) outs(%2 : tensor<3x21xf32>) -> tensor<3x21xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%cst_3 : tensor<21xf32>) outs(%1 : tensor<3x21xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<3x21xf32>
    %5 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%3, %4 : tensor<3x21xf32>, tensor<3x21xf32>) outs(%1 : tensor<3x21xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %21 = arith.addf %in, %in_11 : f32
      linalg.yield %21 : f32
    } -> tensor<3x21xf32>
    %extracted_slice = tensor.extract_slice %5[0, 0] [3, 7] [1, 1] : tensor<3x21xf32> to tensor<3x7xf32>
    %extracted_slice_5 = tensor.extract_slice %5[0, 7] [3, 7] [1, 1] : tensor<3x21xf32> to tensor<3x7xf32>
    %extracted_slice_6 = tensor.extract_slice %5[0, 14] [3, 7] [1, 1] : tensor<3x21xf32> to tensor<3x7xf32>
    %6 = tensor.empty() : tensor<7x21xf32>
    %transposed_7 = linalg.transpose ins(%cst_2 : tensor<21x7xf32>) outs(%6 : tensor<7x21xf32>) permutation = [1, 0] 
    %7 = linalg.matmul ins(%arg1, %transposed_7 : tensor<3x7xf32>, tensor<7x21xf32>) outs(%2 : tensor<3x21xf32>) -> tensor<3x21xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%cst_1 : tensor<21xf32>) outs(%1 : tensor<3x21xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<3x21xf32>
    %9 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%7, %8 : tensor<3x21xf32>, tensor<3x21xf32>) outs(%1 : tensor<3x21xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %21 = arith.addf %in, %in_11 : f32
      linalg.yield %21 : f32
    } -> tensor<3x21xf32>
    %extracted_slice_8 = tensor.extract_slice %9[0, 0] [3, 7] [1, 1] : tensor<3x21xf32> to tensor<3x7xf32>
    %extracted_slice_9 = tensor.extract_slice %9[0, 7] [3, 7] [1, 1] : tensor<3x21xf32> to tensor<3x7xf32>
    %extracted_slice_10 = tensor.extract_slice %9[0, 14] [3, 7] [1, 1] : tensor<3x21xf32> to tensor<3x7xf32>
    %10 = tensor.empty() : tensor<3x7xf32>
    %11 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_8, %extracted_slice : tensor<3x7xf32>, tensor<3x7xf32>) outs(%10 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %21 = arith.addf %in, %in_11 : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %12 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%11 : tensor<3x7xf32>) outs(%10 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = arith.negf %in : f32
      %22 = math.exp %21 : f32
      %23 = arith.addf %22, %cst_0 : f32
      %24 = arith.divf %cst_0, %23 : f32
      linalg.yield %24 : f32
    } -> tensor<3x7xf32>
    %13 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_9, %extracted_slice_5 : tensor<3x7xf32>, tensor<3x7xf32>) outs(%10 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %21 = arith.addf %in, %in_11 : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%13 : tensor<3x7xf32>) outs(%10 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = arith.negf %in : f32
      %22 = math.exp %21 : f32
      %23 = arith.addf %22, %cst_0 : f32
      %24 = arith.divf %cst_0, %23 : f32
      linalg.yield %24 : f32
    } -> tensor<3x7xf32>
    %15 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_10, %12 : tensor<3x7xf32>, tensor<3x7xf32>) outs(%10 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %21 = arith.mulf %in, %in_11 : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %16 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_6, %15 : tensor<3x7xf32>, tensor<3x7xf32>) outs(%10 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %21 = arith.addf %in, %in_11 : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %17 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%16 : tensor<3x7xf32>) outs(%10 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = math.tanh %in : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %18 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%arg1, %17 : tensor<3x7xf32>, tensor<3x7xf32>) outs(%10 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %21 = arith.subf %in, %in_11 : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%18, %14 : tensor<3x7xf32>, tensor<3x7xf32>) outs(%10 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %21 = arith.mulf %in, %in_11 : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%19, %17 : tensor<3x7xf32>, tensor<3x7xf32>) outs(%10 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %in_11: f32, %out: f32):
      %21 = arith.addf %in, %in_11 : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    return %20 : tensor<3x7xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_21_torch.float32_1: "0x040000004A90843EDB11B1BEF80337BE8C6F623EA16646BD9D9EB13E71B9573E85EC203EE8D85F3E7950FE3D020A8CBE964BA1BEBCA15BBE838AB73D45C15F3EA99D4ABE3C76A7BE5D59493EBAABE43D2F57A83ED1808C3E",
      torch_tensor_21_7_torch.float32: "0x04000000325C863E9F1EC0BE4A076CBED0CA3EBE385EB2BD3A818B3D04FE2C3EC1D8EEBD9DFB92BD6B72FFBD6CC9A03E6E7616BEAB3ADE3D985D57BECAD0DB3D773FD8BDCA18993EC12638BD07B3DC3D2869413D169409BEA95931BCC52153BD801FB03E52FDF13D8E0884BE3EB9A23EC3DB1FBE9ECDA9BE1A2BDABD13A4893E587B1BBE1156003E35B13F3D28460DBE6C01A7BEE94E473E18FCB43EA9DA17BEA5A38ABD8FAE37BC0E2E5B3D938EB8BEFDD844BE3C368CBE0CA4423E94B58F3E5D80A9BECE1904BCDE8CA53E182BB33E60D09EBEDDF1FABD6EE7BC3E06E2C03EE00F453ED908533E3B5BABBE6DEC38BC8E7B1ABE44CB6A3EF249063CCE8D1E3ED2F4003EB5B17EBEF9E117BEA6E8BCBE19B6E43B1F23813E8B50DB3D903E853E2CF0C03EFFA1B4BE2580A43E3B0B9D3DAB60973E891F193E89E376BE506AB3BDD8268F3E70A6783E2275BE3D48EDE83DAEF0313E62875A3EB336E93CB0869A3E07EC37BD24FDA43E42C6BCBEE5FEA03E4068B0BEB3634F3E10B35ABE0DF2B1BEE819B1BE2B69213E9E252C3E731B3FBEF4B777BEB22D993EA8D564BD1B249BBE7D8A423DCDE004BD1802E83BBAC28ABEB1FEF0BD7BE2913EB86D89BEB97A833EAAF2A1BEC7EF863DA4131D3B6367663ECCBAB93DB98195BC7DCF1ABE4D95AD3E7C49B4BEBF5A2A3EC0788C3E1AA9983D398E5C3C43E9A0BEFED113BC23C9563E0291C53D7B02303E66B4EEBD9FA0233E0F750E3EDD5F993EB4A27ABEFC2DF13D8E11653E633E2A3ECA9A4B3EE894D13C6395003E609E263DCF701DBEE06DBD3EE4996E3E61FD563EF5A73D3EC2498A3E",
      torch_tensor_21_torch.float32: "0x04000000A1F2443EFB66A43D53EA0FBE29F9D1BDE393AD3E6946B2BE0AB0903E51DE703E65965EBE95DE82BD60F72FBEECB786BE9B42973E61BD823E7D15E73DFAEC7BBD8DC707BE085BC73B685A6F3EE9FC98BE1C9398BE",
      torch_tensor_21_5_torch.float32: "0x04000000EFD0613EDDA9AB3ED81D883D51647CBE6505A4BD53FE733EC894B43E037DB23EAA9391BE041A873D3E28E43DE538BC3C4D112EBE4D0B11BEC0DB36BE88EEBC3D1233ADBED01E9CBE973EFFBC7D8AA6BE5D6D683EF1DC04BE72DC40BEF9E78FBE33948C3E6B85A53EF2B6B03B0068D23D0D7F963D335347BEE9AD413EC26EDFBDB3FA95BE0D1CB13DA5D0283CA5E7463E6ECED23C29E741BE235C24BD361A863E3D3199BED11292BE1FCEB4BD73D43FBE0AA22CBE7476A7BE72068FBE86898BBE76F50B3EFF7B65BEDC8844BE85D1913EE3ADAABE56164C3EB4352D3ED805A5BE2BC26CBEB1C4093EE88684BE59CFB4BE7D39EABDDAADD63DB6C7A73E322E4FBEDF6451BE37F8283E52EC17BEE39D973E6C4AC23D37F8A23D80F5313E536FF0BC6BD29D3D5272273DB03402BB8A3D50BEF4DC17BDF986AE3E6AB5E1BD01186C3E21F5923E965AF8BDBC83EF3DAF71433E88F1563D76C6083E95A6BD3EF23651BE725007BD51BD8F3EF75FAEBEDE66703D5B10183E3110913D6C9E9E3CEB89AABEFB9D79BE561069BD0D5CAE3E30563FBE1CAD80BE3D58893CF8B916BD79E28F3E859BA53D"
    }
  }
#-}
