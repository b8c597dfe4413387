// RUN: streamtensor-opt %s -split-input-file -narrow-float64 -verify-diagnostics

// Every place is named, not only the first.
func.func @step(%x: f32, %n: i64) -> (f32, f32, i64) {
  // expected-error@+1 {{is computed in float64: float32 can't hold the constant 1.000000e-300}}
  %tiny = arith.constant 1.0e-300 : f64
  // expected-error@+1 {{float32 can't hold the constant 1.000000e+300}}
  %huge = arith.constant 1.0e+300 : f64
  %w = arith.extf %x : f32 to f64
  %m = arith.mulf %w, %tiny : f64
  %p = arith.mulf %m, %huge : f64
  %t = arith.truncf %p : f64 to f32
  // expected-error@+1 {{it converts an integer that is not known to lie within 2^24}}
  %f = arith.sitofp %n : i64 to f64
  %u = arith.truncf %f : f64 to f32
  // expected-error@+1 {{it makes an integer of a float64}}
  %i = arith.fptosi %w : f64 to i64
  return %t, %u, %i : f32, f32, i64
}

// -----

// expected-error@+1 {{has a float64 argument or result; cards compute in float32}}
func.func @step(%x: f64) -> f64 {
  // expected-error@+1 {{has a float64 argument or result}}
  return %x : f64
}
