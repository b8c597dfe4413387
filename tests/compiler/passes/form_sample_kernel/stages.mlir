// RUN: streamtensor-opt %s -split-input-file -form-sample-kernel | FileCheck %s

// Two layers are two processes: the second takes a row when the first has made it. What is neither a sum of products
// nor a window belongs to the process that makes what it reads.
// CHECK-LABEL: func @step
// CHECK:         %[[A:.+]] = dataflow.kernel "matmul"
// CHECK-SAME:      -> !itensor.itensor<1x1x32xf32, [T max 4, 6]*[1, 1], (d0, d1) -> (d0, d1, 0)>
// CHECK-SAME:      attributes {dataflow.binding = {kind = "spatial", tile = 1 : i64, unroll = 16 : i64, width = 16 : i64}}
// CHECK:           scf.for
// CHECK:             itensor.read {{.+}} -> tensor<1x120xf32>
// CHECK:             scf.for
// CHECK:               linalg.matmul {{.+}} tensor<1x20xf32>, tensor<20x32xf32>) outs({{.+}} : tensor<1x32xf32>)
// CHECK:               arith.maximumf
// CHECK:               itensor.write
// CHECK:         dataflow.kernel "matmul" (%{{.+}} = %[[A]] : !itensor.itensor<1x1x32xf32, [T max 4, 6]*[1, 1], (d0, d1) -> (d0, d1, 0)>)
// CHECK-SAME:      -> !itensor.itensor<1x60xf32, [T max 4]*[1], (d0) -> (d0, 0)>
// CHECK:           scf.for
// CHECK:             scf.for
// CHECK:               itensor.read {{.+}} -> tensor<1x1x32xf32>
// CHECK:               linalg.matmul {{.+}} tensor<1x32xf32>, tensor<32x10xf32>) outs({{.+}} : tensor<1x10xf32>)
// CHECK:               tensor.insert_slice
// CHECK:             itensor.write {{.+}} : tensor<1x60xf32>
#id = affine_map<(d0, d1) -> (d0, d1)>
module attributes {dataflow.symbols = {T = 4 : i64}} {
  func.func @step(%x: tensor<6x20xf32> {dataflow.input = "x"}) -> tensor<6x10xf32> attributes {dataflow.samples} {
    %zero = arith.constant 0.0 : f32
    %w1 = arith.constant dense<0.5> : tensor<20x32xf32>
    %w2 = arith.constant dense<0.25> : tensor<32x10xf32>
    %e1 = tensor.empty() : tensor<6x32xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<6x32xf32>) -> tensor<6x32xf32>
    %h = linalg.matmul ins(%x, %w1 : tensor<6x20xf32>, tensor<20x32xf32>) outs(%f1 : tensor<6x32xf32>) -> tensor<6x32xf32>
    %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%h : tensor<6x32xf32>) outs(%e1 : tensor<6x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %m = arith.maximumf %in, %zero : f32
      linalg.yield %m : f32
    } -> tensor<6x32xf32>
    %e2 = tensor.empty() : tensor<6x10xf32>
    %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<6x10xf32>) -> tensor<6x10xf32>
    %y = linalg.matmul ins(%r, %w2 : tensor<6x32xf32>, tensor<32x10xf32>) outs(%f2 : tensor<6x10xf32>) -> tensor<6x10xf32>
    return %y : tensor<6x10xf32>
  }
}

// -----

