// RUN: streamtensor-opt %s -widen-halves | FileCheck %s

// CHECK-LABEL: func @f
// CHECK-SAME:    (%[[A:.+]]: f16, %[[B:.+]]: bf16, %[[C:.+]]: i1)
// CHECK:         %[[X:.+]] = arith.extf %[[A]] : f16 to f32
// CHECK:         %[[Y:.+]] = arith.extf %[[A]] : f16 to f32
// CHECK:         %[[P:.+]] = arith.mulf %[[X]], %[[Y]] : f32
// CHECK:         %[[R:.+]] = arith.truncf %[[P]] : f32 to f16
// CHECK:         arith.select %[[C]], %[[R]], %[[A]] : f16
// CHECK:         math.exp %{{.+}} : f32
// CHECK:         arith.truncf %{{.+}} : f32 to bf16
// CHECK:         arith.cmpf olt, %{{.+}}, %{{.+}} : f32
func.func @f(%a: f16, %b: bf16, %c: i1) -> (f16, bf16, i1) {
  %p = arith.mulf %a, %a : f16
  %s = arith.select %c, %p, %a : f16
  %e = math.exp %b : bf16
  %l = arith.cmpf olt, %e, %b : bf16
  return %s, %e, %l : f16, bf16, i1
}
