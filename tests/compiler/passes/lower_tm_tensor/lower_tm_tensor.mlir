// RUN: streamtensor-opt %s -split-input-file -lower-tm-tensor | FileCheck %s

// The accumulator is the second result; the first keeps each of its values.
// CHECK-DAG:   #[[ALL:.+]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG:   #[[ROW:.+]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: func @scan
// CHECK:         linalg.generic {indexing_maps = [#[[ALL]], #[[ALL]], #[[ROW]]], iterator_types = ["parallel", "reduction"]}
// CHECK:         ^bb0(%[[X:.+]]: f32, %{{.+}}: f32, %[[ACC:.+]]: f32):
// CHECK:           %[[SUM:.+]] = arith.addf %[[ACC]], %[[X]]
// CHECK:           %[[FIRST:.+]] = arith.cmpi eq, %{{.+}}, %{{.+}} : index
// CHECK:           %[[NEXT:.+]] = arith.select %[[FIRST]], %[[X]], %[[SUM]]
// CHECK:           linalg.yield %[[NEXT]], %[[NEXT]]
func.func @scan(%x: tensor<3x5xf32>, %y: tensor<3x5xf32>, %a: tensor<3xf32>) -> tensor<3x5xf32> {
  %r:2 = tm_tensor.scan dimension(1) inclusive(true) ins(%x : tensor<3x5xf32>) outs(%y, %a : tensor<3x5xf32>, tensor<3xf32>) {
  ^bb0(%sum: f32, %in: f32):
    %s = arith.addf %sum, %in : f32
    tm_tensor.yield %s : f32
  } -> tensor<3x5xf32>, tensor<3xf32>
  return %r#0 : tensor<3x5xf32>
}

// -----

// Each element's place, then the element of each place. A pair with a NaN is compared by who is one.
// CHECK-DAG:   #[[MINE:.+]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG:   #[[ITS:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-LABEL: func @sort
// CHECK:         %[[PLACES:.+]] = linalg.generic {{.+}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK:           %[[NAN:.+]] = arith.cmpf uno, %[[X:.+]], %[[X]]
// CHECK:           %[[EITHER:.+]] = arith.ori %[[NAN]]
// CHECK:           %[[RANK:.+]] = arith.select %[[NAN]], %{{.+}}, %{{.+}} : f32
// CHECK:           arith.select %[[EITHER]], %[[RANK]], %[[X]] : f32
// CHECK:           arith.cmpf ole
// CHECK:           arith.cmpf ole
// CHECK:         } -> tensor<3x5xi32>
// CHECK:         linalg.generic {indexing_maps = [#[[ITS]], #[[ITS]], #[[MINE]]]
// CHECK-SAME:      ins(%[[PLACES]], %{{.+}} : tensor<3x5xi32>, tensor<3x5xf32>)
// CHECK:         linalg.generic {{.+}} tensor<3x5xi64>)
func.func @sort(%x: tensor<3x5xf32>, %i: tensor<3x5xi64>) -> (tensor<3x5xf32>, tensor<3x5xi64>) {
  %r:2 = tm_tensor.sort dimension(1) outs(%x, %i : tensor<3x5xf32>, tensor<3x5xi64>) {
  ^bb0(%a: f32, %b: f32, %c: i64, %d: i64):
    %may = arith.cmpf ole, %a, %b : f32
    tm_tensor.yield %may : i1
  } -> tensor<3x5xf32>, tensor<3x5xi64>
  return %r#0, %r#1 : tensor<3x5xf32>, tensor<3x5xi64>
}

// -----

// CHECK-LABEL: func @scatter
// CHECK:         linalg.generic {{.+}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK:         ^bb0(%[[I:.+]]: i32, %[[U:.+]]: f32, %[[OLD:.+]]: f32):
// CHECK:           %[[HIT:.+]] = arith.cmpi eq, %[[I]]
// CHECK:           %[[NEW:.+]] = arith.addf %[[U]], %[[OLD]]
// CHECK:           arith.select %[[HIT]], %[[NEW]], %[[OLD]]
func.func @scatter(%u: tensor<2x4xf32>, %i: tensor<2x1xi32>, %x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %r = tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(false)
      ins(%u, %i : tensor<2x4xf32>, tensor<2x1xi32>) outs(%x : tensor<3x4xf32>) {
  ^bb0(%update: f32, %old: f32):
    %s = arith.addf %update, %old : f32
    tm_tensor.yield %s : f32
  } -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}

// -----

// An update with every dimension, 1 where there is an index.
// CHECK-DAG:   #[[ONE:.+]] = affine_map<(d0, d1, d2) -> (d2, 0, 0)>
// CHECK-LABEL: func @scatter_elements
// CHECK:         linalg.generic {indexing_maps = [#{{.+}}, #{{.+}}, #[[ONE]],
// CHECK-COUNT-2:   arith.cmpi eq
func.func @scatter_elements(%u: tensor<5x1x1xf32>, %i: tensor<5x2xi64>, %x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %r = tm_tensor.scatter {dimension_map = array<i64: 0, 1>} unique_indices(false)
      ins(%u, %i : tensor<5x1x1xf32>, tensor<5x2xi64>) outs(%x : tensor<3x4xf32>) {
  ^bb0(%update: f32, %old: f32):
    %s = arith.addf %update, %old : f32
    tm_tensor.yield %s : f32
  } -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}

// -----

