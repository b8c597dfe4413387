// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --attach-platform=name=u55c --assign-channels | FileCheck %s
// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=40 --attach-platform=name=v80 --assign-channels | FileCheck %s --check-prefix=V80
// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --attach-platform=name=u250 --assign-channels | FileCheck %s --check-prefix=U250
// RUN: sed 's/^module attributes {/&dataflow.platform = #dataflow.platform<name = "small", banks = 32, bank_bytes = 1000, on_chip_bytes = 100000>, /' %S/../Inputs/mlp.mlir | not streamtensor-opt --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --assign-channels 2>&1 | FileCheck %s --check-prefix=FULL
// RUN: sed 's/^module attributes {/&dataflow.platform = #dataflow.platform<name = "small", banks = 32, bank_bytes = 4096, on_chip_bytes = 100000>, /' %S/../Inputs/mlp.mlir | streamtensor-opt --tile --linalg-to-dataflow --fuse --bind --materialize --assign-channels | FileCheck %s --check-prefix=MANY
// RUN: sed 's/^module attributes {/&dataflow.platform = #dataflow.platform<name = "small", banks = 8, bank_bytes = 8192, on_chip_bytes = 100000>, /' %S/../Inputs/attention.mlir | not streamtensor-opt --tile --linalg-to-dataflow --fuse --bind --materialize --assign-channels 2>&1 | FileCheck %s --check-prefix=FEW
// RUN: sed 's/^module attributes {/&dataflow.platform = #dataflow.platform<name = "small", banks = 32, bank_bytes = 8192, on_chip_bytes = 100000>, /' %S/../Inputs/attention.mlir | streamtensor-opt --tile --linalg-to-dataflow --fuse --bind --materialize --assign-channels | FileCheck %s --check-prefix=POOLS
// RUN: not streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --assign-channels 2>&1 | FileCheck %s --check-prefix=NONE

// CHECK-DAG: dataflow.memory @descriptor {bank = {{.*}}, index = 0 : i64
// CHECK-DAG: dataflow.memory @status {bank = {{.*}}, index = 1 : i64
// CHECK-DAG: dataflow.memory @x {bank = {{.*}}, index = 2 : i64
// CHECK-DAG: dataflow.memory @output0 {bank = {{.*}}, index = 3 : i64
// CHECK-DAG: dataflow.memory @weights_0 {bank = 0 : i64, channel = 0 : i64, index = 4 : i64
// CHECK-DAG: dataflow.memory @weights_1 {bank = 1 : i64, channel = 1 : i64, index = 5 : i64
// CHECK-DAG: dataflow.memory @up_bias_value {bank = {{.*}}, index = 6 : i64

// V80-DAG: dataflow.memory @weights_0 {bank = 0 : i64
// V80-DAG: dataflow.memory @weights_1 {bank = 1 : i64
// V80-DAG: dataflow.memory @weights_39 {bank = 39 : i64

// U250-DAG: dataflow.memory @weights_0 {bank = 0 : i64
// U250-DAG: dataflow.memory @weights_1 {bank = 1 : i64

// FULL: does not fit: memory bank 0 of small would hold 8192 bytes, it has 1000; the weights take {{[0-9]+}} bytes, and more weight channels hold less each
// The channels are as many as the weights need.
// MANY-DAG: dataflow.memory @weights_3 {bank = 3 : i64, channel = 3 : i64
// MANY-NOT: @weights_4

// Both pools lie behind all other memories, each in half of the banks there.
// POOLS-DAG: dataflow.memory @x {bank = {{[0-3]}} : i64
// POOLS-DAG: dataflow.memory @k_read {bank = 4 : i64
// POOLS-DAG: dataflow.memory @k_write {bank = 4 : i64
// POOLS-DAG: dataflow.memory @v_read {bank = 18 : i64
// POOLS-DAG: dataflow.memory @v_write {bank = 18 : i64

// FEW: does not fit: the pages of one sequence take 32768 bytes, small has 24576 left for them; a smaller --max-context needs less

// NONE: names no platform, so there are no memory banks; attach-platform sets one
