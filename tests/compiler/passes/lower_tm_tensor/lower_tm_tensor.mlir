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

// Each element's place, then the element of each place.
// CHECK-DAG:   #[[MINE:.+]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG:   #[[ITS:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-LABEL: func @sort
// CHECK:         %[[PLACES:.+]] = linalg.generic {{.+}} iterator_types = ["parallel", "parallel", "reduction"]
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
// CHECK:         ^bb0(%[[U:.+]]: f32, %[[I:.+]]: i32, %[[OLD:.+]]: f32):
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
