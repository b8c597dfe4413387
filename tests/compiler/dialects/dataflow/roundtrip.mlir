// RUN: streamtensor-opt %s | streamtensor-opt | FileCheck %s
// RUN: streamtensor-opt %s --mlir-print-op-generic | streamtensor-opt | FileCheck %s

// CHECK-LABEL: func @contract
func.func @contract(%x: tensor<?x64xf32>, %q: tensor<48x2x32xi4>, %d: tensor<48x2xf16>, %q8: tensor<48x2x32xi8>) {
  // CHECK: dataflow.contract %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<48x2x32xi4>, tensor<48x2xf16>, tensor<48x2xf16> -> tensor<?x48xf32>
  %0 = dataflow.contract %x, %q, %d, %d
     : tensor<?x64xf32>, tensor<48x2x32xi4>, tensor<48x2xf16>, tensor<48x2xf16> -> tensor<?x48xf32>
  // CHECK: dataflow.contract %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<48x2x32xi8>, tensor<48x2xf16> -> tensor<?x48xf32>
  %1 = dataflow.contract %x, %q8, %d : tensor<?x64xf32>, tensor<48x2x32xi8>, tensor<48x2xf16> -> tensor<?x48xf32>
  return
}

// CHECK-LABEL: func @paged
func.func @paged(%q: tensor<?x4x32xf32>, %kv: tensor<?x2x32xf16>, %pool: tensor<?x3x2x32x32xf16>,
                 %pages: tensor<16x8xi32>, %field: tensor<?xi32>, %layer: index) -> tensor<?x4x32xf32> {
  // CHECK: dataflow.paged_attention
  // CHECK-SAME: {kv_head_map = #{{.*}}, scale = 1.250000e-01 : f32}
  %0 = dataflow.paged_attention %q, %kv, %kv, %pool, %pool, %pages, %field, %field, %field, %layer
         {scale = 1.250000e-01 : f32, kv_head_map = affine_map<(d0) -> (d0 floordiv 2)>}
     : tensor<?x4x32xf32>, tensor<?x2x32xf16>, tensor<?x2x32xf16>, tensor<?x3x2x32x32xf16>, tensor<?x3x2x32x32xf16>,
       tensor<16x8xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32> -> tensor<?x4x32xf32>
  // CHECK: dataflow.kv_append
  dataflow.kv_append %kv, %kv, %pool, %pool, %pages, %field, %field, %layer
    : tensor<?x2x32xf16>, tensor<?x2x32xf16>, tensor<?x3x2x32x32xf16>, tensor<?x3x2x32x32xf16>, tensor<16x8xi32>,
      tensor<?xi32>, tensor<?xi32>
  return %0 : tensor<?x4x32xf32>
}

// CHECK-LABEL: func @take
func.func @take(%x: tensor<?x64xf32>, %flags: tensor<?xi32>) -> tensor<?x64xf32> {
  // CHECK: dataflow.take_rows %{{.*}}, %{{.*}} : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  %0 = dataflow.take_rows %x, %flags : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

!row = !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>
!tiles = !itensor.itensor<1x16xf32, [3, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>

// CHECK: dataflow.engine @engine {slots = 3 : i64}
dataflow.engine @engine {slots = 3 : i64}

// CHECK-LABEL: func @kernel
func.func @kernel(%x: !row, %w: tensor<30x64xf32>, %layer: index, %q: tensor<48x2x32xi4>, %d: tensor<48x2xf16>) {
  // CHECK: dataflow.kernel "same" (%[[IN:.*]] = %{{.*}} : !itensor.itensor<{{.*}}>, %{{.*}} = %{{.*}} : tensor<30x64xf32>, %{{.*}} = %{{.*}} : index) -> !itensor.itensor<{{.*}}> {
  %0 = dataflow.kernel "same" (%in = %x : !row, %table = %w : tensor<30x64xf32>, %l = %layer : index) -> !row {
    // CHECK: dataflow.layers 1 : index
    %layers = dataflow.layers 1 : index
    // CHECK: dataflow.extent "T" : index
    %tokens = dataflow.extent "T" : index
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %empty = itensor.empty : !row
    %out = scf.for %t = %c0 to %tokens step %c1 iter_args(%o = %empty) -> (!row) {
      %v = itensor.read %in : !row -> tensor<1x64xf32>
      %n = itensor.write %v into %o : tensor<1x64xf32> into !row
      scf.yield %n : !row
    }
    // CHECK: dataflow.yield %{{.*}} : !itensor.itensor
    dataflow.yield %out : !row
  }
  // CHECK: dataflow.issue @engine %{{.*}} q(%{{.*}}, %{{.*}}) d(%{{.*}}, %{{.*}}) m(%{{.*}}, %{{.*}}) alternate
  %r:2 = dataflow.issue @engine %0 q(%q, %q) d(%d, %d) m(%d, %d) alternate
    : !row, (tensor<48x2x32xi4>, tensor<48x2x32xi4>), (tensor<48x2xf16>, tensor<48x2xf16>),
      (tensor<48x2xf16>, tensor<48x2xf16>) -> !tiles, !tiles
  // CHECK: dataflow.issue @engine %{{.*}} q(%{{.*}}) d(%{{.*}}) :
  %s = dataflow.issue @engine %0 q(%q) d(%d) : !row, (tensor<48x2x32xi4>), (tensor<48x2xf16>) -> !tiles
  return
}

// CHECK: dataflow.design @step attributes {layers = 2 : i64, symbols = {T = 16 : i64}}
dataflow.design @step attributes {layers = 2 : i64, symbols = {T = 16 : i64}} {
  // CHECK: dataflow.memory @descriptor {role = "descriptor"}
  dataflow.memory @descriptor {role = "descriptor"}
  dataflow.memory @status {role = "status"}
  // CHECK: dataflow.memory @w {part = "value", role = "constants", section = "layer", type = tensor<2x64xf32>, weight = "w.{layer}"}
  dataflow.memory @w {role = "constants", weight = "w.{layer}", part = "value", section = "layer", type = tensor<2x64xf32>}
  dataflow.memory @x {role = "input", type = tensor<?x64xf32>}
  // CHECK: dataflow.stream @words header depth 2 from @header to @fan_out
  dataflow.stream @words header depth 2 from @header to @fan_out
  dataflow.stream @h_status header depth 2 from @fan_out to @write_status
  dataflow.stream @h_load header depth 2 from @fan_out to @load
  dataflow.stream @h_k header depth 2 from @fan_out to @k
  // CHECK: dataflow.stream @a words depth 4 from @load to @k {type = !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>}
  dataflow.stream @a words depth 4 from @load to @k {type = !row}
  process.header @header reads [] writes [@words] memories [@descriptor]
  process.fan_out @fan_out reads [@words] writes [@h_status, @h_load, @h_k] memories []
  process.write_status @write_status reads [@h_status] writes [] memories [@status]
  process.load @load reads [@h_load] writes [@a] memories [@x]
  process.kernel @k layer reads [@h_k, @a] writes [] memories [@w] fields [] {
  ^bb0(%in: !row, %table: tensor<2x64xf32>, %layer: index):
    dataflow.yield
  }
}
