// RUN: streamtensor-opt %S/../Inputs/layers.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 | FileCheck %s

// CHECK: dataflow.design @streamtensor_step attributes {layers = 3 : i64
// CHECK-DAG: dataflow.memory @weights_1 {channel = 1 : i64, role = "weights"}
// CHECK-DAG: dataflow.memory @x {role = "input", type = tensor<?x32xf32>}
// CHECK-DAG: dataflow.stream @activation_switch_to_engine frames depth 2 from @activation_switch to @engine {words = 16 : i64}
// The one sequence of issues, on each of the three.
// CHECK: dataflow.process @activation_switch activation_switch all
// CHECK-SAME: epilogue = [{groups = 1 : i64, order = "rows", rows = "W", source = 1 : i64}]
// CHECK-SAME: layer = [{groups = 1 : i64, order = "tiles", rows = "T", source = 0 : i64}]
// CHECK: dataflow.process @engine engine all
// CHECK-SAME: epilogue = [{bits = 8 : i64, groups = 1 : i64, minimum = array<i64: 0>, row_tiles = 3 : i64, rows = "W", weight_rows = array<i64: 48>, weights = ["head"]}]
// CHECK-SAME: layer = [{bits = 4 : i64, groups = 1 : i64, minimum = array<i64: 0>, row_tiles = 2 : i64, rows = "T", weight_rows = array<i64: 32>, weights = ["blk.{layer}.w"]}]
// CHECK: dataflow.process @result_switch result_switch all
// CHECK-SAME: epilogue = [{row_tiles = 3 : i64, rows = "W", sinks = array<i64: 1>}]
// CHECK-SAME: layer = [{row_tiles = 2 : i64, rows = "T", sinks = array<i64: 0>}]
// CHECK: dataflow.process @load_x load prologue
// CHECK: dataflow.process @carry carry all reads [@header_to_carry, @convert_to_carry, @add_to_carry] writes [@carry_to_fork, @carry_to_convert_2]
// CHECK: dataflow.process @add kernel layer
// CHECK: dataflow.process @take_rows take_rows epilogue
// CHECK: dataflow.process @header header prologue reads []
// CHECK-NOT: func.func
