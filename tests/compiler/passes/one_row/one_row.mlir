// RUN: streamtensor-opt %s -split-input-file -one-row | FileCheck %s

#element = affine_map<(t, k) -> (t, k)>
#row = affine_map<(t, k) -> (t)>

// A product, a sum of each row, and a shape within the rows: one row of each.
// CHECK-LABEL: func @step
// CHECK-SAME:    (%[[X:.+]]: tensor<1x6xf32> {dataflow.input = "x", dataflow.rows}, %[[W:.+]]: tensor<6x4xf32>
// CHECK-SAME:    -> (tensor<1x4xf32> {dataflow.rows}, tensor<1x2x2xf32> {dataflow.rows}, tensor<1xf32> {dataflow.rows})
// CHECK:         %[[E:.+]] = tensor.empty() : tensor<1x4xf32>
// CHECK:         linalg.matmul ins(%[[X]], %[[W]] : tensor<1x6xf32>, tensor<6x4xf32>)
// CHECK:         tensor.expand_shape {{.+}} output_shape [1, 2, 2] : tensor<1x4xf32> into tensor<1x2x2xf32>
module attributes {dataflow.symbols = {T = 4 : i64}} {
  func.func @step(%x: tensor<?x6xf32> {dataflow.input = "x", dataflow.symbol = "T"}, %w: tensor<6x4xf32>)
      -> (tensor<?x4xf32>, tensor<?x2x2xf32>, tensor<?xf32>) attributes {dataflow.samples} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %t = tensor.dim %x, %c0 : tensor<?x6xf32>
    %e = tensor.empty(%t) : tensor<?x4xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %y = linalg.matmul ins(%x, %w : tensor<?x6xf32>, tensor<6x4xf32>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
    %s = tensor.expand_shape %y [[0], [1, 2]] output_shape [%t, 2, 2] : tensor<?x4xf32> into tensor<?x2x2xf32>
    %er = tensor.empty(%t) : tensor<?xf32>
    %fr = linalg.fill ins(%zero : f32) outs(%er : tensor<?xf32>) -> tensor<?xf32>
    %r = linalg.generic {indexing_maps = [#element, #row], iterator_types = ["parallel", "reduction"]}
        ins(%y : tensor<?x4xf32>) outs(%fr : tensor<?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %a = arith.addf %in, %out : f32
      linalg.yield %a : f32
    } -> tensor<?xf32>
    return %y, %s, %r : tensor<?x4xf32>, tensor<?x2x2xf32>, tensor<?xf32>
  }
}

// -----

// Rows and the dimension behind them as one, as exporters write products of three dimensions; a slice of every row; a
// number of rows that is compared with itself.
// CHECK-LABEL: func @step
// CHECK:         tensor.collapse_shape %{{.+}} {{\[}}[0, 1], [2]] : tensor<1x5x6xf32> into tensor<5x6xf32>
// CHECK:         linalg.matmul {{.+}} tensor<5x6xf32>
// CHECK:         tensor.expand_shape {{.+}} output_shape [1, 5, 4]
// CHECK:         cf.assert %true
// CHECK:         tensor.extract_slice %{{.+}}[0, 1, 0] [1, 2, 4] [1, 2, 1] : tensor<1x5x4xf32> to tensor<1x2x4xf32>
module attributes {dataflow.symbols = {T = 4 : i64}} {
  func.func @step(%x: tensor<?x5x6xf32> {dataflow.input = "x"}, %z: tensor<?x1xf32> {dataflow.input = "z"},
                  %w: tensor<6x4xf32>) -> tensor<?x2x4xf32> attributes {dataflow.samples} {
    %c0 = arith.constant 0 : index
    %c5 = arith.constant 5 : index
    %zero = arith.constant 0.0 : f32
    %t = tensor.dim %x, %c0 : tensor<?x5x6xf32>
    %tz = tensor.dim %z, %c0 : tensor<?x1xf32>
    %flat = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x5x6xf32> into tensor<?x6xf32>
    %n = arith.muli %t, %c5 : index
    %e = tensor.empty(%n) : tensor<?x4xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %p = linalg.matmul ins(%flat, %w : tensor<?x6xf32>, tensor<6x4xf32>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
    %y = tensor.expand_shape %p [[0, 1], [2]] output_shape [%t, 5, 4] : tensor<?x4xf32> into tensor<?x5x4xf32>
    %same = arith.cmpi eq, %t, %tz : index
    cf.assert %same, "as many rows"
    %s = tensor.extract_slice %y[0, 1, 0] [%t, 2, 4] [1, 2, 1] : tensor<?x5x4xf32> to tensor<?x2x4xf32>
    return %s : tensor<?x2x4xf32>
  }
}

// -----

// Not a module that computes samples.
// CHECK-LABEL: func @step
// CHECK-SAME:    tensor<?x6xf32>
module attributes {dataflow.symbols = {T = 4 : i64}} {
  func.func @step(%x: tensor<?x6xf32> {dataflow.input = "x", dataflow.symbol = "T"}) -> tensor<?x6xf32> {
    return %x : tensor<?x6xf32>
  }
}

// -----

// Sizes that a cast hides from a concatenation; no row is open here.
// CHECK-LABEL: func @step
// CHECK:         tensor.concat dim(1) {{.+}} : (tensor<3x2xf32>, tensor<3x5xf32>) -> tensor<3x7xf32>
// CHECK-NOT:     ?
func.func @step(%x: tensor<3x7xf32> {dataflow.input = "x"}) -> tensor<3x7xf32> attributes {dataflow.samples} {
  %a = tensor.extract_slice %x[0, 5] [3, 2] [1, 1] : tensor<3x7xf32> to tensor<3x2xf32>
  %b = tensor.cast %a : tensor<3x2xf32> to tensor<3x?xf32>
  %c = tensor.extract_slice %x[0, 0] [3, 5] [1, 1] : tensor<3x7xf32> to tensor<3x5xf32>
  %d = tensor.cast %c : tensor<3x5xf32> to tensor<3x?xf32>
  %y = tensor.concat dim(1) %b, %d : (tensor<3x?xf32>, tensor<3x?xf32>) -> tensor<3x7xf32>
  return %y : tensor<3x7xf32>
}
