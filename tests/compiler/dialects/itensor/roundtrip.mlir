// RUN: streamtensor-opt %s | streamtensor-opt | FileCheck %s
// RUN: streamtensor-opt %s --mlir-print-op-generic | streamtensor-opt | FileCheck %s

// CHECK-LABEL: func private @types
func.func private @types(
    // CHECK-SAME: !itensor.itensor<1x16xf32, [36, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
    !itensor.itensor<1x16xf32, [36, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>,
    // CHECK-SAME: !itensor.itensor<4x2xf16, [4, 2, 2]*[2, 1, 4], (d0, d1, d2) -> (d2, d0)>
    !itensor.itensor<4x2xf16, [4, 2, 2]*[2, 1, 4], (d0, d1, d2) -> (d2, d0)>,
    // CHECK-SAME: !itensor.itensor<16xi8, [4, 2]*[32, 16], (d0, d1) -> (d0 + d1)>
    !itensor.itensor<16xi8, [4, 2]*[32, 16], (d0, d1) -> (d0 + d1)>)

!row = !itensor.itensor<1x576xf32, [T max 16]*[1], (d0) -> (d0, 0)>
!heads = !itensor.itensor<1x9x64xf32, [T max 16]*[1], (d0) -> (d0, 0, 0)>

// CHECK-LABEL: func @reshape
func.func @reshape(%x: !row) -> !heads {
  // CHECK: itensor.reassociate %{{.*}} {{\[}}[0], [1, 2]] : !itensor.itensor<1x576xf32, {{.*}}> to !itensor.itensor<1x9x64xf32, {{.*}}>
  %0 = itensor.reassociate %x [[0], [1, 2]] : !row to !heads
  return %0 : !heads
}

// CHECK-LABEL: func @read_write
func.func @read_write(%x: !row) -> !row {
  // CHECK: %[[EMPTY:.*]] = itensor.empty : !itensor.itensor<1x576xf32
  %0 = itensor.empty : !row
  // CHECK: %[[E:.*]] = itensor.read %{{.*}} : !itensor.itensor<{{.*}}> -> tensor<1x576xf32>
  %1 = itensor.read %x : !row -> tensor<1x576xf32>
  // CHECK: itensor.write %[[E]] into %[[EMPTY]] : tensor<1x576xf32> into !itensor.itensor<
  %2 = itensor.write %1 into %0 : tensor<1x576xf32> into !row
  return %2 : !row
}

// CHECK-LABEL: func @convert
func.func @convert(%b: !itensor.itensor<4x2xf32, [4, 2]*[2, 4], (d0, d1) -> (d1, d0)>) {
  // CHECK: itensor.converter %{{.*}} {buffer = array<i64: 8, 2>, shared_loops = 1 : i64}
  %c = itensor.converter %b {buffer = array<i64: 8, 2>, shared_loops = 1 : i64}
     : !itensor.itensor<4x2xf32, [4, 2]*[2, 4], (d0, d1) -> (d1, d0)>
    to !itensor.itensor<4x2xf32, [4, 2, 2]*[2, 1, 4], (d0, d1, d2) -> (d2, d0)>
  // Sharing less than possible takes more, but is right.
  // CHECK: itensor.converter %{{.*}} {buffer = array<i64: 8, 8>, shared_loops = 0 : i64}
  %d = itensor.converter %b {buffer = array<i64: 8, 8>, shared_loops = 0 : i64}
     : !itensor.itensor<4x2xf32, [4, 2]*[2, 4], (d0, d1) -> (d1, d0)>
    to !itensor.itensor<4x2xf32, [4, 2, 2]*[2, 1, 4], (d0, d1, d2) -> (d2, d0)>
  return
}

!four = !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
!three = !itensor.itensor<1x16xf32, [3, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
!one = !itensor.itensor<1x16xf32, [1, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>

// CHECK-LABEL: func @split
func.func @split(%x: !four, %y: !itensor.itensor<1x16xf32, [4]*[32], (d0) -> (0, d0)>) {
  // CHECK: itensor.chunk %{{.*}} dim 1
  %a, %b = itensor.chunk %x dim 1 : !four to !three, !one
  // CHECK: itensor.concat %{{.*}}, %{{.*}} dim 1
  %c = itensor.concat %b, %a dim 1 : !one, !three to !four
  // CHECK: itensor.fork %{{.*}} : !itensor.itensor<{{.*}}> to 2
  %d, %e = itensor.fork %y : !itensor.itensor<1x16xf32, [4]*[32], (d0) -> (0, d0)> to 2
  // CHECK: itensor.join %{{.*}}, %{{.*}}
  %f = itensor.join %d, %e
     : !itensor.itensor<1x16xf32, [4]*[32], (d0) -> (0, d0)>, !itensor.itensor<1x16xf32, [4]*[32], (d0) -> (0, d0)>
    to !itensor.itensor<1x16xf32, [4, 2]*[32, 16], (d0, d1) -> (0, d0 + d1)>
  // CHECK: itensor.cast
  %g = itensor.cast %f : !itensor.itensor<1x16xf32, [4, 2]*[32, 16], (d0, d1) -> (0, d0 + d1)>
                      to !itensor.itensor<1x16xf32, [1, 8]*[5, 16], (d0, d1) -> (d0, d1)>
  return
}
