// RUN: streamtensor-opt %s --fuse | FileCheck %s

!tiles = !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
!rows = !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>

// Two who want rows share one converter; who takes tiles has the FIFO.
// CHECK-LABEL: func @step
// CHECK-SAME: (%[[X:.*]]: !itensor.itensor
func.func @step(%x: !tiles) -> (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>) {
  %t = builtin.unrealized_conversion_cast %x : !tiles to tensor<?x64xf32>
  // CHECK: %[[ROWS:.*]] = itensor.converter %[[X]] {buffer = array<i64: 16, 64>, shared_loops = 0 : i64}
  // CHECK-NOT: itensor.converter
  %a = builtin.unrealized_conversion_cast %t : tensor<?x64xf32> to !rows
  %b = builtin.unrealized_conversion_cast %t : tensor<?x64xf32> to !rows
  %c = builtin.unrealized_conversion_cast %t : tensor<?x64xf32> to !tiles
  // CHECK: unrealized_conversion_cast %[[ROWS]]
  %at = builtin.unrealized_conversion_cast %a : !rows to tensor<?x64xf32>
  // CHECK: unrealized_conversion_cast %[[ROWS]]
  %bt = builtin.unrealized_conversion_cast %b : !rows to tensor<?x64xf32>
  // CHECK: unrealized_conversion_cast %[[X]]
  %ct = builtin.unrealized_conversion_cast %c : !tiles to tensor<?x64xf32>
  return %at, %bt, %ct : tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>
}
