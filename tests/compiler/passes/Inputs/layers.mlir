// SPDX-License-Identifier: Apache-2.0
// Three layers of x + W x on 32 columns, then the rows that want logits and a head of 48.
#id = affine_map<(d0, d1) -> (d0, d1)>
module attributes {dataflow.symbols = {T = 16 : i64, W = 16 : i64}} {
  func.func @step(%x: tensor<?x32xf32> {dataflow.input = "x", dataflow.symbol = "T"},
                  %wants: tensor<?xi32> {dataflow.field = "wants_logits", dataflow.symbol = "T"},
                  %q: tensor<3x32x1x32xi4> {dataflow.weight = "blk.{layer}.w", dataflow.part = "q"},
                  %d: tensor<3x32x1xf16> {dataflow.weight = "blk.{layer}.w", dataflow.part = "d"},
                  %hq: tensor<48x1x32xi8> {dataflow.weight = "head", dataflow.part = "q"},
                  %hd: tensor<48x1xf16> {dataflow.weight = "head", dataflow.part = "d"}) -> tensor<?x48xf32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %t = tensor.dim %x, %c0 : tensor<?x32xf32>
    %y = scf.for %layer = %c0 to %c3 step %c1 iter_args(%r = %x) -> (tensor<?x32xf32>) {
      %lq = tensor.extract_slice %q[%layer, 0, 0, 0] [1, 32, 1, 32] [1, 1, 1, 1] : tensor<3x32x1x32xi4> to tensor<32x1x32xi4>
      %ld = tensor.extract_slice %d[%layer, 0, 0] [1, 32, 1] [1, 1, 1] : tensor<3x32x1xf16> to tensor<32x1xf16>
      %p = dataflow.contract %r, %lq, %ld : tensor<?x32xf32>, tensor<32x1x32xi4>, tensor<32x1xf16> -> tensor<?x32xf32>
      %e = tensor.empty(%t) : tensor<?x32xf32>
      %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%r, %p : tensor<?x32xf32>, tensor<?x32xf32>) outs(%e : tensor<?x32xf32>) {
      ^bb0(%a: f32, %b: f32, %o: f32):
        %sum = arith.addf %a, %b : f32
        linalg.yield %sum : f32
      } -> tensor<?x32xf32>
      scf.yield %s : tensor<?x32xf32>
    }
    %rows = dataflow.take_rows %y, %wants : tensor<?x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
    %logits = dataflow.contract %rows, %hq, %hd : tensor<?x32xf32>, tensor<48x1x32xi8>, tensor<48x1xf16> -> tensor<?x48xf32>
    return %logits : tensor<?x48xf32>
  }
}
