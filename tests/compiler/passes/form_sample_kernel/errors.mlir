// RUN: streamtensor-opt %s -split-input-file -verify-diagnostics -form-sample-kernel

module attributes {dataflow.symbols = {T = 4 : i64}} {
  func.func @step(%x: tensor<6x20xf32> {dataflow.input = "x"}) -> tensor<6x20xf32> attributes {dataflow.samples} {
    %e = tensor.empty() : tensor<6x20xf32>
    // expected-error @+1 {{has 6 rows, which tiles of 4 don't divide}}
    %y = linalg.exp {dataflow.binding = {kind = "spatial", tile = 4}} ins(%x : tensor<6x20xf32>) outs(%e : tensor<6x20xf32>) -> tensor<6x20xf32>
    return %y : tensor<6x20xf32>
  }
}

// -----

module attributes {dataflow.symbols = {T = 4 : i64}} {
  func.func @step(%x: tensor<1x20xf32> {dataflow.input = "x"}) -> tensor<1x20xf32> attributes {dataflow.samples} {
    %e = tensor.empty() : tensor<1x20xf32>
    // expected-error @+1 {{has no rows to take 2 of at a time}}
    %y = linalg.exp {dataflow.binding = {kind = "spatial", tile = 2}} ins(%x : tensor<1x20xf32>) outs(%e : tensor<1x20xf32>) -> tensor<1x20xf32>
    return %y : tensor<1x20xf32>
  }
}

// -----

func.func @kinds(%x: tensor<6x20xf32>, %e: tensor<6x20xf32>) -> tensor<6x20xf32> {
  // expected-error @+1 {{dataflow.binding must be a dictionary whose kind is "spatial" or "fused", got {kind = "shared"}}}
  %y = linalg.exp {dataflow.binding = {kind = "shared"}} ins(%x : tensor<6x20xf32>) outs(%e : tensor<6x20xf32>) -> tensor<6x20xf32>
  return %y : tensor<6x20xf32>
}

// -----

func.func @width(%x: tensor<6x20xf32>, %e: tensor<6x20xf32>) -> tensor<6x20xf32> {
  // expected-error @+1 {{dataflow.binding's width must be 16..16, got 8 : i64}}
  %y = linalg.exp {dataflow.binding = {kind = "spatial", width = 8}} ins(%x : tensor<6x20xf32>) outs(%e : tensor<6x20xf32>) -> tensor<6x20xf32>
  return %y : tensor<6x20xf32>
}

// -----

func.func @fused(%x: tensor<6x20xf32>, %e: tensor<6x20xf32>) -> tensor<6x20xf32> {
  // expected-error @+1 {{dataflow.binding has tile, unroll and width where it is spatial, got tile of a fused one}}
  %y = linalg.exp {dataflow.binding = {kind = "fused", tile = 2}} ins(%x : tensor<6x20xf32>) outs(%e : tensor<6x20xf32>) -> tensor<6x20xf32>
  return %y : tensor<6x20xf32>
}
