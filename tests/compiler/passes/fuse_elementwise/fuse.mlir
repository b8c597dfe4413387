// RUN: streamtensor-opt %s -split-input-file -fuse-elementwise | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>

// A chain with one user each becomes one operation.
// CHECK-LABEL: func @chain
// CHECK:         linalg.generic
// CHECK:           arith.negf
// CHECK-NEXT:      math.exp
// CHECK-NEXT:      arith.addf
// CHECK-NOT:     linalg.generic
// CHECK:         return
func.func @chain(%x: tensor<?x64xf32>, %e: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %one = arith.constant 1.0 : f32
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.negf %a : f32
    linalg.yield %r : f32
  } -> tensor<?x64xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = math.exp %a : f32
    %r = arith.addf %s, %one : f32
    linalg.yield %r : f32
  } -> tensor<?x64xf32>
  return %1 : tensor<?x64xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

// What two read is computed once.
// CHECK-LABEL: func @two_users
// CHECK:         %[[A:.+]] = linalg.generic
// CHECK:           math.exp
// CHECK:         linalg.generic {{.*}} ins(%[[A]] :
// CHECK:           math.sqrt
func.func @two_users(%x: tensor<?x64xf32>, %e: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<?x64xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%0, %0 : tensor<?x64xf32>, tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %s = math.sqrt %a : f32
    %r = arith.addf %s, %b : f32
    linalg.yield %r : f32
  } -> tensor<?x64xf32>
  return %0, %1 : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#t = affine_map<(d0) -> (d0)>

// A row's factor is not computed again for each column; the square goes into the sum.
// CHECK-LABEL: func @norm
// CHECK:         linalg.generic {{.*}}["parallel", "reduction"]
// CHECK:           arith.mulf
// CHECK-NEXT:      arith.addf
// CHECK:         %[[INV:.+]] = linalg.generic {{.*}}["parallel"]
// CHECK:           math.rsqrt
// CHECK:         linalg.generic {{.*}} ins(%{{.+}}, %[[INV]]
func.func @norm(%x: tensor<?x64xf32>, %e: tensor<?x64xf32>, %e1: tensor<?xf32>) -> tensor<?x64xf32> {
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %sq = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.mulf %a, %a : f32
    linalg.yield %r : f32
  } -> tensor<?x64xf32>
  %sum = linalg.reduce ins(%sq : tensor<?x64xf32>) outs(%z : tensor<?xf32>) dimensions = [1]
    (%a: f32, %acc: f32) {
      %r = arith.addf %a, %acc : f32
      linalg.yield %r : f32
    }
  %inv = linalg.generic {indexing_maps = [#t, #t], iterator_types = ["parallel"]} ins(%sum : tensor<?xf32>) outs(%e1 : tensor<?xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.rsqrt %a : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %inv : tensor<?x64xf32>, tensor<?xf32>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%a: f32, %i: f32, %o: f32):
    %r = arith.mulf %a, %i : f32
    linalg.yield %r : f32
  } -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#w3 = affine_map<(n, g, k) -> (n, g, k)>
#w2 = affine_map<(n, g, k) -> (n, g)>
#xm = affine_map<(t, n, g, k) -> (t, g, k)>
#wm = affine_map<(t, n, g, k) -> (n, g, k)>
#ym = affine_map<(t, n, g, k) -> (t, n)>

// A weight's dequantisation and the product that uses it stay apart.
// CHECK-LABEL: func @weight
// CHECK:         %[[W:.+]] = linalg.generic
// CHECK:           arith.sitofp
// CHECK:         linalg.generic {{.*}} ins(%{{.+}}, %[[W]]
// CHECK:           arith.mulf
// CHECK-NEXT:      arith.addf
func.func @weight(%x: tensor<?x2x32xf32>, %q: tensor<16x2x32xi8>, %d: tensor<16x2xf16>, %ew: tensor<16x2x32xf32>, %y: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %w = linalg.generic {indexing_maps = [#w3, #w2, #w3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%q, %d : tensor<16x2x32xi8>, tensor<16x2xf16>) outs(%ew : tensor<16x2x32xf32>) {
  ^bb0(%a: i8, %b: f16, %o: f32):
    %af = arith.sitofp %a : i8 to f32
    %bf = arith.extf %b : f16 to f32
    %r = arith.mulf %bf, %af : f32
    linalg.yield %r : f32
  } -> tensor<16x2x32xf32>
  %0 = linalg.generic {indexing_maps = [#xm, #wm, #ym], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%x, %w : tensor<?x2x32xf32>, tensor<16x2x32xf32>) outs(%y : tensor<?x16xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<?x16xf32>
  return %0 : tensor<?x16xf32>
}

// -----

// Named operations become generics; softmax is taken apart.
// CHECK-LABEL: func @softmax
// CHECK-NOT:     linalg.softmax
// CHECK:         math.exp
// CHECK:         arith.divf
func.func @softmax(%x: tensor<4x64xf32>, %e: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %0 = linalg.softmax dimension(1) ins(%x : tensor<4x64xf32>) outs(%e : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %0 : tensor<4x64xf32>
}
