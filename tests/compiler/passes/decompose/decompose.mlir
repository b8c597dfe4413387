// RUN: streamtensor-opt %s -split-input-file -decompose -canonicalize | FileCheck %s

// CHECK-LABEL: func @contract
// CHECK-NOT:     dataflow.
// Largest magnitude of each group and of the row; its scale; by how much each group is finer; the rounded
// activations and their sums.
// CHECK:         linalg.generic {{.*}}["parallel", "parallel", "reduction"]
// CHECK:           arith.cmpf ogt
// CHECK:         linalg.generic {{.*}}["parallel", "reduction"]
// CHECK:           arith.cmpf ogt
// CHECK:         linalg.generic {{.*}}["parallel"]
// CHECK:           arith.divf
// CHECK:         linalg.generic {{.*}}["parallel", "parallel"]
// CHECK-COUNT-3:   arith.cmpf ole
// CHECK:         linalg.generic
// CHECK:           arith.divf
// CHECK:           arith.fptosi
// CHECK:         linalg.generic
// CHECK:           arith.addi
// The weight's scales and offsets in units of its rows.
// CHECK:         linalg.generic {{.*}}["parallel", "reduction"]
// CHECK:         linalg.generic {{.*}}["parallel"]
// CHECK:           arith.shrui
// CHECK-COUNT-2:   arith.fptosi
// Integer dot products, their sum over groups, and one float product.
// CHECK:         linalg.generic {{.*}}["parallel", "parallel", "parallel", "reduction"]
// CHECK:           arith.extui
// CHECK:           arith.muli
// CHECK:         linalg.generic {{.*}}["parallel", "parallel", "reduction"]
// CHECK:         ^bb0(%[[I:[^:]+]]: i32, %[[D:[^:]+]]: i32, %[[M:[^:]+]]: i32, %[[A:[^:]+]]: i32, %[[S:[^:]+]]: i32, %[[ACC:[^:]+]]: i64)
// CHECK-DAG:       %[[P:.+]] = arith.muli %[[D]], %[[I]]
// CHECK-DAG:       %[[O:.+]] = arith.muli %[[M]], %[[A]]
// CHECK:           %[[U:.+]] = arith.addi %[[P]], %[[O]]
// CHECK-DAG:       %[[W:.+]] = arith.extsi %[[U]]
// CHECK:           %[[V:.+]] = arith.shli %[[W]]
// CHECK:           arith.addi %[[ACC]], %[[V]]
// CHECK:         linalg.generic {{.*}}["parallel", "parallel"]
// CHECK:           arith.sitofp {{.*}} : i64 to f32
func.func @contract(%x: tensor<?x64xf32>, %q: tensor<48x2x32xi4>, %d: tensor<48x2xf16>, %m: tensor<48x2xf16>) -> tensor<?x48xf32> {
  %0 = dataflow.contract %x, %q, %d, %m : tensor<?x64xf32>, tensor<48x2x32xi4>, tensor<48x2xf16>, tensor<48x2xf16> -> tensor<?x48xf32>
  return %0 : tensor<?x48xf32>
}

// -----

// Four groups of activations share a weight's scale.
// CHECK-LABEL: func @shared
// CHECK-SAME:    %[[Q:[^:]+]]: tensor<48x2x128xi4>
// CHECK:         %[[FLAT:.+]] = tensor.collapse_shape %[[Q]] {{\[\[}}0], [1, 2]]
// CHECK:         %[[G:.+]] = tensor.expand_shape %[[FLAT]] {{\[\[}}0], [1, 2]] {{.*}} into tensor<48x8x32xi4>
// CHECK:         %[[I:.+]] = linalg.generic {{.*}}["parallel", "parallel", "parallel", "reduction"]} ins(%{{.*}}, %[[G]]
// CHECK:         tensor.expand_shape %[[I]] {{.*}} into tensor<?x48x2x4xi32>
// CHECK:         linalg.generic {{.*}}["parallel", "parallel", "reduction", "reduction"]
func.func @shared(%x: tensor<?x256xf32>, %q: tensor<48x2x128xi4>, %d: tensor<48x2xf16>, %m: tensor<48x2xf16>) -> tensor<?x48xf32> {
  %0 = dataflow.contract %x, %q, %d, %m : tensor<?x256xf32>, tensor<48x2x128xi4>, tensor<48x2xf16>, tensor<48x2xf16> -> tensor<?x48xf32>
  return %0 : tensor<?x48xf32>
}

// -----

// CHECK-LABEL: func @take_rows
// CHECK:         %[[R:.+]]:2 = scf.for
// CHECK:         tensor.extract_slice %[[R]]#0[0] [%[[R]]#1] [1]
// CHECK:         linalg.generic
// CHECK:           tensor.extract
func.func @take_rows(%x: tensor<?x64xf32>, %f: tensor<?xi32>) -> tensor<?x64xf32> {
  %0 = dataflow.take_rows %x, %f : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

// CHECK:       func private @st_kv_append(tensor<?x?x?xf16> {{.*}}, tensor<?x?x?xf16> {{.*}}, tensor<?xi32> {{.*}}, tensor<?xi32> {{.*}}, index)
// CHECK-LABEL: func @append
// CHECK:         call @st_kv_append
func.func @append(%k: tensor<?x3x64xf16>, %v: tensor<?x3x64xf16>, %kp: tensor<?x2x3x32x64xf16>, %vp: tensor<?x2x3x32x64xf16>, %pt: tensor<16x4xi32>, %slot: tensor<?xi32>, %pos: tensor<?xi32>, %l: index) {
  dataflow.kv_append %k, %v, %kp, %vp, %pt, %slot, %pos, %l : tensor<?x3x64xf16>, tensor<?x3x64xf16>, tensor<?x2x3x32x64xf16>, tensor<?x2x3x32x64xf16>, tensor<16x4xi32>, tensor<?xi32>, tensor<?xi32>
  return
}

// -----

// CHECK-LABEL: func @attention
// CHECK-NOT:     dataflow.
// CHECK:         scf.for
// CHECK:           scf.if
// CHECK:         return
func.func @attention(%q: tensor<?x9x64xf32>, %k: tensor<?x3x64xf16>, %v: tensor<?x3x64xf16>, %kp: tensor<?x2x3x32x64xf16>, %vp: tensor<?x2x3x32x64xf16>, %pt: tensor<16x4xi32>, %slot: tensor<?xi32>, %pos: tensor<?xi32>, %start: tensor<?xi32>, %l: index) -> tensor<?x9x64xf32> {
  %0 = dataflow.paged_attention %q, %k, %v, %kp, %vp, %pt, %slot, %pos, %start, %l {scale = 1.250000e-01 : f32, kv_head_map = affine_map<(d0) -> (d0 floordiv 3)>} : tensor<?x9x64xf32>, tensor<?x3x64xf16>, tensor<?x3x64xf16>, tensor<?x2x3x32x64xf16>, tensor<?x2x3x32x64xf16>, tensor<16x4xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32> -> tensor<?x9x64xf32>
  return %0 : tensor<?x9x64xf32>
}
