#map = affine_map<(d0, d1) -> (d1)>
#map1 = affine_map<(d0, d1) -> (d0, d1)>
module {
  func.func @main(%arg0: tensor<3x5xf32>, %arg1: tensor<3x7xf32>, %arg2: tensor<3x7xf32>) -> (tensor<3x7xf32>, tensor<3x7xf32>) {
    %cst = arith.constant 0.000000e+00 : f32
    %cst_0 = arith.constant 1.000000e+00 : f32
    %cst_1 = arith.constant dense_resource<torch_tensor_28_torch.float32_1> : tensor<28xf32>
    %cst_2 = arith.constant dense_resource<torch_tensor_28_5_torch.float32> : tensor<28x5xf32>
    %cst_3 = arith.constant dense_resource<torch_tensor_28_torch.float32> : tensor<28xf32>
    %cst_4 = arith.constant dense_resource<torch_tensor_28_7_torch.float32> : tensor<28x7xf32>
    %0 = tensor.empty() : tensor<7x28xf32>
    %transposed = linalg.transpose ins(%cst_4 : tensor<28x7xf32>) outs(%0 : tensor<7x28xf32>) permutation = [1, 0] 
    %1 = tensor.empty() : tensor<3x28xf32>
    %2 = linalg.fill ins(%cst : f32) outs(%1 : tensor<3x28xf32>) -> tensor<3x28xf32>
    %3 = linalg.matmul ins(%arg1, %transposed : tensor<3x7xf32>, tensor<7x28xf32>) outs(%2 : tensor<3x28xf32>) -> tensor<3x28xf32>
    %4 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%cst_3 : tensor<28xf32>) outs(%1 : tensor<3x28xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<3x28xf32>
    %5 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%3, %4 : tensor<3x28xf32>, tensor<3x28xf32>) outs(%1 : tensor<3x28xf32>) {
    ^bb0(%in: f32, %in_9: f32, %out: f32):
      %21 = arith.addf %in, %in_9 : f32
      linalg.yield %21 : f32
    } -> tensor<3x28xf32>
    %6 = tensor.empty() : tensor<5x28xf32>
    %transposed_5 = linalg.transpose ins(%cst_2 : tensor<28x5xf32>) outs(%6 : tensor<5x28xf32>) permutation = [1, 0] 
    %7 = linalg.matmul ins(%arg0, %transposed_5 : tensor<3x5xf32>, tensor<5x28xf32>) outs(%2 : tensor<3x28xf32>) -> tensor<3x28xf32>
    %8 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel"]} ins(%cst_1 : tensor<28xf32>) outs(%1 : tensor<3x28xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<3x28xf32>
    %9 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%7, %8 : tensor<3x28xf32>, tensor<3x28xf32>) outs(%1 : tensor<3x28xf32>) {
    ^bb0(%in: f32, %in_9: f32, %out: f32):
      %21 = arith.addf %in, %in_9 : f32
      linalg.yield %21 : f32
    } -> tensor<3x28xf32>
    %10 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%5, %9 : tensor<3x28xf32>, tensor<3x28xf32>) outs(%1 : tensor<3x28xf32>) {
    ^bb0(%in: f32, %in_9: f32, %out: f32):
      %21 = arith.addf %in, %in_9 : f32
      linalg.yield %21 : f32
    } -> tensor<3x28xf32>
    %extracted_slice = tensor.extract_slice %10[0, 0] [3, 7] [1, 1] : tensor<3x28xf32> to tensor<3x7xf32>
    %extracted_slice_6 = tensor.extract_slice %10[0, 7] [3, 7] [1, 1] : tensor<3x28xf32> to tensor<3x7xf32>
    %extracted_slice_7 = tensor.extract_slice %10[0, 14] [3, 7] [1, 1] : tensor<3x28xf32> to tensor<3x7xf32>
    %extracted_slice_8 = tensor.extract_slice %10[0, 21] [3, 7] [1, 1] : tensor<3x28xf32> to tensor<3x7xf32>
    %11 = tensor.empty() : tensor<3x7xf32>
    %12 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice : tensor<3x7xf32>) outs(%11 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = arith.negf %in : f32
      %22 = math.exp %21 : f32
      %23 = arith.addf %22, %cst_0 : f32
      %24 = arith.divf %cst_0, %23 : f32
      linalg.yield %24 : f32
    } -> tensor<3x7xf32>
    %13 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_6 : tensor<3x7xf32>) outs(%11 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = arith.negf %in : f32
      %22 = math.exp %21 : f32
      %23 = arith.addf %22, %cst_0 : f32
      %24 = arith.divf %cst_0, %23 : f32
      linalg.yield %24 : f32
    } -> tensor<3x7xf32>
    %14 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_7 : tensor<3x7xf32>) outs(%11 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = math.tanh %in : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %15 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%extracted_slice_8 : tensor<3x7xf32>) outs(%11 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = arith.negf %in : f32
      %22 = math.exp %21 : f32
      %23 = arith.addf %22, %cst_0 : f32
      %24 = arith.divf %cst_0, %23 : f32
      linalg.yield %24 : f32
    } -> tensor<3x7xf32>
    %16 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%13, %arg2 : tensor<3x7xf32>, tensor<3x7xf32>) outs(%11 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %in_9: f32, %out: f32):
      %21 = arith.mulf %in, %in_9 : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %17 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%12, %14 : tensor<3x7xf32>, tensor<3x7xf32>) outs(%11 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %in_9: f32, %out: f32):
      %21 = arith.mulf %in, %in_9 : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %18 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%16, %17 : tensor<3x7xf32>, tensor<3x7xf32>) outs(%11 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %in_9: f32, %out: f32):
      %21 = arith.addf %in, %in_9 : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %19 = linalg.generic {indexing_maps = [#map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%18 : tensor<3x7xf32>) outs(%11 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %out: f32):
      %21 = math.tanh %in : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    %20 = linalg.generic {indexing_maps = [#map1, #map1, #map1], iterator_types = ["parallel", "parallel"]} ins(%15, %19 : tensor<3x7xf32>, tensor<3x7xf32>) outs(%11 : tensor<3x7xf32>) {
    ^bb0(%in: f32, %in_9: f32, %out: f32):
      %21 = arith.mulf %in, %in_9 : f32
      linalg.yield %21 : f32
    } -> tensor<3x7xf32>
    return %20, %18 : tensor<3x7xf32>, tensor<3x7xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_28_torch.float32_1: "0x04000000778A423E856C073E56A9143E5E6F0D3EA680A63E4D39F73C81F18DBAB827973EACBC13BE04A163BE8F7BA93DC507443E2019E13DED6AA5BE35E9B3BE682F0B3E4BC7DF3D2008B0BE0478843ED4D743BEEE1E0B3E8A226F3E6EB6ABBEB2948D3EF3F27ABDDC950B3E5375CA3C73176FBE",
      torch_tensor_28_5_torch.float32: "0x0400000015190B3EB82C613E8CDD53BEDCC49E3EFE5CE13D51061A3EC2B032BD2F1719BE6D41A3BEC4D5B8BEF23E683E51623A3E54DA0BBE2C3B35BEEC183EBE98A7E7BDF919CA3D7EAD89BE39ED7FBE9EBF6DBBCF6F9C3E3AE2753E3C1DCF3D17ABECBD7537FE3D05F57B3EA8C57E3E7991843E45591DBE91E3233B3B99C93D868B163BD9BC93BEC35D84BEE607013E05FD193ECD59B13D096AAC3EA98923BED4AEA3BE265F05BE4C1EEBBD50754CBEEFFDE33CCBC558BEF8EB453EEC5CF0BD8DF3B73EFFE2983E731D883E577096BE8729A43ED7AE173DB103BCBEAF96A7BEC690E0BD456178BED288173E15862F3E8C06AD3E5C4186BEF3A48ABE89F3863EA8143E3EE377483E6C56A3BDF2872BBECEF9B03E1757B5BE6C5C953D9B54B4BD6F5E863E9F49CC3D6C90FCBD46A6933EB4850EBEB53D753EC07F22BE56A69ABECAB2D93D1ECBAEBCACCDD2BC7223B93DD148D3BDFBC7553E548591BE2049D23D3349FB3DFD53BD3E98E3B8BEAF32E63DF4C19B3D239FEBBD973F92BE99E2233ECD5E613E618CD2BB01E0503EB921D5BD7729983EEDCB70BC14F05CBE5158DD3D6062953E21B7A53E9B3A293EFBA6DE3D020680BDB5AC523E841D9BBD3098B53DE016843CFE71833EB1DF13BEA052FF3DC186883E5EAFA2BE5B77C43BA986B4BC589E87BE1CA8B5BE5699573EF67F2A3EB89463BEA45B94BD2AA644BE53081E3E803393BE964F853E01D2833E881BA7BAD7C29CBE197B3F3ED415803E3D01CA3D0B3BA03DD29BBFBECF61BE3D0683C5BDD75D123E",
      torch_tensor_28_torch.float32: "0x0400000064ACFF3D62DFB73E5E56A6BE1BFCA2BE3620CDBDC4E8483E6BD839BDC3F6BDBE6F554E3DE0448CBE5FF33EBEAC609D3DE2FBAE3EF79B123DC9014B3E10777D3E228126BEDEF869BE76AC703D2D7C7F3EFC9B6FBEAF9588BD6909AEBE1E0BE63D2B1B69BED6526ABDB6E8763E9ACE14BE",
      torch_tensor_28_7_torch.float32: "0x040000000538BF3D01BFF43DF185433E47E7973DED668D3E2E9025BBD0C7B43E4D948E3EB5A8BBBE871B883E83821BBE93DEB7BE53D775BE4518073EC5319A3E5FBE843E29CC41BE03BD013E747DADBE1C34B1BE1D48983E5A9743BE0D1024BEBBF1A63E392D26BDD255233E0BD8CCBD3F1D3F3E6BB5163E4C33AF3DFA7EA1BE0AEA213EF09FE43DA3AC5E3EA60FA53E3A27CC3DFD7B7C3E9B7488BE60FFD23C5F168B3E1B5FB0BE358D89BE7425B03E7EC1ACBED2B7B3BE4FB8ADBE221BDA3DC1FCF53CA63980BE5860ADBD6FC7A4BE696D553EF15B7BBEE46D28BEBAAEF43C955A3BBE5B6C06BE617EA2BE9729583E3BC9523AC6DEAF3E669520BE9B84353D1AC8BFBE89BAA6BEB8EB3CBD0D139F3D8B2962BEAB25EDBD8AFE933EFEF37FBEF37B543E2F5F97BD258D983EAC9D603D537F82BE2851303E7012D43DA9682A3E3FA6F8BD349335BE73E0A5BE41109DBE5854A9BD8EEE603DD66780BEB7B52F3E9660F53D7A13BABE50366DBE5BD1ADBEECCE1F3ECF88003E52336A3ED2BDE13C06FE0E3EE7EBBABEAD17003DF5E24DBED281833EE9B27B3EEE9163BC4BD492BEC118AC3E43BE7D3EA7BC60BE9E6EC0BEFB1D863EF82FA5BE21D9B4BE3C4A683E452878BCC158623E1FCE823E698248BC2801B5BE42DA0D3D5432D2BC8830A2BDF09EA43E141B023D0C49AC3E1F75A7BE833FA23E716FE5BDEB9C70BD7992AB3D7CE5C43DA912B3BE2F3821BE0A845CBE3F1A5D3E7DD83CBDE18B033EEC50DB3D0556B3BD96DC073EDC51023EFF9708BE0741BD3E758AB33E4D2F8DBD7F8CBC3E6C83153DE37BA9BE7894AF3E99495BBDD91A503D98ED88BE3032E43C8197A73D1EFCA33E1E9BA23D26CC59BE9ACE2BBEA9B915BE7F1910BE4D959DBE67E3A1BDE9D11EBEBDFBF1BD1DD5BC3D8D46E03DE3F9A2BED547BD3E466B81BE70EB57BEFE5958BEC77D313E8664A03D10C32C3EAF06353E3B79AFBEC578BDBE49E9AF3D8F06B3BE47D23ABE571826BD0A696C3EE39472BCC18FAB3EC63991BEBF632EBDCC0EB53D7D6090BE92E5983E65695A3ECDC6B9BE04B9A03E7D1D10BEFB48233CF2B25D3E432FBABE8782CB3CF716A4BE025BE0BC"
    }
  }
#-}
