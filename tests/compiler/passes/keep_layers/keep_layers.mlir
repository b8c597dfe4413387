// RUN: streamtensor-opt %s --keep-layers --canonicalize -split-input-file | FileCheck %s
// RUN: streamtensor-opt %s --keep-layers --decompose --canonicalize -split-input-file | FileCheck %s --check-prefix=REFERENCE

// The one loop over one layer stays; the reference may fold it.
// CHECK-LABEL: func.func @step
// CHECK: %[[LAYERS:.*]] = dataflow.layers 1 : index
// CHECK: scf.for %{{.*}} = %c0 to %[[LAYERS]] step %c1
// REFERENCE-LABEL: func.func @step
// REFERENCE-NOT: scf.for
func.func @step(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = scf.for %layer = %c0 to %c1 step %c1 iter_args(%r = %x) -> (tensor<?x32xf32>) {
    %e = linalg.exp ins(%r : tensor<?x32xf32>) outs(%r : tensor<?x32xf32>) -> tensor<?x32xf32>
    scf.yield %e : tensor<?x32xf32>
  }
  return %y : tensor<?x32xf32>
}

// -----

// More layers need no help; a loop over numbers is no loop over layers.
// CHECK-LABEL: func.func @three
// CHECK-NOT: dataflow.layers
// CHECK: scf.for
// CHECK-LABEL: func.func @numbers
// CHECK-NOT: scf.for
// REFERENCE-LABEL: func.func @three
func.func @three(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %y = scf.for %layer = %c0 to %c3 step %c1 iter_args(%r = %x) -> (tensor<?x32xf32>) {
    %e = linalg.exp ins(%r : tensor<?x32xf32>) outs(%r : tensor<?x32xf32>) -> tensor<?x32xf32>
    scf.yield %e : tensor<?x32xf32>
  }
  return %y : tensor<?x32xf32>
}
func.func @numbers(%x: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = scf.for %i = %c0 to %c1 step %c1 iter_args(%r = %x) -> (f32) {
    %s = arith.addf %r, %r : f32
    scf.yield %s : f32
  }
  return %y : f32
}
