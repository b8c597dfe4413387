// RUN: streamtensor-opt %s --tile --linalg-to-dataflow --fuse --bind --materialize -split-input-file -verify-diagnostics

// A value from before the layers is wanted anew in every one of them.
#id = affine_map<(d0, d1) -> (d0, d1)>
module attributes {dataflow.symbols = {T = 16 : i64}} {
  func.func @step(%x: tensor<?x32xf32> {dataflow.input = "x", dataflow.symbol = "T"}) -> tensor<?x32xf32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %t = tensor.dim %x, %c0 : tensor<?x32xf32>
    %e = tensor.empty(%t) : tensor<?x32xf32>
    // expected-error@+1 {{flows from}}
    %z = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x32xf32>) outs(%e : tensor<?x32xf32>) {
    ^bb0(%a: f32, %o: f32):
      %s = arith.addf %a, %a : f32
      linalg.yield %s : f32
    } -> tensor<?x32xf32>
    %y = scf.for %layer = %c0 to %c3 step %c1 iter_args(%r = %x) -> (tensor<?x32xf32>) {
      %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%r, %z : tensor<?x32xf32>, tensor<?x32xf32>) outs(%e : tensor<?x32xf32>) {
      ^bb0(%a: f32, %b: f32, %o: f32):
        %sum = arith.addf %a, %b : f32
        linalg.yield %sum : f32
      } -> tensor<?x32xf32>
      scf.yield %s : tensor<?x32xf32>
    }
    return %y : tensor<?x32xf32>
  }
}

// -----

module attributes {dataflow.symbols = {T = 16 : i64}} {
  func.func @step(%x: tensor<?x32xf32> {dataflow.input = "x", dataflow.symbol = "T"}) -> tensor<?x32xf32> {
    // expected-error@+1 {{returns argument 0; a result must be computed}}
    return %x : tensor<?x32xf32>
  }
}
