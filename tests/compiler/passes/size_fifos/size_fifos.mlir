// RUN: streamtensor-opt %S/../Inputs/layers.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --size-fifos | FileCheck %s
// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --size-fifos=exact=true | FileCheck %s --check-prefix=EXACT

// Two frames live at once; the residual waits in its FIFO while the engine works.
// CHECK-DAG: dataflow.stream @fork_to_add words depth {{[0-9]+}} from @fork to @add {minimum = [[MIN:[0-9]+]] : i64, role = "reconvergent"
// CHECK-DAG: dataflow.stream @engine_to_result_switch words depth 32 from @engine to @result_switch {minimum = 1 : i64

// EXACT-DAG: dataflow.stream @activation_switch_to_engine frames depth 2 from @activation_switch to @engine {minimum = 2 : i64, role = "ring", words = 48 : i64}
// EXACT-DAG: dataflow.stream @fork_to_add words depth 59 from @fork to @add {minimum = 59 : i64, role = "reconvergent"
// EXACT-DAG: dataflow.stream @convert_to_add words depth 1 from @convert to @add {minimum = 1 : i64
