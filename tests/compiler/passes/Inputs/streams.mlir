// SPDX-License-Identifier: Apache-2.0
// Operations on itensors that no operation on tensors becomes: streams that are cut, put together and merged.
#id = affine_map<(d0, d1) -> (d0, d1)>
!four = !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
!two = !itensor.itensor<1x16xf32, [2, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
!pairs = !itensor.itensor<1x16xf32, [2, T max 16, 2]*[32, 1, 16], (d0, d1, d2) -> (d1, d0 + d2)>
module attributes {dataflow.symbols = {T = 16 : i64}} {
  // Three layers swap the halves of the columns and take 16 of each in turn; then one half minus the other.
  func.func @step(%x: tensor<?x64xf32> {dataflow.input = "x", dataflow.symbol = "T"}) -> tensor<?x32xf32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %t = tensor.dim %x, %c0 : tensor<?x64xf32>
    %z = scf.for %layer = %c0 to %c3 step %c1 iter_args(%r = %x) -> (tensor<?x64xf32>) {
      %tiles = builtin.unrealized_conversion_cast %r : tensor<?x64xf32> to !four
      %left, %right = itensor.chunk %tiles dim 1 : !four to !two, !two
      %swapped = itensor.concat %right, %left dim 1 : !two, !two to !four
      %first, %second = itensor.chunk %swapped dim 1 : !four to !two, !two
      %merged = itensor.join %first, %second : !two, !two to !pairs
      %next = builtin.unrealized_conversion_cast %merged : !pairs to tensor<?x64xf32>
      scf.yield %next : tensor<?x64xf32>
    }
    %tiles = builtin.unrealized_conversion_cast %z : tensor<?x64xf32> to !four
    %left_tiles, %right_tiles = itensor.chunk %tiles dim 1 : !four to !two, !two
    %left = builtin.unrealized_conversion_cast %left_tiles : !two to tensor<?x32xf32>
    %right = builtin.unrealized_conversion_cast %right_tiles : !two to tensor<?x32xf32>
    %e = tensor.empty(%t) : tensor<?x32xf32>
    %y = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%left, %right : tensor<?x32xf32>, tensor<?x32xf32>) outs(%e : tensor<?x32xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %difference = arith.subf %a, %b : f32
      linalg.yield %difference : f32
    } -> tensor<?x32xf32>
    return %y : tensor<?x32xf32>
  }
}
