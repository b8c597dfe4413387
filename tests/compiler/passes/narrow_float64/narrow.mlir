// RUN: streamtensor-opt %s -split-input-file -narrow-float64 | FileCheck %s

// A sum that Torch-MLIR takes in float64 is taken in float32; conversions to and from float64 go.
// CHECK-LABEL: func @step
// CHECK-SAME:    (%[[X:.+]]: tensor<4xf32>)
// CHECK-DAG:     %[[COUNT:.+]] = arith.constant 4.000000e+00 : f32
// CHECK:         %[[COPY:.+]] = linalg.generic {{.*}} ins(%[[X]] : tensor<4xf32>)
// CHECK-NEXT:    ^bb0(%[[IN0:.+]]: f32, %{{.+}}: f32):
// CHECK-NEXT:      linalg.yield %[[IN0]] : f32
// CHECK:         %[[SUM:.+]] = linalg.generic {{.*}} ins(%[[COPY]] : tensor<4xf32>) outs(%{{.+}} : tensor<f32>)
// CHECK-NEXT:    ^bb0(%[[IN:.+]]: f32, %[[OUT:.+]]: f32):
// CHECK-NEXT:      %[[A:.+]] = arith.addf %[[IN]], %[[OUT]] : f32
// CHECK-NEXT:      linalg.yield %[[A]] : f32
// CHECK:         linalg.generic {{.*}} ins(%[[SUM]] : tensor<f32>) outs(%{{.+}} : tensor<f32>)
// CHECK-NEXT:    ^bb0(%[[S:.+]]: f32, %{{.+}}: f32):
// CHECK-NEXT:      %[[M:.+]] = arith.divf %[[S]], %[[COUNT]] : f32
// CHECK-NEXT:      linalg.yield %[[M]] : f32
// CHECK-NOT:     f64
func.func @step(%x: tensor<4xf32>) -> tensor<f32> {
  %zero = arith.constant 0.0 : f64
  %count = arith.constant 4.0 : f64
  %wide = tensor.empty() : tensor<4xf64>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%wide : tensor<4xf64>) {
  ^bb0(%in: f32, %out: f64):
    %w = arith.extf %in : f32 to f64
    linalg.yield %w : f64
  } -> tensor<4xf64>
  %e = tensor.empty() : tensor<f64>
  %f = linalg.fill ins(%zero : f64) outs(%e : tensor<f64>) -> tensor<f64>
  %1 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%0 : tensor<4xf64>) outs(%f : tensor<f64>) {
  ^bb0(%in: f64, %out: f64):
    %s = arith.addf %in, %out : f64
    linalg.yield %s : f64
  } -> tensor<f64>
  %narrow = tensor.empty() : tensor<f32>
  %2 = linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []}
      ins(%1 : tensor<f64>) outs(%narrow : tensor<f32>) {
  ^bb0(%in: f64, %out: f32):
    %m = arith.divf %in, %count : f64
    %t = arith.truncf %m : f64 to f32
    linalg.yield %t : f32
  } -> tensor<f32>
  return %2 : tensor<f32>
}

// -----

// An index of a loop of 100 lies within the integers that float32 holds.
// CHECK-LABEL: func @step
// CHECK:           %[[I:.+]] = linalg.index 0
// CHECK:           %[[C:.+]] = arith.index_cast %[[I]] : index to i64
// CHECK:           %[[F:.+]] = arith.sitofp %[[C]] : i64 to f32
// CHECK:           linalg.yield %[[F]] : f32
func.func @step() -> tensor<100xf32> {
  %e = tensor.empty() : tensor<100xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      outs(%e : tensor<100xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %c = arith.index_cast %i : index to i64
    %f = arith.sitofp %c : i64 to f64
    %t = arith.truncf %f : f64 to f32
    linalg.yield %t : f32
  } -> tensor<100xf32>
  return %0 : tensor<100xf32>
}

// -----

// CHECK-LABEL: func @step
// CHECK:         arith.constant dense<[1.000000e+00, 1.000000e-01]> : tensor<2xf32>
// CHECK:         arith.constant 0x7F800000 : f32
// CHECK:         arith.extf %{{.+}} : f16 to f32
func.func @step(%x: f16) -> (tensor<2xf32>, f32, f32) {
  %a = arith.constant dense<[1.0, 0.1]> : tensor<2xf64>
  %b = arith.truncf %a : tensor<2xf64> to tensor<2xf32>
  %c = arith.constant 0x7FF0000000000000 : f64
  %d = arith.truncf %c : f64 to f32
  %e = arith.extf %x : f16 to f64
  %f = arith.truncf %e : f64 to f32
  return %b, %d, %f : tensor<2xf32>, f32, f32
}
