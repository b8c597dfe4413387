// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --attach-platform=name=u55c --assign-channels | FileCheck %s
// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=40 --attach-platform=name=v80 --assign-channels | FileCheck %s --check-prefix=V80
// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --attach-platform=name=u250 --assign-channels | FileCheck %s --check-prefix=U250
// RUN: sed 's/^module attributes {/&dataflow.platform = #dataflow.platform<name = "small", banks = 32, bank_bytes = 1000, on_chip_bytes = 100000>, /' %S/../Inputs/mlp.mlir | not streamtensor-opt --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --assign-channels 2>&1 | FileCheck %s --check-prefix=FULL
// RUN: not streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --assign-channels 2>&1 | FileCheck %s --check-prefix=NONE

// CHECK-DAG: dataflow.memory @descriptor {bank = {{.*}}, index = 0 : i64
// CHECK-DAG: dataflow.memory @status {bank = {{.*}}, index = 1 : i64
// CHECK-DAG: dataflow.memory @x {bank = {{.*}}, index = 2 : i64
// CHECK-DAG: dataflow.memory @output0 {bank = {{.*}}, index = 3 : i64
// CHECK-DAG: dataflow.memory @weights_0 {bank = 0 : i64, channel = 0 : i64, index = 4 : i64
// CHECK-DAG: dataflow.memory @weights_1 {bank = 16 : i64, channel = 1 : i64, index = 5 : i64
// CHECK-DAG: dataflow.memory @up_bias_value {bank = {{.*}}, index = 6 : i64

// V80-DAG: dataflow.memory @weights_0 {bank = 0 : i64
// V80-DAG: dataflow.memory @weights_1 {bank = 1 : i64
// V80-DAG: dataflow.memory @weights_39 {bank = 62 : i64

// U250-DAG: dataflow.memory @weights_0 {bank = 0 : i64
// U250-DAG: dataflow.memory @weights_1 {bank = 2 : i64

// FULL: does not fit: memory bank 0 of small would hold 5376 bytes, it has 1000; more weight channels hold less each
// NONE: names no platform, so there are no memory banks; attach-platform sets one
