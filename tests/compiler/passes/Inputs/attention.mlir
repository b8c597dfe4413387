// SPDX-License-Identifier: Apache-2.0
// Two layers of r + attention over r: queries, keys and values are the row itself, two heads of 32, one KV head each.
#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#matrix = affine_map<(d0, d1) -> (d0, d1)>
module attributes {dataflow.symbols = {T = 16 : i64}} {
  func.func @step(%x: tensor<?x64xf32> {dataflow.input = "x", dataflow.symbol = "T"},
                  %slot: tensor<?xi32> {dataflow.field = "slot", dataflow.symbol = "T"},
                  %position: tensor<?xi32> {dataflow.field = "position", dataflow.symbol = "T"},
                  %start: tensor<?xi32> {dataflow.field = "start", dataflow.symbol = "T"},
                  %pages: tensor<16x4xi32> {dataflow.field = "page_table"},
                  %k_pool: tensor<?x2x2x32x32xf16> {dataflow.pool = "k"},
                  %v_pool: tensor<?x2x2x32x32xf16> {dataflow.pool = "v"}) -> tensor<?x64xf32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %t = tensor.dim %x, %c0 : tensor<?x64xf32>
    %y = scf.for %layer = %c0 to %c2 step %c1 iter_args(%r = %x) -> (tensor<?x64xf32>) {
      %q = tensor.expand_shape %r [[0], [1, 2]] output_shape [%t, 2, 32] : tensor<?x64xf32> into tensor<?x2x32xf32>
      %e = tensor.empty(%t) : tensor<?x2x32xf16>
      %k = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%q : tensor<?x2x32xf32>) outs(%e : tensor<?x2x32xf16>) {
      ^bb0(%a: f32, %o: f16):
        %h = arith.truncf %a : f32 to f16
        linalg.yield %h : f16
      } -> tensor<?x2x32xf16>
      %o = dataflow.paged_attention %q, %k, %k, %k_pool, %v_pool, %pages, %slot, %position, %start, %layer
             {scale = 1.250000e-01 : f32, kv_head_map = affine_map<(d0) -> (d0)>}
         : tensor<?x2x32xf32>, tensor<?x2x32xf16>, tensor<?x2x32xf16>, tensor<?x2x2x32x32xf16>, tensor<?x2x2x32x32xf16>,
           tensor<16x4xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32> -> tensor<?x2x32xf32>
      dataflow.kv_append %k, %k, %k_pool, %v_pool, %pages, %slot, %position, %layer
        : tensor<?x2x32xf16>, tensor<?x2x32xf16>, tensor<?x2x2x32x32xf16>, tensor<?x2x2x32x32xf16>, tensor<16x4xi32>,
          tensor<?xi32>, tensor<?xi32>
      %rows = tensor.collapse_shape %o [[0], [1, 2]] : tensor<?x2x32xf32> into tensor<?x64xf32>
      %f = tensor.empty(%t) : tensor<?x64xf32>
      %s = linalg.generic {indexing_maps = [#matrix, #matrix, #matrix], iterator_types = ["parallel", "parallel"]}
        ins(%r, %rows : tensor<?x64xf32>, tensor<?x64xf32>) outs(%f : tensor<?x64xf32>) {
      ^bb0(%a: f32, %b: f32, %c: f32):
        %sum = arith.addf %a, %b : f32
        linalg.yield %sum : f32
      } -> tensor<?x64xf32>
      scf.yield %s : tensor<?x64xf32>
    }
    return %y : tensor<?x64xf32>
  }
}
