// At the least depths the network completes for every step; one less of a reconvergent channel or of the ring
// and it stops, and the pass names the cycle.

// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --size-fifos=exact=true > %t.mlir
// RUN: streamtensor-opt %t.mlir --verify-bound > /dev/null
// RUN: sed 's/@fork_to_add words depth 59/@fork_to_add words depth 58/' %t.mlir | not streamtensor-opt --verify-bound 2>&1 | FileCheck %s
// RUN: sed 's/@activation_switch_to_engine frames depth 2/@activation_switch_to_engine frames depth 1/' %t.mlir | not streamtensor-opt --verify-bound 2>&1 | FileCheck %s --check-prefix=RING
// RUN: streamtensor-opt %S/../Inputs/layers.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --size-fifos=exact=true > %t.layers.mlir
// RUN: sed 's/row_tiles = 2, rows = T, alternate/row_tiles = 2, rows = W, alternate/' %t.layers.mlir | not streamtensor-opt --verify-bound 2>&1 | FileCheck %s --check-prefix=ORDER

// CHECK: error: {{.*}}deadlocks with T = 16 and W = 0: {{.*}} -> waits for full FIFO 'fork_to_add' (depth 58) -> add -> waits for empty FIFO
// RING: error: {{.*}}deadlocks with T = {{.*}} -> waits for full FIFO 'activation_switch_to_engine' (depth 1) -> engine
// ORDER: error: {{.*}}@engine and @activation_switch disagree on section layer of @activation_switch_to_engine: number 0 is given as 1 x T rows of 1 and taken as 1 x W rows of 1
