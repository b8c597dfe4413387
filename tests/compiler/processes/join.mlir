// What itensor.join becomes, the depth that its sources need where one process writes them, and its errors.

// RUN: streamtensor-opt %s --numerics --dataflow=exact=true > %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: sed 's/@chunk_to_join words depth 15/@chunk_to_join words depth 14/' %t.mlir | not streamtensor-opt --verify-bound 2>&1 | FileCheck %s --check-prefix=DEPTH
// RUN: sed '/@chunk_to_join words/s/\[1, T max 16\]/[T max 16]/; /@chunk_to_join words/s/\[16, 1\], (d0, d1) -> (d1, d0)/[1], (d0) -> (d0, 0)/' %t.mlir | streamtensor-opt > /dev/null
// RUN: sed '/process.chunk/{h;d}; /process.join/G; /@chunk_to_join words/s/\[1, T max 16\]/[2, T max 16]/' %t.mlir | not streamtensor-opt 2>&1 | FileCheck %s --check-prefix=SOURCES
// RUN: sed '/@join_to_store_output0 words/s/T max 16, 2\]/T max 16, 3]/' %t.mlir | not streamtensor-opt 2>&1 | FileCheck %s --check-prefix=RESULT
// RUN: sed '/@join_to_store_output0 words/s/1x16xf32/1x32xf32/' %t.mlir | not streamtensor-opt 2>&1 | FileCheck %s --check-prefix=RESULT
// RUN: sed '/from @chunk to @join/s/@join/@store_output0/; s/reads \[@header_to_join, @chunk_to_join, @chunk_to_join_2\]/reads [@header_to_join, @chunk_to_join]/' %t.mlir | not streamtensor-opt 2>&1 | FileCheck %s --check-prefix=OWNER

// The second source comes after all of the first: but for one word, that must be held.
// CHECK: dataflow.stream @chunk_to_join words depth 15 from @chunk to @join {minimum = 15 : i64, role = "reconvergent"
// CHECK: dataflow.stream @chunk_to_join_2 words depth 1 from @chunk to @join
// CHECK: process.join @join prologue reads [@header_to_join, @chunk_to_join, @chunk_to_join_2] writes [@join_to_store_output0] memories []

// DEPTH: error: {{.*}}deadlocks with T = 16 and W = 0: {{.*}}waits for full FIFO 'chunk_to_join' (depth 14) -> join -> waits for empty FIFO 'chunk_to_join_2'
// SOURCES: error: 'process.join' op takes elements in turn from @chunk_to_join, which carries {{.*}}, and @chunk_to_join_2, which carries
// RESULT: error: 'process.join' op joins 2 streams as @chunk_to_join, which carries {{.*}}; that is not what @join_to_store_output0 carries
// OWNER: error: 'process.join' op holds the read end of @chunk_to_join, which belongs to @store_output0

!whole = !itensor.itensor<1x16xf32, [2, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
!part = !itensor.itensor<1x16xf32, [1, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
!pairs = !itensor.itensor<1x16xf32, [1, T max 16, 2]*[32, 1, 16], (d0, d1, d2) -> (d1, d0 + d2)>
module attributes {dataflow.symbols = {T = 16 : i64}} {
  func.func @step(%x: tensor<?x32xf32> {dataflow.input = "x", dataflow.symbol = "T"}) -> tensor<?x32xf32> {
    %tiles = builtin.unrealized_conversion_cast %x : tensor<?x32xf32> to !whole
    %left, %right = itensor.chunk %tiles dim 1 : !whole to !part, !part
    %merged = itensor.join %left, %right : !part, !part to !pairs
    %y = builtin.unrealized_conversion_cast %merged : !pairs to tensor<?x32xf32>
    return %y : tensor<?x32xf32>
  }
}
