// RUN: streamtensor-opt %s -split-input-file -quantize -verify-diagnostics

// The weight is found through a call and a slice of its stack.
func.func private @block(%x: tensor<?x64xf32>, %w: tensor<48x64xf32>, %z: tensor<?x48xf32>) -> tensor<?x48xf32> {
  // expected-error@+1 {{matrix product with the float32 weight 'blk.{layer}.ffn_up.weight' ('tensor<48x64xf32>'): weights of products must be block-quantised}}
  %0 = linalg.matmul_transpose_b ins(%x, %w : tensor<?x64xf32>, tensor<48x64xf32>) outs(%z : tensor<?x48xf32>) -> tensor<?x48xf32>
  return %0 : tensor<?x48xf32>
}
func.func @step(%x: tensor<?x64xf32>, %w: tensor<3x48x64xf32> {dataflow.weight = "blk.{layer}.ffn_up.weight", dataflow.part = "value"}, %z: tensor<?x48xf32>) -> tensor<?x48xf32> {
  %s = tensor.extract_slice %w[1, 0, 0] [1, 48, 64] [1, 1, 1] : tensor<3x48x64xf32> to tensor<48x64xf32>
  %0 = func.call @block(%x, %s, %z) : (tensor<?x64xf32>, tensor<48x64xf32>, tensor<?x48xf32>) -> tensor<?x48xf32>
  return %0 : tensor<?x48xf32>
}

// -----

#w3 = affine_map<(n, g, k) -> (n, g, k)>
#w2 = affine_map<(n, g, k) -> (n, g)>

// x is given transposed.
func.func @transposed(%x: tensor<64x4xf32>, %q: tensor<48x2x32xi8>, %d: tensor<48x2xf16>, %ew: tensor<48x2x32xf32>, %z: tensor<4x48xf32>) -> tensor<4x48xf32> {
  %w = linalg.generic {indexing_maps = [#w3, #w2, #w3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%q, %d : tensor<48x2x32xi8>, tensor<48x2xf16>) outs(%ew : tensor<48x2x32xf32>) {
  ^bb0(%a: i8, %s: f16, %o: f32):
    %af = arith.sitofp %a : i8 to f32
    %sf = arith.extf %s : f16 to f32
    %r = arith.mulf %sf, %af : f32
    linalg.yield %r : f32
  } -> tensor<48x2x32xf32>
  %flat = tensor.collapse_shape %w [[0], [1, 2]] : tensor<48x2x32xf32> into tensor<48x64xf32>
  // expected-error@+1 {{matrix product with a quantised weight must be x [.. x K] times w [N x K] transposed}}
  %0 = linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (k, t)>, affine_map<(t, n, k) -> (n, k)>, affine_map<(t, n, k) -> (t, n)>], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %flat : tensor<64x4xf32>, tensor<48x64xf32>) outs(%z : tensor<4x48xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %p = arith.mulf %a, %c : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<4x48xf32>
  return %0 : tensor<4x48xf32>
}