// A convolution of padded lines: the padding gives lines, the convolution keeps three of them, each twice, so that a
// window is in one piece; the pooling takes two new ones a time.
// CHECK-LABEL: func @step
// CHECK:         %[[P:.+]] = dataflow.kernel "pad"
// CHECK-SAME:      -> !itensor.itensor<1x1x2x1x10xf32, [T max 2, 10]*[1, 1], (d0, d1) -> (d0, 0, 0, d1, 0)>
// CHECK:         %[[C:.+]] = dataflow.kernel "conv_2d_nchw_fchw" (%{{.+}} = %[[P]] :
// CHECK-SAME:      -> !itensor.itensor<1x1x3x1x8xf32, [T max 2, 8]*[1, 1], (d0, d1) -> (d0, 0, 0, d1, 0)>
// CHECK:           %[[RING:.+]] = tensor.empty() : tensor<1x2x6x10xf32>
// CHECK:           scf.for {{.+}} iter_args(%{{.+}} = %[[RING]])
// CHECK:             itensor.read
// CHECK:           scf.for
// CHECK:             itensor.read
// CHECK:             arith.remui
// CHECK:             tensor.extract_slice {{.+}} [1, 2, 3, 10] [1, 1, 1, 1] : tensor<1x2x6x10xf32> to tensor<1x2x3x10xf32>
// CHECK:             linalg.conv_2d_nchw_fchw {{.+}} outs({{.+}} : tensor<1x3x1x8xf32>)
// CHECK:         dataflow.kernel "pooling_nchw_max" (%{{.+}} = %[[C]] :
// CHECK:           tensor.empty() : tensor<1x3x4x8xf32>
// CHECK:           linalg.pooling_nchw_max {{.+}} outs({{.+}} : tensor<1x3x1x4xf32>)
module attributes {dataflow.symbols = {T = 2 : i64}} {
  func.func @step(%x: tensor<1x2x8x8xf32> {dataflow.input = "x"}) -> tensor<1x3x4x4xf32> attributes {dataflow.samples} {
    %zero = arith.constant 0.0 : f32
    %least = arith.constant 0xFF800000 : f32
    %w = arith.constant dense<0.5> : tensor<3x2x3x3xf32>
    %pe = tensor.empty() : tensor<1x2x10x10xf32>
    %pf = linalg.fill ins(%zero : f32) outs(%pe : tensor<1x2x10x10xf32>) -> tensor<1x2x10x10xf32>
    %p = tensor.insert_slice %x into %pf[0, 0, 1, 1] [1, 2, 8, 8] [1, 1, 1, 1]
        : tensor<1x2x8x8xf32> into tensor<1x2x10x10xf32>
    %e = tensor.empty() : tensor<1x3x8x8xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
    %c = linalg.conv_2d_nchw_fchw {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
        ins(%p, %w : tensor<1x2x10x10xf32>, tensor<3x2x3x3xf32>) outs(%f : tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
    %me = tensor.empty() : tensor<1x3x4x4xf32>
    %mf = linalg.fill ins(%least : f32) outs(%me : tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
    %window = tensor.empty() : tensor<2x2xf32>
    %m = linalg.pooling_nchw_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
        ins(%c, %window : tensor<1x3x8x8xf32>, tensor<2x2xf32>) outs(%mf : tensor<1x3x4x4xf32>) -> tensor<1x3x4x4xf32>
    return %m : tensor<1x3x4x4xf32>
  }
}

// -----

// Where an operation needs all rows of what it reads, it waits for them: %y is a sum over the rows of %h.
// CHECK-LABEL: func @step
// CHECK:         %[[H:.+]] = dataflow.kernel "matmul"
// CHECK-SAME:      -> !itensor.itensor<1x120xf32, [T max 2]*[1], (d0) -> (d0, 0)>
// CHECK:         dataflow.kernel "matmul" (%{{.+}} = %[[H]] :
// CHECK:           linalg.matmul {{.+}} tensor<3x6xf32>, tensor<6x20xf32>)
module attributes {dataflow.symbols = {T = 2 : i64}} {
  func.func @step(%x: tensor<6x20xf32> {dataflow.input = "x"}) -> tensor<3x20xf32> attributes {dataflow.samples} {
    %zero = arith.constant 0.0 : f32
    %w1 = arith.constant dense<0.5> : tensor<20x20xf32>
    %w2 = arith.constant dense<0.5> : tensor<3x6xf32>
    %e1 = tensor.empty() : tensor<6x20xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<6x20xf32>) -> tensor<6x20xf32>
    %h = linalg.matmul ins(%x, %w1 : tensor<6x20xf32>, tensor<20x20xf32>) outs(%f1 : tensor<6x20xf32>) -> tensor<6x20xf32>
    %e2 = tensor.empty() : tensor<3x20xf32>
    %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<3x20xf32>) -> tensor<3x20xf32>
    %y = linalg.matmul ins(%w2, %h : tensor<3x6xf32>, tensor<6x20xf32>) outs(%f2 : tensor<3x20xf32>) -> tensor<3x20xf32>
    return %y : tensor<3x20xf32>
  }
}

// -----

// A binding says otherwise: the first product takes two rows at a time, the second belongs to the first's process.
// CHECK-LABEL: func @step
// CHECK:         dataflow.kernel "samples"
// CHECK-SAME:      tile = 2 : i64, unroll = 8 : i64
// CHECK:           scf.for {{.+}} step
// CHECK:             linalg.matmul {{.+}} outs({{.+}} : tensor<2x32xf32>)
// CHECK:             linalg.matmul {{.+}} outs({{.+}} : tensor<2x32xf32>)
// CHECK-NOT:     dataflow.kernel
module attributes {dataflow.symbols = {T = 4 : i64}} {
  func.func @step(%x: tensor<6x20xf32> {dataflow.input = "x"}) -> tensor<6x32xf32> attributes {dataflow.samples} {
    %zero = arith.constant 0.0 : f32
    %w1 = arith.constant dense<0.5> : tensor<20x32xf32>
    %w2 = arith.constant dense<0.25> : tensor<32x32xf32>
    %e1 = tensor.empty() : tensor<6x32xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<6x32xf32>) -> tensor<6x32xf32>
    %h = linalg.matmul {dataflow.binding = {kind = "spatial", tile = 2, unroll = 8}}
        ins(%x, %w1 : tensor<6x20xf32>, tensor<20x32xf32>) outs(%f1 : tensor<6x32xf32>) -> tensor<6x32xf32>
    %y = linalg.matmul {dataflow.binding = {kind = "fused"}}
        ins(%h, %w2 : tensor<6x32xf32>, tensor<32x32xf32>) outs(%f1 : tensor<6x32xf32>) -> tensor<6x32xf32>
    return %y : tensor<6x32xf32>
  }
}
