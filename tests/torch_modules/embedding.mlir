#map = affine_map<(d0, d1, d2) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
module {
  func.func @main(%arg0: tensor<2x3xi64>) -> tensor<2x3x6xf32> {
    %c11 = arith.constant 11 : index
    %c0_i64 = arith.constant 0 : i64
    %cst = arith.constant dense_resource<torch_tensor_11_6_torch.float32> : tensor<11x6xf32>
    %0 = tensor.empty() : tensor<2x3x6xf32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg0 : tensor<2x3xi64>) outs(%0 : tensor<2x3x6xf32>) {
    ^bb0(%in: i64, %out: f32):
      %2 = arith.index_cast %in : i64 to index
      %3 = linalg.index 2 : index
      %4 = arith.cmpi slt, %2, %c11 : index
      cf.assert %4, "index must be smaller than dim size"
      %5 = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %5, "index must be larger or equal to 0"
      %extracted = tensor.extract %cst[%2, %3] : tensor<11x6xf32>
      linalg.yield %extracted : f32
    } -> tensor<2x3x6xf32>
    return %1 : tensor<2x3x6xf32>
  }
}

{-#
  dialect_resources: {
    builtin: {
      torch_tensor_11_6_torch.float32: "0x04000000B4CD633E872ACB3E278E843EDD3D1ABF5498D33C4995FB3FC1B564BFF21CCF3F713F173F34AF79BF466DB5BF3068AABD1531943F25F91B3F9A7318C047A688BFBAC37EBFFF1BAD3ED418EABEB43F553F6673B9BF466293BFA57B8D3FAD1C4FBF36C2F33E8F06D23E471255BEBA99383F1BDBB13E665BC8BEF6FB53BF39BD943FACE645BF7B0322BF59F2C6BFF54DD6BE9E98B93EC2D9753E420ED3BEBA4B253DA418F63D638998BF2657EFBEF101853F1D1B37BF818BC1BE098699BF64386EBFA278C1BFC8FE283FB2899B3F531B09BE5CE606C05C4E053ED8911B3FCA36583F53A199BF654BF33EDA298C3CB31C0CC008FC1F3F6DC826BF33006B3D8EA7ABBFDDB867BE1A00C53F"
    }
  }
#-}
