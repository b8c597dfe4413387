// What itensor.chunk becomes, the depth that its parts need where they meet again, and its errors.

// RUN: streamtensor-opt %s --numerics --dataflow=exact=true > %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: sed 's/@chunk_to_sub words depth 31/@chunk_to_sub words depth 30/' %t.mlir | not streamtensor-opt --verify-bound 2>&1 | FileCheck %s --check-prefix=DEPTH
// RUN: sed '/@chunk_to_sub words/s/\[2, T max 16\]/[3, T max 16]/' %t.mlir | not streamtensor-opt 2>&1 | FileCheck %s --check-prefix=SUM
// RUN: sed '/@chunk_to_sub words/s/\[2, T max 16\]/[T max 16, 2]/' %t.mlir | not streamtensor-opt 2>&1 | FileCheck %s --check-prefix=ORDER
// RUN: sed '/@chunk_to_sub words/s/<1x16xf32/<1x32xf32/' %t.mlir | not streamtensor-opt 2>&1 | FileCheck %s --check-prefix=ORDER
// RUN: sed '/process.chunk/s/reads \[@header_to_chunk, @convert_to_chunk\]/reads [@convert_to_chunk, @header_to_chunk]/' %t.mlir | not streamtensor-opt 2>&1 | FileCheck %s --check-prefix=ENDS

// While the first part goes out, who wants both waits for the second: all of the first but one word must be held.
// CHECK: dataflow.stream @chunk_to_sub words depth 31 from @chunk to @sub {minimum = 31 : i64, role = "reconvergent"
// CHECK: dataflow.stream @chunk_to_sub_2 words depth 1 from @chunk to @sub
// CHECK: process.chunk @chunk prologue reads [@header_to_chunk, @convert_to_chunk] writes [@chunk_to_sub, @chunk_to_sub_2] memories []

// DEPTH: error: {{.*}}deadlocks with T = 16 and W = 0: {{.*}}chunk -> waits for full FIFO 'chunk_to_sub' (depth 30) -> sub
// SUM: error: 'process.chunk' op moves parts of 5 outermost iterations together; @convert_to_chunk has 4
// ORDER: error: 'process.chunk' op moves parts of @convert_to_chunk that differ from it in the outermost trip count only; @chunk_to_sub carries
// ENDS: error: 'process.chunk' op reads streams of these kinds: header, words; got words, header

#id = affine_map<(d0, d1) -> (d0, d1)>
!four = !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
!two = !itensor.itensor<1x16xf32, [2, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
module attributes {dataflow.symbols = {T = 16 : i64}} {
  // One half of the columns minus the other.
  func.func @step(%x: tensor<?x64xf32> {dataflow.input = "x", dataflow.symbol = "T"}) -> tensor<?x32xf32> {
    %c0 = arith.constant 0 : index
    %t = tensor.dim %x, %c0 : tensor<?x64xf32>
    %tiles = builtin.unrealized_conversion_cast %x : tensor<?x64xf32> to !four
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
