// RUN: streamtensor-opt %s -split-input-file -narrow-float64 | FileCheck %s

// A module that has float64 for more than a detour computes in it.
// CHECK-LABEL: func @step
// CHECK:         arith.extf
// CHECK:         arith.mulf %{{.+}}, %{{.+}} : f64
func.func @step(%x: f32, %d: f64) -> f64 attributes {dataflow.samples} {
  %w = arith.extf %x : f32 to f64
  %y = arith.mulf %w, %d : f64
  return %y : f64
}

// -----

// CHECK-LABEL: func @step
// CHECK-NOT:     f64
func.func @step(%x: f32) -> f32 attributes {dataflow.samples} {
  %w = arith.extf %x : f32 to f64
  %y = arith.mulf %w, %w : f64
  %t = arith.truncf %y : f64 to f32
  return %t : f32
}
