// RUN: streamtensor-opt %s -split-input-file -collect-checks | FileCheck %s

#element = affine_map<(n, k) -> (n)>
#all = affine_map<(n, k) -> (n, k)>

// One more result; the index that a check looks at stays within the table.
// CHECK-LABEL: func @step
// CHECK-SAME:    -> (tensor<2x6xf32>, tensor<i32> {dataflow.checks = ["too great", "negative"]})
// CHECK:         %[[NONE:.+]] = arith.constant dense<0> : tensor<i32>
// CHECK:         %[[CHECKED:.+]] = linalg.generic {{.+}} iterator_types = ["reduction", "reduction"]}
// CHECK-SAME:      outs(%[[NONE]] : tensor<i32>)
// CHECK-NOT:     cf.assert
// CHECK:         linalg.generic {{.+}} iterator_types = ["parallel", "parallel"]}
// CHECK:         ^bb0(%[[IN:.+]]: i64, %{{.+}}: f32):
// CHECK:           %[[I:.+]] = arith.index_cast %[[IN]]
// CHECK:           %[[K:.+]] = linalg.index 1
// CHECK:           %[[LOW:.+]] = arith.maxsi %[[I]]
// CHECK:           %[[HIGH:.+]] = arith.minsi %[[LOW]]
// CHECK:           tensor.extract %{{.+}}[%[[HIGH]], %[[K]]]
// CHECK:         return %{{.+}}, %[[CHECKED]]
func.func @step(%x: tensor<2xi64>, %w: tensor<11x6xf32>) -> tensor<2x6xf32> attributes {dataflow.samples} {
  %c11 = arith.constant 11 : i64
  %c0 = arith.constant 0 : i64
  %e = tensor.empty() : tensor<2x6xf32>
  %y = linalg.generic {indexing_maps = [#element, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<2xi64>) outs(%e : tensor<2x6xf32>) {
  ^bb0(%in: i64, %out: f32):
    %i = arith.index_cast %in : i64 to index
    %k = linalg.index 1 : index
    %a = arith.cmpi slt, %in, %c11 : i64
    cf.assert %a, "too great"
    %b = arith.cmpi sge, %in, %c0 : i64
    cf.assert %b, "negative"
    %v = tensor.extract %w[%i, %k] : tensor<11x6xf32>
    linalg.yield %v : f32
  } -> tensor<2x6xf32>
  return %y : tensor<2x6xf32>
}

// -----

// What holds for every input goes.
// CHECK-LABEL: func @step
// CHECK-SAME:    -> tensor<2xf32>
// CHECK-NOT:     cf.assert
func.func @step(%x: tensor<2xf32>) -> tensor<2xf32> attributes {dataflow.samples} {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %n = tensor.dim %x, %c0 : tensor<2xf32>
  %same = arith.cmpi eq, %n, %c2 : index
  cf.assert %same, "two elements"
  return %x : tensor<2xf32>
}

// -----

// A divisor that may be zero.
// CHECK-LABEL: func @step
// CHECK-SAME:    tensor<i32> {dataflow.checks = ["an integer is divided by zero", "the quotient of the lowest integer and -1 doesn't fit"]}
// CHECK:         linalg.generic {{.+}} iterator_types = ["reduction"]}
// CHECK:         linalg.generic {{.+}} iterator_types = ["parallel"]}
// CHECK:         ^bb0(%[[A:.+]]: i32, %[[B:.+]]: i32, %{{.+}}: i32):
// CHECK:           %[[SOUND:.+]] = arith.andi
// CHECK:           %[[ONE:.+]] = arith.constant 1 : i32
// CHECK:           %[[D:.+]] = arith.select %[[SOUND]], %[[B]], %[[ONE]]
// CHECK:           arith.divsi %[[A]], %[[D]]
func.func @step(%x: tensor<2xi32>, %z: tensor<2xi32>) -> tensor<2xi32> attributes {dataflow.samples} {
  %e = tensor.empty() : tensor<2xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(n) -> (n)>, affine_map<(n) -> (n)>, affine_map<(n) -> (n)>],
                       iterator_types = ["parallel"]}
      ins(%x, %z : tensor<2xi32>, tensor<2xi32>) outs(%e : tensor<2xi32>) {
  ^bb0(%a: i32, %b: i32, %out: i32):
    %q = arith.divsi %a, %b : i32
    linalg.yield %q : i32
  } -> tensor<2xi32>
  return %y : tensor<2xi32>
}
