// What itensor.concat becomes, the depth that a part needs while an earlier one is taken, and its errors.

// RUN: streamtensor-opt %s --numerics --dataflow=exact=true > %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: sed 's/@chunk_to_concat_2 words depth 32/@chunk_to_concat_2 words depth 31/' %t.mlir | not streamtensor-opt --verify-bound 2>&1 | FileCheck %s --check-prefix=DEPTH
// RUN: sed '/@concat_to_store_output0 words/s/\[3, T max 16\]/[4, T max 16]/' %t.mlir | not streamtensor-opt 2>&1 | FileCheck %s --check-prefix=SUM
// RUN: sed '/@concat_to_store_output0 words/s/\[3, T max 16\]/[T max 16, 3]/' %t.mlir | not streamtensor-opt 2>&1 | FileCheck %s --check-prefix=ORDER
// RUN: sed '/@header_to_concat header/d; s/@header_to_concat, //' %t.mlir | not streamtensor-opt 2>&1 | FileCheck %s --check-prefix=ENDS

// The first part arrives last: all of the others must be held.
// CHECK: dataflow.stream @chunk_to_concat words depth 1 from @chunk to @concat
// CHECK: dataflow.stream @chunk_to_concat_2 words depth 32 from @chunk to @concat {minimum = 32 : i64, role = "reconvergent"
// CHECK: process.concat @concat prologue reads [@header_to_concat, @chunk_to_concat, @chunk_to_concat_2] writes [@concat_to_store_output0] memories []

// DEPTH: error: {{.*}}deadlocks with T = 16 and W = 0: {{.*}}waits for full FIFO 'chunk_to_concat_2' (depth 31) -> concat -> waits for empty FIFO 'chunk_to_concat'
// SUM: error: 'process.concat' op moves parts of 3 outermost iterations together; @concat_to_store_output0 has 4
// ORDER: error: 'process.concat' op moves parts of @concat_to_store_output0 that differ from it in the outermost trip count only; @chunk_to_concat carries
// ENDS: error: 'process.concat' op reads streams of these kinds: header, words+; got words, words

!whole = !itensor.itensor<1x16xf32, [3, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
!two = !itensor.itensor<1x16xf32, [2, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
!one = !itensor.itensor<1x16xf32, [1, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
module attributes {dataflow.symbols = {T = 16 : i64}} {
  func.func @step(%x: tensor<?x48xf32> {dataflow.input = "x", dataflow.symbol = "T"}) -> tensor<?x48xf32> {
    %tiles = builtin.unrealized_conversion_cast %x : tensor<?x48xf32> to !whole
    %two, %one = itensor.chunk %tiles dim 1 : !whole to !two, !one
    %turned = itensor.concat %one, %two dim 1 : !one, !two to !whole
    %y = builtin.unrealized_conversion_cast %turned : !whole to tensor<?x48xf32>
    return %y : tensor<?x48xf32>
  }
}
