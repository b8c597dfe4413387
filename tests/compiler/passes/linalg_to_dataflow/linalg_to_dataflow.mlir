// RUN: streamtensor-opt %S/../Inputs/mlp.mlir --tile --linalg-to-dataflow | FileCheck %s

// CHECK: %[[UP:.*]] = dataflow.contract
// CHECK: %[[TILES:.*]] = builtin.unrealized_conversion_cast %[[UP]] : tensor<?x96xf32> to !itensor.itensor<1x16xf32, [6, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
// The bias is a memory: given whole, sliced by tile.
// CHECK: dataflow.kernel "up_bias" (%[[IN:.*]] = %[[TILES]] : {{.*}}, %[[BIAS:.*]] = %{{.*}} : tensor<96xf32>) -> !itensor.itensor<1x16xf32, [6, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
// CHECK: dataflow.extent "T" : index
// CHECK: scf.for %[[COLUMN:[a-z0-9]+]] =
// CHECK: scf.for
// CHECK: %[[TILE:.*]] = itensor.read %[[IN]]
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %[[BIAS]][%[[COLUMN]]] [16] [1]
// CHECK: linalg.generic {{.*}} ins(%[[TILE]], %[[SLICE]] : tensor<1x16xf32>, tensor<16xf32>)
// CHECK: itensor.write

// CHECK: dataflow.kernel "add" ({{.*}}) -> !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>
