// RUN: streamtensor-opt %s -split-input-file -verify-diagnostics -collect-checks

func.func @step(%x: tensor<2xf32>, %y: tensor<f32>) -> tensor<f32> attributes {dataflow.samples} {
  %zero = arith.constant 0.0 : f32
  %s = linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> ()>], iterator_types = ["reduction"]}
      ins(%x : tensor<2xf32>) outs(%y : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %in, %out : f32
    %ok = arith.cmpf ogt, %a, %zero : f32
    // expected-error @+1 {{asserts what was accumulated}}
    cf.assert %ok, "positive"
    linalg.yield %a : f32
  } -> tensor<f32>
  return %s : tensor<f32>
}
