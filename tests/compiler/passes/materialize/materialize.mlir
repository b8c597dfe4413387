// RUN: streamtensor-opt %S/../Inputs/layers.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 | FileCheck %s

// CHECK: dataflow.design @streamtensor_step attributes {layers = 3 : i64
// CHECK-DAG: dataflow.memory @weights_1 {channel = 1 : i64, role = "weights"}
// CHECK-DAG: dataflow.memory @x {role = "input", type = tensor<?x32xf32>}
// CHECK-DAG: dataflow.stream @activation_switch_to_engine frames depth 2 from @activation_switch to @engine {words = 16 : i64}
// The one sequence of issues, on each of the three.
// CHECK: process.activation_switch @activation_switch
// CHECK-SAME: prologue [] layer [#process.frame<source = 0, groups = 1, rows = T, order = tiles>]
// CHECK-SAME: epilogue [#process.frame<source = 1, groups = 1, rows = W, order = rows>]
// CHECK: process.engine @engine
// CHECK-SAME: lanes 1
// CHECK-SAME: layer [#process.issue<bits = 4, groups = 1, row_tiles = 2, rows = T, alternate = false, weights = [<name = "blk.{layer}.w", rows = 32, minimum = false>]>]
// CHECK-SAME: epilogue [#process.issue<bits = 8, groups = 1, row_tiles = 3, rows = W, alternate = false, weights = [<name = "head", rows = 48, minimum = false>]>]
// CHECK: process.result_switch @result_switch
// CHECK-SAME: layer [#process.route<sinks = [0], row_tiles = 2, rows = T>]
// CHECK-SAME: epilogue [#process.route<sinks = [1], row_tiles = 3, rows = W>]
// CHECK: process.load @load_x reads [@header_to_load_x]
// CHECK: process.carry @carry reads [@header_to_carry, @convert_to_carry, @add_to_carry] writes [@carry_to_fork, @carry_to_convert_2]
// CHECK: process.kernel @add layer
// CHECK: process.take_rows @take_rows epilogue
// CHECK: process.header @header reads [] writes [@header_words] memories [@descriptor]
// CHECK: process.fan_out @header_fan_out reads [@header_words]
// CHECK: process.write_status @write_status reads [@header_status, @done_store_output0] writes [] memories [@status]
// CHECK-NOT: func.func
