// RUN: streamtensor-opt %s -split-input-file -quantize -canonicalize | FileCheck %s

#w3 = affine_map<(n, g, k) -> (n, g, k)>
#w2 = affine_map<(n, g, k) -> (n, g)>

// Nibbles with scale and minimum, through a reshape.
// CHECK-LABEL: func @u4
// CHECK-SAME:    (%[[X:.+]]: tensor<?x64xf32>, %[[Q:.+]]: tensor<48x2x32xi4>, %[[D:.+]]: tensor<48x2xf16>, %[[M:.+]]: tensor<48x2xf16>
// CHECK-NEXT:    %[[Y:.+]] = dataflow.contract %[[X]], %[[Q]], %[[D]], %[[M]] :
// CHECK-NEXT:    return %[[Y]]
func.func @u4(%x: tensor<?x64xf32>, %q: tensor<48x2x32xi4>, %d: tensor<48x2xf16>, %m: tensor<48x2xf16>, %ew: tensor<48x2x32xf32>, %ey: tensor<?x48xf32>) -> tensor<?x48xf32> {
  %zero = arith.constant 0.0 : f32
  %w = linalg.generic {indexing_maps = [#w3, #w2, #w2, #w3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%q, %d, %m : tensor<48x2x32xi4>, tensor<48x2xf16>, tensor<48x2xf16>) outs(%ew : tensor<48x2x32xf32>) {
  ^bb0(%a: i4, %b: f16, %c: f16, %o: f32):
    %i = arith.extui %a : i4 to i32
    %af = arith.uitofp %i : i32 to f32
    %bf = arith.extf %b : f16 to f32
    %cf = arith.extf %c : f16 to f32
    %p = arith.mulf %af, %bf : f32
    %r = arith.addf %p, %cf : f32
    linalg.yield %r : f32
  } -> tensor<48x2x32xf32>
  %flat = tensor.collapse_shape %w [[0], [1, 2]] : tensor<48x2x32xf32> into tensor<48x64xf32>
  %z = linalg.fill ins(%zero : f32) outs(%ey : tensor<?x48xf32>) -> tensor<?x48xf32>
  %y = linalg.matmul_transpose_b ins(%x, %flat : tensor<?x64xf32>, tensor<48x64xf32>) outs(%z : tensor<?x48xf32>) -> tensor<?x48xf32>
  return %y : tensor<?x48xf32>
}

// -----

#w3 = affine_map<(n, g, k) -> (n, g, k)>
#w2 = affine_map<(n, g, k) -> (n, g)>

// Signed bytes, a transposed weight, more than one row index, and a start that is not zero.
// CHECK-LABEL: func @i8
// CHECK-SAME:    (%[[X:.+]]: tensor<1x?x64xf32>, %[[Q:.+]]: tensor<48x2x32xi8>, %[[D:.+]]: tensor<48x2xf16>, {{.*}} %[[B:.+]]: tensor<1x?x48xf32>)
// CHECK:         %[[ROWS:.+]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1], [2]]
// CHECK:         %[[C:.+]] = dataflow.contract %[[ROWS]], %[[Q]], %[[D]] :
// CHECK:         %[[E:.+]] = tensor.expand_shape %[[C]] {{\[\[}}0, 1], [2]]
// CHECK:         linalg.generic {{.*}} ins(%[[E]] : {{.*}} outs(%[[B]]
// CHECK:         ^bb0(%[[IN:.+]]: f32, %[[OUT:.+]]: f32)
// CHECK-NEXT:      arith.addf %[[OUT]], %[[IN]]
func.func @i8(%x: tensor<1x?x64xf32>, %q: tensor<48x2x32xi8>, %d: tensor<48x2xf16>, %ew: tensor<48x2x32xf32>, %et: tensor<64x48xf32>, %b: tensor<1x?x48xf32>) -> tensor<1x?x48xf32> {
  %w = linalg.generic {indexing_maps = [#w3, #w2, #w3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%q, %d : tensor<48x2x32xi8>, tensor<48x2xf16>) outs(%ew : tensor<48x2x32xf32>) {
  ^bb0(%a: i8, %s: f16, %o: f32):
    %af = arith.sitofp %a : i8 to f32
    %sf = arith.extf %s : f16 to f32
    %r = arith.mulf %sf, %af : f32
    linalg.yield %r : f32
  } -> tensor<48x2x32xf32>
  %flat = tensor.collapse_shape %w [[0], [1, 2]] : tensor<48x2x32xf32> into tensor<48x64xf32>
  %wt = linalg.transpose ins(%flat : tensor<48x64xf32>) outs(%et : tensor<64x48xf32>) permutation = [1, 0]
  %y = linalg.generic {
      indexing_maps = [affine_map<(a, t, n, k) -> (a, t, k)>, affine_map<(a, t, n, k) -> (k, n)>, affine_map<(a, t, n, k) -> (a, t, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %wt : tensor<1x?x64xf32>, tensor<64x48xf32>) outs(%b : tensor<1x?x48xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %p = arith.mulf %a, %c : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x?x48xf32>
  return %y : tensor<1x?x48xf32>
}

// -----

// Two computed operands are no contraction of the engine.
// CHECK-LABEL: func @computed
// CHECK:         linalg.matmul_transpose_b
func.func @computed(%x: tensor<?x64xf32> {dataflow.input = "a"}, %y: tensor<?x64xf32> {dataflow.input = "b"}, %z: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %0 = linalg.matmul_transpose_b ins(%x, %y : tensor<?x64xf32>, tensor<?x64xf32>) outs(%z : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

#w3 = affine_map<(n, g, k) -> (n, g, k)>
#w2 = affine_map<(n, g, k) -> (n, g)>

// Nibbles of which 128 share a scale.
// CHECK-LABEL: func @wide
// CHECK-SAME:    (%[[X:.+]]: tensor<?x256xf32>, %[[Q:.+]]: tensor<48x2x128xi4>, %[[D:.+]]: tensor<48x2xf16>, %[[M:.+]]: tensor<48x2xf16>
// CHECK-NEXT:    %[[Y:.+]] = dataflow.contract %[[X]], %[[Q]], %[[D]], %[[M]] :
// CHECK-NEXT:    return %[[Y]]
func.func @wide(%x: tensor<?x256xf32>, %q: tensor<48x2x128xi4>, %d: tensor<48x2xf16>, %m: tensor<48x2xf16>, %ew: tensor<48x2x128xf32>, %ey: tensor<?x48xf32>) -> tensor<?x48xf32> {
  %zero = arith.constant 0.0 : f32
  %w = linalg.generic {indexing_maps = [#w3, #w2, #w2, #w3], iterator_types = ["parallel", "parallel", "parallel"]} ins(%q, %d, %m : tensor<48x2x128xi4>, tensor<48x2xf16>, tensor<48x2xf16>) outs(%ew : tensor<48x2x128xf32>) {
  ^bb0(%a: i4, %b: f16, %c: f16, %o: f32):
    %af = arith.uitofp %a : i4 to f32
    %bf = arith.extf %b : f16 to f32
    %cf = arith.extf %c : f16 to f32
    %p = arith.mulf %af, %bf : f32
    %r = arith.addf %p, %cf : f32
    linalg.yield %r : f32
  } -> tensor<48x2x128xf32>
  %flat = tensor.collapse_shape %w [[0], [1, 2]] : tensor<48x2x128xf32> into tensor<48x256xf32>
  %z = linalg.fill ins(%zero : f32) outs(%ey : tensor<?x48xf32>) -> tensor<?x48xf32>
  %y = linalg.matmul_transpose_b ins(%x, %flat : tensor<?x256xf32>, tensor<48x256xf32>) outs(%z : tensor<?x48xf32>) -> tensor<?x48xf32>
  return %y : tensor<?x48xf32>
}
