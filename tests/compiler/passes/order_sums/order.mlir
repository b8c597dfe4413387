// RUN: streamtensor-opt %s -split-input-file -order-sums -canonicalize | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// 16 lanes, then one tree.
// CHECK-DAG:   #[[WHOLE:.+]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG:   #[[LANES:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG:   #[[LANE0:.+]] = affine_map<(d0) -> (d0, 0)>
// CHECK-DAG:   #[[LANE15:.+]] = affine_map<(d0) -> (d0, 15)>
// CHECK-LABEL: func @square_sum
// CHECK:         %[[Z:.+]] = linalg.fill {{.*}} -> tensor<?x16xf32>
// CHECK:         %[[E:.+]] = tensor.expand_shape %{{.+}} {{\[\[}}0], [1, 2]] output_shape [%{{.+}}, 4, 16]
// CHECK:         %[[P:.+]] = linalg.generic {indexing_maps = [#[[WHOLE]], #[[LANES]]], iterator_types = ["parallel", "reduction", "parallel"]} ins(%[[E]] : {{.*}} outs(%[[Z]]
// CHECK:           %[[SQ:.+]] = arith.mulf
// CHECK:           arith.addf %{{.+}}, %[[SQ]]
// CHECK:         linalg.generic {indexing_maps = [#[[LANE0]], {{.*}}, #[[LANE15]], #{{.+}}], iterator_types = ["parallel"]} ins(%[[P]], {{.*}}%[[P]] :
// CHECK:         ^bb0(%[[A0:[^:]+]]: f32, %[[A1:[^:]+]]: f32, %[[A2:[^:]+]]: f32, %[[A3:[^:]+]]: f32, %[[A4:[^:]+]]: f32, %{{[^:]+}}: f32, %{{[^:]+}}: f32, %{{[^:]+}}: f32, %[[A8:[^:]+]]: f32,
// CHECK-NEXT:      arith.addf %[[A0]], %[[A8]]
// CHECK-COUNT-14:  arith.addf
// CHECK-NEXT:      linalg.yield
func.func @square_sum(%x: tensor<?x64xf32>, %e: tensor<?xf32>) -> tensor<?xf32> {
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %0 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x64xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %s = arith.mulf %a, %a : f32
    %r = arith.addf %acc, %s : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// 37 = 2 * 16 + 5: five lanes take one more term. A start other than zero is added to the tree.
// CHECK-LABEL: func @remainder
// CHECK-SAME:    (%[[X:.+]]: tensor<4x37xf32>, %[[B:.+]]: tensor<4xf32>)
// CHECK:         tensor.extract_slice %[[X]][0, 0] [4, 32] [1, 1]
// CHECK:         %[[P:.+]] = linalg.generic {{.*}}["parallel", "reduction", "parallel"]
// CHECK:         %[[T:.+]] = tensor.extract_slice %[[X]][0, 32] [4, 5] [1, 1]
// CHECK:         %[[L:.+]] = tensor.extract_slice %[[P]][0, 0] [4, 5] [1, 1]
// CHECK:         %[[Q:.+]] = linalg.generic {{.*}}["parallel", "parallel"]} ins(%[[T]] : {{.*}} outs(%[[L]]
// CHECK:           arith.addf
// CHECK:         %[[R:.+]] = tensor.insert_slice %[[Q]] into %[[P]][0, 0] [4, 5] [1, 1]
// CHECK:         linalg.generic {{.*}} ins(%[[R]], {{.*}} outs(%[[B]]
// CHECK-COUNT-15:  arith.addf
// CHECK:           %[[S:.+]] = arith.addf %out, %{{.+}}
// CHECK:           linalg.yield %[[S]]
func.func @remainder(%x: tensor<4x37xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %0 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x37xf32>) outs(%b : tensor<4xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %r = arith.addf %a, %acc : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#column = affine_map<(d0, d1) -> (d1)>

// Maxima, integer sums and sums over an outer index stay.
// CHECK-LABEL: func @kept
// CHECK:         linalg.generic {{.*}}["parallel", "reduction"]
// CHECK:           arith.maximumf
// CHECK:         linalg.generic {{.*}}["parallel", "reduction"]
// CHECK:           arith.addi
// CHECK:         linalg.generic {{.*}}["reduction", "parallel"]
// CHECK:           arith.addf
// CHECK-NOT:     linalg.generic
func.func @kept(%x: tensor<4x32xf32>, %i: tensor<4x32xi32>, %m: tensor<4xf32>, %s: tensor<4xi32>, %c: tensor<32xf32>) -> (tensor<4xf32>, tensor<4xi32>, tensor<32xf32>) {
  %0 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x32xf32>) outs(%m : tensor<4xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %r = arith.maximumf %a, %acc : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%i : tensor<4x32xi32>) outs(%s : tensor<4xi32>) {
  ^bb0(%a: i32, %acc: i32):
    %r = arith.addi %a, %acc : i32
    linalg.yield %r : i32
  } -> tensor<4xi32>
  %2 = linalg.generic {indexing_maps = [#id, #column], iterator_types = ["reduction", "parallel"]} ins(%x : tensor<4x32xf32>) outs(%c : tensor<32xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %r = arith.addf %a, %acc : f32
    linalg.yield %r : f32
  } -> tensor<32xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<4xi32>, tensor<32xf32>
}
