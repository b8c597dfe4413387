// SPDX-License-Identifier: Apache-2.0
// A multilayer perceptron with a bias and a residual: no model that any pass knows.
module attributes {dataflow.symbols = {T = 16 : i64}} {
  func.func @step(%x: tensor<?x64xf32> {dataflow.input = "x", dataflow.symbol = "T"},
                  %uq: tensor<96x2x32xi4> {dataflow.weight = "up", dataflow.part = "q"},
                  %ud: tensor<96x2xf16> {dataflow.weight = "up", dataflow.part = "d"},
                  %um: tensor<96x2xf16> {dataflow.weight = "up", dataflow.part = "m"},
                  %bias: tensor<96xf32> {dataflow.weight = "up.bias", dataflow.part = "value"},
                  %dq: tensor<64x3x32xi8> {dataflow.weight = "down", dataflow.part = "q"},
                  %dd: tensor<64x3xf16> {dataflow.weight = "down", dataflow.part = "d"}) -> tensor<?x64xf32> {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %t = tensor.dim %x, %c0 : tensor<?x64xf32>
    %up = dataflow.contract %x, %uq, %ud, %um : tensor<?x64xf32>, tensor<96x2x32xi4>, tensor<96x2xf16>, tensor<96x2xf16> -> tensor<?x96xf32>
    %e = tensor.empty(%t) : tensor<?x96xf32>
    %h = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%up, %bias : tensor<?x96xf32>, tensor<96xf32>) outs(%e : tensor<?x96xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %s = arith.addf %a, %b : f32
      %m = arith.maximumf %s, %zero : f32
      linalg.yield %m : f32
    } -> tensor<?x96xf32>
    %down = dataflow.contract %h, %dq, %dd : tensor<?x96xf32>, tensor<64x3x32xi8>, tensor<64x3xf16> -> tensor<?x64xf32>
    %e2 = tensor.empty(%t) : tensor<?x64xf32>
    %y = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%x, %down : tensor<?x64xf32>, tensor<?x64xf32>) outs(%e2 : tensor<?x64xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %s = arith.addf %a, %b : f32
      linalg.yield %s : f32
    } -> tensor<?x64xf32>
    return %y : tensor<?x64xf32>
  }
}
