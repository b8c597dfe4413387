// RUN: streamtensor-opt %s --tile --linalg-to-dataflow --fuse | FileCheck %s

// Three operations on rows become one kernel that reads each row once.
#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
module attributes {dataflow.symbols = {T = 16 : i64}} {
  // CHECK-LABEL: func @step
  func.func @step(%x: tensor<?x8xf32> {dataflow.input = "x", dataflow.symbol = "T"}) -> tensor<?x2x4xf32> {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %t = tensor.dim %x, %c0 : tensor<?x8xf32>
    %e1 = tensor.empty(%t) : tensor<?xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
    // CHECK: dataflow.kernel {{.*}} -> !itensor.itensor<1x2x4xf32, [T max 16]*[1], (d0) -> (d0, 0, 0)>
    // CHECK: %[[ROW:.*]] = itensor.read
    // CHECK-NOT: itensor.read
    // CHECK: linalg.generic {{.*}} ins(%[[ROW]] : tensor<1x8xf32>)
    %m = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x8xf32>) outs(%z : tensor<?xf32>) {
    ^bb0(%a: f32, %o: f32):
      %s = arith.maximumf %a, %o : f32
      linalg.yield %s : f32
    } -> tensor<?xf32>
    %e2 = tensor.empty(%t) : tensor<?x8xf32>
    // CHECK: linalg.generic {{.*}} ins(%[[ROW]], %{{.*}} : tensor<1x8xf32>, tensor<1xf32>)
    %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %m : tensor<?x8xf32>, tensor<?xf32>) outs(%e2 : tensor<?x8xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %s = arith.mulf %a, %b : f32
      linalg.yield %s : f32
    } -> tensor<?x8xf32>
    // CHECK: tensor.expand_shape {{.*}} tensor<1x8xf32> into tensor<1x2x4xf32>
    // CHECK: itensor.write
    // CHECK-NOT: itensor.reassociate
    %h = tensor.expand_shape %y [[0], [1, 2]] output_shape [%t, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
    return %h : tensor<?x2x4xf32>
  }
}
