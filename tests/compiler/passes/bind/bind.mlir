// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind | FileCheck %s
// RUN: streamtensor-opt %S/../Inputs/layers.mlir --tile --linalg-to-dataflow --fuse --bind | FileCheck %s --check-prefix=LAYERS

// CHECK: dataflow.engine @engine
// The input is used twice: by the first issue and by the residual.
// CHECK: %[[X:.*]]:2 = itensor.fork
// CHECK: %[[UP:.*]] = dataflow.issue @engine %[[X]]#{{.*}} q(%{{.*}}) d(%{{.*}}) m(%{{.*}})
// CHECK: %[[H:.*]] = dataflow.kernel "up_bias" (%{{.*}} = %[[UP]]
// The second issue takes its operand in the engine's order; only the residual needs rows.
// CHECK: %[[DOWN:.*]] = dataflow.issue @engine %[[H]] q(%{{.*}}) d(%{{.*}}) : !itensor.itensor<1x16xf32, [6, T max 16]*[16, 1]
// CHECK: itensor.converter %[[DOWN]] {buffer = array<i64: 16, 64>, shared_loops = 0 : i64}
// CHECK: dataflow.kernel "add"

// The residual is carried in the engine's order.
// LAYERS: scf.for {{.*}} -> (!itensor.itensor<1x16xf32, [2, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>)
// LAYERS: %[[R:.*]]:2 = itensor.fork
// LAYERS: dataflow.issue @engine %[[R]]#0
// LAYERS: dataflow.take_rows
// LAYERS: dataflow.issue @engine %{{.*}} : !itensor.itensor<1x32xf32, [W max 16]*[1], (d0) -> (d0, 0)>
