// RUN: streamtensor-opt %s -split-input-file -form-sample-kernel | FileCheck %s

// A sample is a row of all its elements; the weight is a memory of the kernel.
// CHECK-LABEL: func @step
// CHECK-SAME:    (%[[W:.+]]: tensor<5xf32> {dataflow.part = "value", dataflow.weight = "w"},
// CHECK-SAME:     %[[X:.+]]: tensor<?x15xf32> {dataflow.input = "x", dataflow.sample = tensor<3x5xf32>, dataflow.symbol = "T"})
// CHECK-SAME:     -> (tensor<?x3xf32> {dataflow.sample = tensor<3xf32>})
// CHECK:         %[[S:.+]] = builtin.unrealized_conversion_cast %[[X]] : tensor<?x15xf32> to !itensor.itensor<1x15xf32, [T max 4]*[1]
// CHECK:         %[[K:.+]] = dataflow.kernel "samples" (%[[KX:.+]] = %[[S]] : {{.+}}, %[[KW:.+]] = %[[W]] : tensor<5xf32>)
// CHECK:           %[[T:.+]] = dataflow.extent "T"
// CHECK:           scf.for %{{.+}} = %{{.+}} to %[[T]]
// CHECK:             %[[R:.+]] = itensor.read %[[KX]]
// CHECK:             %[[FLAT:.+]] = tensor.collapse_shape %[[R]] {{\[}}[0, 1]] : tensor<1x15xf32> into tensor<15xf32>
// CHECK:             %[[SAMPLE:.+]] = tensor.expand_shape %[[FLAT]] {{\[}}[0, 1]] output_shape [3, 5]
// CHECK:             linalg.matvec ins(%[[SAMPLE]], %[[KW]] : tensor<3x5xf32>, tensor<5xf32>)
// CHECK:             itensor.write
// CHECK:         builtin.unrealized_conversion_cast %[[K]] : {{.+}} to tensor<?x3xf32>
module attributes {dataflow.symbols = {T = 4 : i64}} {
  func.func @step(%x: tensor<3x5xf32> {dataflow.input = "x"},
                  %w: tensor<5xf32> {dataflow.weight = "w", dataflow.part = "value"}) -> tensor<3xf32>
      attributes {dataflow.samples} {
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<3xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3xf32>) -> tensor<3xf32>
    %y = linalg.matvec ins(%x, %w : tensor<3x5xf32>, tensor<5xf32>) outs(%f : tensor<3xf32>) -> tensor<3xf32>
    return %y : tensor<3xf32>
  }
}

// -----

// Integers of 64 bits are two words of a row each, of 8 bits one; the leading dimension of %n counts the samples.
// CHECK-LABEL: func @step
// CHECK-SAME:    (%{{.+}}: tensor<?x6xf32> {dataflow.input = "n", dataflow.sample = tensor<?x3xi64>, dataflow.symbol = "T"})
// CHECK-SAME:    -> (tensor<?x3xf32> {dataflow.sample = tensor<?x3xi8>}, tensor<?x6xf32> {dataflow.sample = tensor<?x3xi64>})
// CHECK:         tensor.expand_shape %{{.+}} output_shape [3, 2] : tensor<6xf32> into tensor<3x2xf32>
// CHECK:         ^bb0(%[[LOW:.+]]: f32, %[[HIGH:.+]]: f32, %{{.+}}: i64):
// CHECK:           arith.shli
// CHECK:           arith.ori
// CHECK:         arith.extsi %{{.+}} : i8 to i32
// CHECK:         arith.shrui
module attributes {dataflow.symbols = {T = 4 : i64}} {
  func.func @step(%n: tensor<1x3xi64> {dataflow.input = "n", dataflow.rows})
      -> (tensor<1x3xi8> {dataflow.rows}, tensor<1x3xi64> {dataflow.rows}) attributes {dataflow.samples} {
    %e = tensor.empty() : tensor<1x3xi8>
    %y = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>],
                         iterator_types = ["parallel", "parallel"]}
        ins(%n : tensor<1x3xi64>) outs(%e : tensor<1x3xi8>) {
    ^bb0(%in: i64, %out: i8):
      %t = arith.trunci %in : i64 to i8
      linalg.yield %t : i8
    } -> tensor<1x3xi8>
    return %y, %n : tensor<1x3xi8>, tensor<1x3xi64>
  }
}

// -----

// Any other module is left to the passes behind.
// CHECK-LABEL: func @step
// CHECK-NOT:     dataflow.kernel
// CHECK:         return
module attributes {dataflow.symbols = {T = 4 : i64}} {
  func.func @step(%x: tensor<?x5xf32> {dataflow.input = "x", dataflow.symbol = "T"}) -> tensor<?x5xf32> {
    return %x : tensor<?x5xf32>
  }
}
