// RUN: not streamtensor-opt %S/../Inputs/layers.mlir --tile --linalg-to-dataflow --fuse --bind --materialize --order-processes=most=0 2>&1 | FileCheck %s --check-prefix=MOST
// RUN: streamtensor-opt %s --order-processes -split-input-file -verify-diagnostics

// MOST: error: needs 1 backward streams where at most 0 are allowed: @add_to_carry

// expected-error@+1 {{has a cycle of processes without a stream of words; no other may go backward}}
dataflow.design @step attributes {layers = 1 : i64, symbols = {T = 16 : i64, W = 16 : i64}} {
  dataflow.stream @there header depth 2 from @one to @two {}
  dataflow.stream @back header depth 2 from @two to @one {}
  process.fan_out @one reads [@back] writes [@there] memories []
  process.fan_out @two reads [@there] writes [@back] memories []
}
