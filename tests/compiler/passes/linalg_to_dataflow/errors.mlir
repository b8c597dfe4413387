// RUN: streamtensor-opt %s --tile --linalg-to-dataflow -split-input-file -verify-diagnostics

// expected-error@+1 {{argument 0 has a dynamic leading dimension but no dataflow.symbol}}
func.func @step(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  return %x : tensor<?x8xf32>
}

// -----
#id = affine_map<(d0, d1) -> (d0, d1)>
module attributes {dataflow.symbols = {T = 16 : i64}} {
  func.func @step(%x: tensor<?x8xf32> {dataflow.input = "x", dataflow.symbol = "T"}) -> tensor<?x8xf32> {
    %c0 = arith.constant 0 : index
    %t = tensor.dim %x, %c0 : tensor<?x8xf32>
    %e = tensor.empty(%t) : tensor<?x8xf32>
    // What streams by can't be looked up.
    // expected-error@+1 {{looks up argument 0 by index, but it is neither a weight nor a field}}
    %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
    ^bb0(%a: f32, %o: f32):
      %v = tensor.extract %x[%c0, %c0] : tensor<?x8xf32>
      linalg.yield %v : f32
    } -> tensor<?x8xf32>
    return %y : tensor<?x8xf32>
  }
}
