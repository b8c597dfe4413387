// RUN: streamtensor-opt %s -split-input-file -order-sums -verify-diagnostics

func.func @f(%x: tensor<4x?xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{float sum over an index of unknown length}}
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x?xf32>) outs(%b : tensor<4xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %r = arith.addf %a, %acc : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<4x3x20xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{float sum over 2 indices, the last 20 long: the last must be a multiple of 16}}
  %0 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>, affine_map<(d0, d1, d2) -> (d0)>], iterator_types = ["parallel", "reduction", "reduction"]} ins(%x : tensor<4x3x20xf32>) outs(%b : tensor<4xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %r = arith.addf %a, %acc : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