// An update of two rows from its index on, and of three of four columns.
// CHECK-LABEL: func @scatter_windows
// CHECK-SAME:    (%[[U:.+]]: tensor<5x2x3xf32>
// CHECK:         linalg.generic {{.+}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK:           %[[FROM:.+]] = arith.index_cast %{{.+}} : i32 to index
// CHECK:           %[[ROW:.+]] = arith.subi %{{.+}}, %[[FROM]]
// CHECK:           %[[IN_ROWS:.+]] = arith.cmpi ult, %[[ROW]], %c2
// CHECK:           %[[ROW0:.+]] = arith.select %[[IN_ROWS]], %[[ROW]], %c0
// CHECK:           %[[IN_COLUMNS:.+]] = arith.cmpi ult, %{{.+}}, %c3
// CHECK:           %[[COLUMN0:.+]] = arith.select %[[IN_COLUMNS]]
// CHECK:           %[[HIT:.+]] = arith.andi %[[IN_ROWS]], %[[IN_COLUMNS]]
// CHECK:           %[[NEW:.+]] = tensor.extract %[[U]][%{{.+}}, %[[ROW0]], %[[COLUMN0]]]
// CHECK:           arith.select %[[HIT]], %[[NEW]]
func.func @scatter_windows(%u: tensor<5x2x3xf32>, %i: tensor<5x1xi32>, %x: tensor<6x4xf32>) -> tensor<6x4xf32> {
  %r = tm_tensor.scatter {dimension_map = array<i64: 0>} unique_indices(false)
      ins(%u, %i : tensor<5x2x3xf32>, tensor<5x1xi32>) outs(%x : tensor<6x4xf32>) {
  ^bb0(%update: f32, %old: f32):
    tm_tensor.yield %update : f32
  } -> tensor<6x4xf32>
  return %r : tensor<6x4xf32>
}

// -----

// The strict comparison: an earlier element stands before unless this one comes before it.
// CHECK-LABEL: func @topk
// CHECK:         %[[PLACES:.+]] = linalg.generic {{.+}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK:           arith.cmpf ogt
// CHECK:           arith.cmpf ogt
// CHECK:         } -> tensor<3x5xi32>
// CHECK:         %[[NUMBERS:.+]] = linalg.generic
// CHECK:           linalg.index 1
// CHECK:         } -> tensor<3x5xi64>
// CHECK:         linalg.generic {{.+}} ins(%[[PLACES]], %{{.+}} : tensor<3x5xi32>, tensor<3x5xf32>) outs(%{{.+}} : tensor<3x2xf32>)
// CHECK:         linalg.generic {{.+}} ins(%[[PLACES]], %[[NUMBERS]] : tensor<3x5xi32>, tensor<3x5xi64>) outs(%{{.+}} : tensor<3x2xi64>)
func.func @topk(%x: tensor<3x5xf32>) -> (tensor<3x2xf32>, tensor<3x2xi64>) {
  %v = tensor.empty() : tensor<3x2xf32>
  %n = tensor.empty() : tensor<3x2xi64>
  %r:2 = tm_tensor.topk dimension(1) ins(%x : tensor<3x5xf32>) outs(%v, %n : tensor<3x2xf32>, tensor<3x2xi64>) {
  ^bb0(%a: f32, %b: f32):
    %first = arith.cmpf ogt, %a, %b : f32
    tm_tensor.yield %first : i1
  } -> tensor<3x2xf32>, tensor<3x2xi64>
  return %r#0, %r#1 : tensor<3x2xf32>, tensor<3x2xi64>
}

// -----

// CHECK-LABEL: func @attention
// CHECK-SAME:      (%[[Q:.+]]: tensor<2x3x4xf32>, %[[K:.+]]: tensor<2x5x4xf32>, %[[V:.+]]: tensor<2x5x6xf32>, %[[MASK:.+]]: tensor<2x3x5xi1>)
// CHECK:         %[[SCORES:.+]] = linalg.generic {{.+}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%[[Q]], %[[K]] :
// CHECK:         %[[ROOT:.+]] = arith.constant 2.0{{.+}} : f32
// CHECK:         %[[LEAST:.+]] = arith.constant 0xFF800000 : f32
// CHECK:         linalg.generic {{.+}} ins(%[[SCORES]], %[[MASK]] : tensor<2x3x5xf32>, tensor<2x3x5xi1>)
// CHECK:           arith.divf %{{.+}}, %[[ROOT]]
// CHECK:           arith.select %{{.+}}, %{{.+}}, %[[LEAST]]
// CHECK:         arith.maximumf
// CHECK:         math.exp
// CHECK:         linalg.generic {{.+}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%{{.+}}, %[[V]] :
// CHECK:         } -> tensor<2x3x6xf32>
func.func @attention(%q: tensor<2x3x4xf32>, %k: tensor<2x5x4xf32>, %v: tensor<2x5x6xf32>, %mask: tensor<2x3x5xi1>) -> tensor<2x3x6xf32> {
  %e = tensor.empty() : tensor<2x3x6xf32>
  %r = tm_tensor.attention ins(%q, %k, %v, %mask : tensor<2x3x4xf32>, tensor<2x5x4xf32>, tensor<2x5x6xf32>, tensor<2x3x5xi1>) outs(%e : tensor<2x3x6xf32>) -> tensor<2x3x6xf32>
  return %r : tensor<2x3x6xf32>
}
