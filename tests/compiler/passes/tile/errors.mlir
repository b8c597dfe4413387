// RUN: streamtensor-opt %s --tile -split-input-file -verify-diagnostics

// expected-error@+1 {{has no function @step to compile}}
module {
}

// -----
func.func @step(%x: tensor<4x8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  // A sum over the rows has no rows to stream.
  // expected-error@+1 {{has a result without rows}}
  %y = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (0)>], iterator_types = ["parallel", "parallel"]}
    ins(%x : tensor<4x8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<8xf32>
  return %y : tensor<8xf32>
}
