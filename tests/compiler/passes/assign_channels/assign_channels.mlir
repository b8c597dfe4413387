// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --assign-channels | FileCheck %s
// RUN: not streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --assign-channels=channel-bytes=1000 2>&1 | FileCheck %s --check-prefix=FULL

// CHECK-DAG: dataflow.memory @descriptor {bank = {{.*}}, index = 0 : i64
// CHECK-DAG: dataflow.memory @status {bank = {{.*}}, index = 1 : i64
// CHECK-DAG: dataflow.memory @x {bank = {{.*}}, index = 2 : i64
// CHECK-DAG: dataflow.memory @output0 {bank = {{.*}}, index = 3 : i64
// CHECK-DAG: dataflow.memory @weights_0 {bank = 0 : i64, channel = 0 : i64, index = 4 : i64
// CHECK-DAG: dataflow.memory @weights_1 {bank = 16 : i64, channel = 1 : i64, index = 5 : i64
// CHECK-DAG: dataflow.memory @up_bias_value {bank = {{.*}}, index = 6 : i64

// FULL: does not fit: pseudo-channel 0 would hold 5376 bytes, it has 1000; more channels hold less each
