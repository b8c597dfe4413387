// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile | FileCheck %s
// RUN: streamtensor-opt %S/../Inputs/layers.mlir --tile | FileCheck %s --check-prefix=LAYERS

// What only contractions feed takes the engine's order: 16 columns of one row, column tiles outside.
// CHECK: ins(%{{.*}}, %{{.*}} : tensor<?x96xf32>, tensor<96xf32>)
// CHECK-SAME: dataflow.order = array<i64: 1, 0>, dataflow.tile = array<i64: 1, 16>
// The residual adds an input, which comes in rows.
// CHECK: ins(%{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<?x64xf32>)
// CHECK-SAME: dataflow.order = array<i64: 0>, dataflow.tile = array<i64: 1, 0>

// A residual that only contractions and itself feed keeps the engine's order through the layers.
// LAYERS: ins(%{{.*}}, %{{.*}} : tensor<?x32xf32>, tensor<?x32xf32>)
// LAYERS-SAME: dataflow.order = array<i64: 1, 0>, dataflow.tile = array<i64: 1, 16>
