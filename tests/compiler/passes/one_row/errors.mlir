// RUN: streamtensor-opt %s -split-input-file -verify-diagnostics -one-row

// Every obstacle is named.
func.func @step(%x: tensor<?x6xf32>) -> (tensor<6xf32>, tensor<?x6xf32>) attributes {dataflow.samples} {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<6xf32>) -> tensor<6xf32>
  // expected-error @+1 {{computed row by row: it reduces over the rows; export the module with a fixed size there}}
  %s = linalg.generic {indexing_maps = [affine_map<(k, t) -> (t, k)>, affine_map<(k, t) -> (k)>],
                       iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x6xf32>) outs(%f : tensor<6xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %in, %out : f32
    linalg.yield %a : f32
  } -> tensor<6xf32>
  // expected-error @+1 {{it joins rows}}
  %c = tensor.concat dim(0) %x, %x : (tensor<?x6xf32>, tensor<?x6xf32>) -> tensor<?x6xf32>
  return %s, %c : tensor<6xf32>, tensor<?x6xf32>
}

// -----

func.func @step(%x: tensor<?x6xf32>, %y: tensor<?x6xf32>) -> (tensor<?xf32>, tensor<?x?xf32>) attributes {dataflow.samples} {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?x6xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%t) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  // expected-error @+1 {{it pairs a row with others}}
  %s = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                                        affine_map<(i, j, k) -> (i)>],
                       iterator_types = ["parallel", "reduction", "reduction"]}
      ins(%x, %y : tensor<?x6xf32>, tensor<?x6xf32>) outs(%f : tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %out, %p : f32
    linalg.yield %q : f32
  } -> tensor<?xf32>
  // expected-error @+1 {{the size of dimension 1 of its result is not known}}
  %square = tensor.empty(%t, %t) : tensor<?x?xf32>
  %filled = linalg.fill ins(%zero : f32) outs(%square : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %s, %filled : tensor<?xf32>, tensor<?x?xf32>
}

// -----

func.func @step(%x: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) attributes {dataflow.samples} {
  %c0 = arith.constant 0 : index
  %t = tensor.dim %x, %c0 : tensor<?xf32>
  %j = arith.index_cast %t : index to i32
  // expected-error @+1 {{it computes with the number of rows}}
  %n = arith.sitofp %j : i32 to f32
  %e = tensor.empty(%t) : tensor<?xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(t) -> (t)>, affine_map<(t) -> (t)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    // expected-error @+1 {{it computes with the number of a row}}
    %index = linalg.index 0 : index
    %k = arith.index_cast %index : index to i32
    %l = arith.sitofp %k : i32 to f32
    %a = arith.mulf %in, %l : f32
    linalg.yield %a : f32
  } -> tensor<?xf32>
  %z = linalg.fill ins(%n : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %y, %z : tensor<?xf32>, tensor<?xf32>
}

// -----

func.func @step(%x: tensor<?x4xf32>) -> tensor<?x4xf32> attributes {dataflow.samples} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = tensor.dim %x, %c0 : tensor<?x4xf32>
  // expected-error @+1 {{it takes some of the rows}}
  %s = tensor.extract_slice %x[1, 0] [%t, 4] [1, 1] : tensor<?x4xf32> to tensor<?x4xf32>
  return %s : tensor<?x4xf32>
}
