// RUN: streamtensor-opt %s -split-complex -split-input-file | FileCheck %s

#all = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (0, d1)>
#pairs = affine_map<(d0, d1, d2) -> (d0, d1)>
#cube = affine_map<(d0, d1, d2) -> (d0, d1, d2)>

// RoPE as Torch-MLIR writes it: pairs of floats become complex numbers, and pairs again.
// CHECK-LABEL: func @step
// CHECK-SAME:    (%[[X:.+]]: tensor<3x4x2xf32>) -> tensor<3x4x2xf32>
// CHECK-NOT:     complex
// CHECK:         linalg.generic
// CHECK:           %[[RE:.+]] = tensor.extract %[[X]]
// CHECK:           %[[IM:.+]] = tensor.extract %[[X]]
// CHECK:           linalg.yield %[[RE]], %[[IM]] : f32, f32
// CHECK:         } -> (tensor<3x4xf32>, tensor<3x4xf32>)
// CHECK:         linalg.generic
// CHECK:         ^bb0(%[[A:.+]]: f32, %[[B:.+]]: f32, %[[C:.+]]: f32, %[[D:.+]]: f32, %{{.+}}: f32, %{{.+}}: f32):
// CHECK-DAG:       %[[AC:.+]] = arith.mulf %[[A]], %[[C]]
// CHECK-DAG:       %[[BD:.+]] = arith.mulf %[[B]], %[[D]]
// CHECK-DAG:       %[[REAL:.+]] = arith.subf %[[AC]], %[[BD]]
// CHECK-DAG:       %[[AD:.+]] = arith.mulf %[[A]], %[[D]]
// CHECK-DAG:       %[[BC:.+]] = arith.mulf %[[B]], %[[C]]
// CHECK-DAG:       %[[IMAGINARY:.+]] = arith.addf %[[AD]], %[[BC]]
// CHECK:           linalg.yield %[[REAL]], %[[IMAGINARY]] : f32, f32
// CHECK:         linalg.generic
// CHECK:         ^bb0(%[[P:.+]]: f32, %[[Q:.+]]: f32, %{{.+}}: f32):
// CHECK:           arith.select %{{.+}}, %[[P]], %[[Q]] : f32
// CHECK-NOT:     complex
// CHECK:         return
func.func @step(%x: tensor<3x4x2xf32>) -> tensor<3x4x2xf32> attributes {dataflow.samples} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %table = arith.constant dense<[[(1.0, 0.0), (0.5, 0.25), (0.0, 1.0), (-1.0, 2.0)]]> : tensor<1x4xcomplex<f32>>
  %empty = tensor.empty() : tensor<3x4xcomplex<f32>>
  %z = linalg.generic {indexing_maps = [#all], iterator_types = ["parallel", "parallel"]}
      outs(%empty : tensor<3x4xcomplex<f32>>) {
  ^bb0(%out: complex<f32>):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %re = tensor.extract %x[%i, %j, %c0] : tensor<3x4x2xf32>
    %im = tensor.extract %x[%i, %j, %c1] : tensor<3x4x2xf32>
    %number = complex.create %re, %im : complex<f32>
    linalg.yield %number : complex<f32>
  } -> tensor<3x4xcomplex<f32>>
  %turned = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%z, %table : tensor<3x4xcomplex<f32>>, tensor<1x4xcomplex<f32>>) outs(%empty : tensor<3x4xcomplex<f32>>) {
  ^bb0(%a: complex<f32>, %b: complex<f32>, %out: complex<f32>):
    %product = complex.mul %a, %b : complex<f32>
    linalg.yield %product : complex<f32>
  } -> tensor<3x4xcomplex<f32>>
  %floats = tensor.empty() : tensor<3x4x2xf32>
  %y = linalg.generic {indexing_maps = [#pairs, #cube], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%turned : tensor<3x4xcomplex<f32>>) outs(%floats : tensor<3x4x2xf32>) {
  ^bb0(%a: complex<f32>, %out: f32):
    %re = complex.re %a : complex<f32>
    %im = complex.im %a : complex<f32>
    %k = linalg.index 2 : index
    %first = arith.cmpi eq, %k, %c0 : index
    %part = arith.select %first, %re, %im : f32
    linalg.yield %part : f32
  } -> tensor<3x4x2xf32>
  return %y : tensor<3x4x2xf32>
}

// -----

// Complex arguments and results hold the parts in a last dimension; moves are done twice, named operations too.
// CHECK-LABEL: func @step
// CHECK-SAME:    (%[[X:.+]]: tensor<?x4x2xf32> {dataflow.complex, dataflow.input = "input0", dataflow.symbol = "T"},
// CHECK-SAME:     %{{.+}}: tensor<f32>)
// CHECK-SAME:    -> (tensor<?x6x2xf32> {dataflow.complex})
// CHECK:         %[[RE:.+]] = linalg.generic {{.*}} ins(%[[X]] : tensor<?x4x2xf32>)
// CHECK:         %[[IM:.+]] = linalg.generic {{.*}} ins(%[[X]] : tensor<?x4x2xf32>)
// CHECK:         tensor.pad %[[RE]]
// CHECK:           tensor.yield %{{.+}} : f32
// CHECK:         tensor.pad %[[IM]]
// CHECK:         linalg.generic
// CHECK:           linalg.yield %{{.+}}, %{{.+}} : f32, f32
// CHECK:         } -> (tensor<?x6xf32>, tensor<?x6xf32>)
// CHECK-NOT:     complex
// CHECK:         return %{{.+}} : tensor<?x6x2xf32>
func.func @step(%x: tensor<?x4xcomplex<f32>> {dataflow.input = "input0", dataflow.symbol = "T"}, %idle: tensor<f32>)
    -> tensor<?x6xcomplex<f32>> attributes {dataflow.samples} {
  %c0 = arith.constant 0 : index
  %one = complex.constant [1.0 : f32, 0.5 : f32] : complex<f32>
  %rows = tensor.dim %x, %c0 : tensor<?x4xcomplex<f32>>
  %padded = tensor.pad %x low[0, 0] high[0, 2] {
  ^bb0(%i: index, %j: index):
    tensor.yield %one : complex<f32>
  } : tensor<?x4xcomplex<f32>> to tensor<?x6xcomplex<f32>>
  %empty = tensor.empty(%rows) : tensor<?x6xcomplex<f32>>
  %ones = linalg.fill ins(%one : complex<f32>) outs(%empty : tensor<?x6xcomplex<f32>>) -> tensor<?x6xcomplex<f32>>
  %sum = linalg.add ins(%padded, %ones : tensor<?x6xcomplex<f32>>, tensor<?x6xcomplex<f32>>)
      outs(%empty : tensor<?x6xcomplex<f32>>) -> tensor<?x6xcomplex<f32>>
  return %sum : tensor<?x6xcomplex<f32>>
}

// -----

// What of a number is a float, a choice, a number of a tensor.
#all = affine_map<(d0) -> (d0)>
// CHECK-LABEL: func @step
// CHECK:         linalg.generic
// CHECK:           math.sqrt
// CHECK:           math.atan2
// CHECK:           tensor.extract
// CHECK:           tensor.extract
// CHECK:           arith.select
// CHECK-NOT:     complex
// CHECK:         return
func.func @step(%x: tensor<4xcomplex<f32>>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xcomplex<f32>>)
    attributes {dataflow.samples} {
  %c2 = arith.constant 2 : index
  %floats = tensor.empty() : tensor<4xf32>
  %numbers = tensor.empty() : tensor<4xcomplex<f32>>
  %y:3 = linalg.generic {indexing_maps = [#all, #all, #all, #all], iterator_types = ["parallel"]}
      ins(%x : tensor<4xcomplex<f32>>) outs(%floats, %floats, %numbers : tensor<4xf32>, tensor<4xf32>, tensor<4xcomplex<f32>>) {
  ^bb0(%a: complex<f32>, %o0: f32, %o1: f32, %o2: complex<f32>):
    %length = complex.abs %a : complex<f32>
    %angle = complex.angle %a : complex<f32>
    %third = tensor.extract %x[%c2] : tensor<4xcomplex<f32>>
    %greater = arith.cmpf ogt, %length, %angle : f32
    %choice = arith.select %greater, %a, %third : complex<f32>
    linalg.yield %length, %angle, %choice : f32, f32, complex<f32>
  } -> (tensor<4xf32>, tensor<4xf32>, tensor<4xcomplex<f32>>)
  return %y#0, %y#1, %y#2 : tensor<4xf32>, tensor<4xf32>, tensor<4xcomplex<f32>>
}

// -----

// Not a module of samples.
// CHECK-LABEL: func @step
// CHECK-SAME:    tensor<4xcomplex<f32>>
func.func @step(%x: tensor<4xcomplex<f32>>) -> tensor<4xcomplex<f32>> {
  return %x : tensor<4xcomplex<f32>>
}
