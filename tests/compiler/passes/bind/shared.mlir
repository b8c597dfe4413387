// RUN: streamtensor-opt %s --tile --linalg-to-dataflow --fuse --bind | FileCheck %s

// Two contractions of one operand whose results one kernel takes tile by tile: one issue that alternates. A
// third format, or a third user, would be issues or segments of their own.
#id = affine_map<(d0, d1) -> (d0, d1)>
module attributes {dataflow.symbols = {T = 16 : i64}} {
  func.func @step(%x: tensor<?x32xf32> {dataflow.input = "x", dataflow.symbol = "T"},
                  %gq: tensor<64x1x32xi4> {dataflow.weight = "gate", dataflow.part = "q"},
                  %gd: tensor<64x1xf16> {dataflow.weight = "gate", dataflow.part = "d"},
                  %uq: tensor<64x1x32xi4> {dataflow.weight = "up", dataflow.part = "q"},
                  %ud: tensor<64x1xf16> {dataflow.weight = "up", dataflow.part = "d"},
                  %aq: tensor<32x2x32xi8> {dataflow.weight = "a", dataflow.part = "q"},
                  %ad: tensor<32x2xf16> {dataflow.weight = "a", dataflow.part = "d"},
                  %bq: tensor<16x2x32xi8> {dataflow.weight = "b", dataflow.part = "q"},
                  %bd: tensor<16x2xf16> {dataflow.weight = "b", dataflow.part = "d"}) -> (tensor<?x32xf32>, tensor<?x16xf32>) {
    %c0 = arith.constant 0 : index
    %t = tensor.dim %x, %c0 : tensor<?x32xf32>
    // CHECK: %[[GU:.*]]:2 = dataflow.issue @engine %{{.*}} q(%{{.*}}, %{{.*}}) d(%{{.*}}, %{{.*}}) alternate
    %g = dataflow.contract %x, %gq, %gd : tensor<?x32xf32>, tensor<64x1x32xi4>, tensor<64x1xf16> -> tensor<?x64xf32>
    %u = dataflow.contract %x, %uq, %ud : tensor<?x32xf32>, tensor<64x1x32xi4>, tensor<64x1xf16> -> tensor<?x64xf32>
    %e = tensor.empty(%t) : tensor<?x64xf32>
    // CHECK: dataflow.kernel "mul" (%{{.*}} = %[[GU]]#0 : {{.*}}, %{{.*}} = %[[GU]]#1
    %y = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%g, %u : tensor<?x64xf32>, tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %s = arith.mulf %a, %b : f32
      linalg.yield %s : f32
    } -> tensor<?x64xf32>
    // One operand, one format, different rows: one issue, one weight after the other.
    // CHECK: dataflow.issue @engine %{{.*}} q(%{{.*}}, %{{.*}}) d(%{{.*}}, %{{.*}}) :
    // CHECK-NOT: dataflow.issue
    %a = dataflow.contract %y, %aq, %ad : tensor<?x64xf32>, tensor<32x2x32xi8>, tensor<32x2xf16> -> tensor<?x32xf32>
    %b = dataflow.contract %y, %bq, %bd : tensor<?x64xf32>, tensor<16x2x32xi8>, tensor<16x2xf16> -> tensor<?x16xf32>
    return %a, %b : tensor<?x32xf32>, tensor<?x16xf32>
  }
}
