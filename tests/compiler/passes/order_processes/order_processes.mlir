// RUN: streamtensor-opt %S/../Inputs/layers.mlir --tile --linalg-to-dataflow --fuse --bind --materialize=channels=2 --order-processes=most=1 | FileCheck %s

// Every process follows those that it reads from. Only the residual goes backward, from @add to @carry.
// CHECK: process.header @header
// CHECK: process.carry @carry
// CHECK: process.fork @fork
// CHECK: process.activation_switch @activation_switch
// CHECK: process.engine @engine
// CHECK: process.result_switch @result_switch
// CHECK: process.kernel @add
// CHECK: process.store @store_output0
// CHECK: process.write_status @write_status
