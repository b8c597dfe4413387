// RUN: streamtensor-opt %s -split-input-file -expand-samples | FileCheck %s

// CHECK-LABEL: func @step
// CHECK-NOT:     tensor.pad
// CHECK-NOT:     tensor.concat
// CHECK-NOT:     math.fpowi
// CHECK:         tensor.insert_slice
// CHECK:         math.powf
func.func @step(%x: tensor<3xf32>) -> (tensor<5xf32>, tensor<6xf32>, tensor<3xf32>) attributes {dataflow.samples} {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[1] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<3xf32> to tensor<5xf32>
  %c = tensor.concat dim(0) %x, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<6xf32>
  %e = tensor.empty() : tensor<3xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<3xf32>) outs(%e : tensor<3xf32>) {
  ^bb0(%in: f32, %out: f32):
    %three = arith.constant 3 : i32
    %q = math.fpowi %in, %three : f32, i32
    linalg.yield %q : f32
  } -> tensor<3xf32>
  return %p, %c, %y : tensor<5xf32>, tensor<6xf32>, tensor<3xf32>
}

// -----

// Any other module is left alone.
// CHECK-LABEL: func @step
// CHECK:         tensor.concat
func.func @step(%x: tensor<3xf32>) -> tensor<6xf32> {
  %c = tensor.concat dim(0) %x, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<6xf32>
  return %c : tensor<6xf32>
}
