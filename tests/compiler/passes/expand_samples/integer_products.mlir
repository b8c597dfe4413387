// RUN: streamtensor-opt %s -split-input-file -expand-samples | FileCheck %s

// The sums of groups are in 32 bits; those of all groups, in 64, belong to the same process.
// CHECK-LABEL: func @step
// CHECK-NOT:     dataflow.contract
// CHECK:         arith.fptosi
// CHECK:         linalg.generic {{.+}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
// CHECK:           arith.extsi %{{.+}} : i8 to i32
// CHECK:         } -> tensor<5x3x2xi32>
// CHECK:         linalg.generic {{.+}} attrs = {dataflow.binding = {kind = "fused"}}
// CHECK:         } -> tensor<5x3xi64>
// CHECK:         } -> tensor<5x3xf32>
func.func @step(%x: tensor<5x64xf32>, %q: tensor<3x2x32xi8>, %d: tensor<3x2xf16>) -> tensor<5x3xf32> attributes {dataflow.samples} {
  %y = dataflow.contract %x, %q, %d : tensor<5x64xf32>, tensor<3x2x32xi8>, tensor<3x2xf16> -> tensor<5x3xf32>
  return %y : tensor<5x3xf32>
}

// -----

// Any other module has an engine.
// CHECK-LABEL: func @step
// CHECK:         dataflow.contract
func.func @step(%x: tensor<?x64xf32>, %q: tensor<3x2x32xi8>, %d: tensor<3x2xf16>) -> tensor<?x3xf32> {
  %y = dataflow.contract %x, %q, %d : tensor<?x64xf32>, tensor<3x2x32xi8>, tensor<3x2xf16> -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
