// A tensor that was an itensor of column tiles is worked on tile by tile, so that no converter is needed; in any other
// order it is taken by rows.

// RUN: streamtensor-opt %s --tile | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
module attributes {dataflow.symbols = {T = 16 : i64}} {
  func.func @step(%tiles: !itensor.itensor<1x16xf32, [2, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>,
                  %wide: !itensor.itensor<1x32xf32, [2, T max 16]*[32, 1], (d0, d1) -> (d1, d0)>,
                  %e: tensor<?x32xf32>, %w: tensor<?x64xf32>) -> (tensor<?x32xf32>, tensor<?x64xf32>) {
    %x = builtin.unrealized_conversion_cast %tiles : !itensor.itensor<1x16xf32, [2, T max 16]*[16, 1], (d0, d1) -> (d1, d0)> to tensor<?x32xf32>
    %y = builtin.unrealized_conversion_cast %wide : !itensor.itensor<1x32xf32, [2, T max 16]*[32, 1], (d0, d1) -> (d1, d0)> to tensor<?x64xf32>
    // CHECK: dataflow.order = array<i64: 1, 0>, dataflow.tile = array<i64: 1, 16>
    %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x32xf32>) outs(%e : tensor<?x32xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
    } -> tensor<?x32xf32>
    // CHECK: dataflow.order = array<i64: 0>, dataflow.tile = array<i64: 1, 0>
    %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<?x64xf32>) outs(%w : tensor<?x64xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
    } -> tensor<?x64xf32>
    return %0, %1 : tensor<?x32xf32>, tensor<?x64xf32>
  }
}
