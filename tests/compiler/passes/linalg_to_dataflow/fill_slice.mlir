// RUN: streamtensor-opt %s --linalg-to-dataflow | FileCheck %s

// A slice of a fill is no kernel: whoever starts a sum from it fills a tile of its own.
// CHECK-LABEL: func @step
// CHECK-NOT:     tensor.extract_slice
// CHECK:         dataflow.kernel
// CHECK:           itensor.read
// CHECK:           linalg.fill {{.+}} outs({{.+}} : tensor<1x8xf32>)
// CHECK-NOT:     dataflow.kernel
#id = affine_map<(d0, d1) -> (d0, d1)>
module attributes {dataflow.symbols = {T = 4 : i64}} {
  func.func @step(%x: tensor<?x8xf32> {dataflow.input = "x", dataflow.symbol = "T"}) -> tensor<?x8xf32> {
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %t = tensor.dim %x, %c0 : tensor<?x8xf32>
    %e = tensor.empty(%t) : tensor<?x16xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
    %s = tensor.extract_slice %f[0, 0] [%t, 8] [1, 1] : tensor<?x16xf32> to tensor<?x8xf32>
    %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%x : tensor<?x8xf32>) outs(%s : tensor<?x8xf32>)
        attrs = {dataflow.tile = array<i64: 1, 0>, dataflow.order = array<i64: 0>} {
    ^bb0(%in: f32, %out: f32):
      %a = arith.addf %in, %out : f32
      linalg.yield %a : f32
    } -> tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}
