// RUN: streamtensor-opt %s -split-complex -split-input-file -verify-diagnostics

func.func @step(%x: tensor<4xcomplex<i32>>) -> tensor<4xcomplex<i32>> attributes {dataflow.samples} {
  // expected-error @+1 {{has complex numbers of 'i32'; those of floats can be compiled}}
  return %x : tensor<4xcomplex<i32>>
}

// -----

func.func @step(%x: tensor<4xcomplex<f32>>) -> tensor<4x2xf32> attributes {dataflow.samples} {
  // expected-error @+1 {{has a tensor of complex numbers, which this operation can't be compiled of}}
  %y = builtin.unrealized_conversion_cast %x : tensor<4xcomplex<f32>> to tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// -----

#all = affine_map<(d0) -> (d0)>
func.func @step(%x: tensor<4xcomplex<f32>>) -> tensor<4xi64> attributes {dataflow.samples} {
  %empty = tensor.empty() : tensor<4xi64>
  %y = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]}
      ins(%x : tensor<4xcomplex<f32>>) outs(%empty : tensor<4xi64>) {
  ^bb0(%a: complex<f32>, %out: i64):
    // expected-error @+1 {{of complex numbers can't be compiled}}
    %bits = complex.bitcast %a : complex<f32> to i64
    linalg.yield %bits : i64
  } -> tensor<4xi64>
  return %y : tensor<4xi64>
}
