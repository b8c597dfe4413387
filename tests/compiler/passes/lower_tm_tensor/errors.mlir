// RUN: streamtensor-opt %s -split-input-file -verify-diagnostics -lower-tm-tensor

func.func @scatter(%u: tensor<2xf32>, %i: tensor<2x1xi32>, %x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  // expected-error @+1 {{has updates that lack dimensions of its output}}
  %r = tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(false)
      ins(%u, %i : tensor<2xf32>, tensor<2x1xi32>) outs(%x : tensor<3x4xf32>) {
  ^bb0(%update: f32, %old: f32):
    tm_tensor.yield %update : f32
  } -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}

// -----

func.func @scan(%x: tensor<3x5xf32>, %a: tensor<3xf32>) -> tensor<3x5xf32> {
  // expected-error @+1 {{scans a dimension that its input lacks}}
  %r:2 = tm_tensor.scan dimension(2) inclusive(true) ins(%x : tensor<3x5xf32>) outs(%x, %a : tensor<3x5xf32>, tensor<3xf32>) {
  ^bb0(%sum: f32, %in: f32):
    tm_tensor.yield %sum : f32
  } -> tensor<3x5xf32>, tensor<3xf32>
  return %r#0 : tensor<3x5xf32>
}

// -----

func.func @sort(%x: tensor<3x5xf32>) -> tensor<3x5xf32> {
  // expected-error @+1 {{has a region of other arguments than its elements}}
  %r = tm_tensor.sort dimension(1) outs(%x : tensor<3x5xf32>) {
  ^bb0(%a: f32):
    %true = arith.constant true
    tm_tensor.yield %true : i1
  } -> tensor<3x5xf32>
  return %r : tensor<3x5xf32>
}

// -----

func.func @scatter(%u: tensor<2xf32>, %i: tensor<2x2xi32>, %x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  // expected-error @+1 {{has a dimension_map that names a dimension twice}}
  %r = tm_tensor.scatter {dimension_map = array<i64: 1, 1>} unique_indices(true)
      ins(%u, %i : tensor<2xf32>, tensor<2x2xi32>) outs(%x : tensor<3x4xf32>) {
  ^bb0(%update: f32, %old: f32):
    tm_tensor.yield %update : f32
  } -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}

// -----

func.func @topk(%x: tensor<3x5xf32>, %v: tensor<3x6xf32>, %n: tensor<3x6xi64>) -> tensor<3x6xf32> {
  // expected-error @+1 {{takes 6 of 5 elements of dimension 1}}
  %r:2 = tm_tensor.topk dimension(1) ins(%x : tensor<3x5xf32>) outs(%v, %n : tensor<3x6xf32>, tensor<3x6xi64>) {
  ^bb0(%a: f32, %b: f32):
    %first = arith.cmpf ogt, %a, %b : f32
    tm_tensor.yield %first : i1
  } -> tensor<3x6xf32>, tensor<3x6xi64>
  return %r#0 : tensor<3x6xf32>
}

// -----

func.func @attention(%q: tensor<3x4xf32>, %k: tensor<5x4xf32>, %v: tensor<6x4xf32>) -> tensor<3x4xf32> {
  // expected-error @+1 {{has queries, keys, values and an output whose sizes don't fit}}
  %r = tm_tensor.attention ins(%q, %k, %v : tensor<3x4xf32>, tensor<5x4xf32>, tensor<6x4xf32>) outs(%q : tensor<3x4xf32>) -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}
