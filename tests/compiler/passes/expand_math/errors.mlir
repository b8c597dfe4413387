// RUN: streamtensor-opt %s -split-input-file -expand-math -verify-diagnostics

func.func @f(%x: f32) -> f32 {
  // expected-error@+1 {{'math.erf' op has no sequence of + - * / sqrt}}
  %0 = math.erf %x : f32
  return %0 : f32
}

// -----

func.func @f(%x: f32, %y: f32) -> f32 {
  // expected-error@+1 {{'math.powf' op with this exponent is not supported}}
  %0 = math.powf %x, %y : f32
  return %0 : f32
}

// -----

func.func @f(%x: f16) -> f16 {
  // expected-error@+1 {{'arith.addf' op computes in 'f16': only float32 arithmetic can be compiled}}
  %0 = arith.addf %x, %x : f16
  return %0 : f16
}

// -----

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{'math.exp' op on whole tensors: expected it inside a linalg operation}}
  %0 = math.exp %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}
