// RUN: streamtensor-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{1 trip counts but 2 steps}}
func.func private @f(!itensor.itensor<1x16xf32, [36]*[16, 1], (d0, d1) -> (d1, d0)>)

// -----
// expected-error@+1 {{loop d0 advances more than one data dimension}}
func.func private @f(!itensor.itensor<4x4xf32, [2, 2]*[4, 4], (d0, d1) -> (d0, d0)>)

// -----
// expected-error@+1 {{a map result must be a loop, a sum of loops or 0}}
func.func private @f(!itensor.itensor<4xf32, [2]*[4], (d0) -> (d0 * 2)>)

// -----
// expected-error@+1 {{must have a result for each of the 2 data dimensions, got 1}}
func.func private @f(!itensor.itensor<4x4xf32, [2]*[4], (d0) -> (d0)>)

// -----
// expected-error@+1 {{trip counts must be at least 1, got 0}}
func.func private @f(!itensor.itensor<4xf32, [0]*[4], (d0) -> (d0)>)

// -----
// expected-error@+1 {{element type must be an integer or a float, got 'index'}}
func.func private @f(!itensor.itensor<4xindex, [1]*[4], (d0) -> (d0)>)

// -----
func.func @f(%x: !itensor.itensor<4xf32, [2]*[4], (d0) -> (d0)>) {
  // expected-error@+1 {{must take one element, 'tensor<4xf32>', got 'tensor<8xf32>'}}
  %0 = itensor.read %x : !itensor.itensor<4xf32, [2]*[4], (d0) -> (d0)> -> tensor<8xf32>
  return
}

// -----
func.func @f(%x: !itensor.itensor<4xf32, [2]*[4], (d0) -> (d0)>, %v: tensor<2xf32>) {
  // expected-error@+1 {{must put one element, 'tensor<4xf32>', got 'tensor<2xf32>'}}
  %0 = itensor.write %v into %x : tensor<2xf32> into !itensor.itensor<4xf32, [2]*[4], (d0) -> (d0)>
  return
}

// -----
func.func @f(%x: !itensor.itensor<1x16xf32, [4, 2]*[16, 1], (d0, d1) -> (d1, d0)>) {
  // expected-error@+1 {{types visit their data in different orders}}
  %0 = itensor.cast %x : !itensor.itensor<1x16xf32, [4, 2]*[16, 1], (d0, d1) -> (d1, d0)>
                      to !itensor.itensor<1x16xf32, [2, 4]*[1, 16], (d0, d1) -> (d0, d1)>
  return
}

// -----
// The same bound, but another symbol.
func.func @f(%x: !itensor.itensor<1x16xf32, [T max 16]*[1], (d0) -> (d0, 0)>) {
  // expected-error@+1 {{types visit their data in different orders}}
  %0 = itensor.cast %x : !itensor.itensor<1x16xf32, [T max 16]*[1], (d0) -> (d0, 0)>
                      to !itensor.itensor<1x16xf32, [W max 16]*[1], (d0) -> (d0, 0)>
  return
}

// -----
func.func @f(%b: !itensor.itensor<4x2xf32, [4, 2]*[2, 4], (d0, d1) -> (d1, d0)>) {
  // expected-error@+1 {{with 1 shared loops the buffer must be 8x2, got 4x2}}
  %c = itensor.converter %b {buffer = array<i64: 4, 2>, shared_loops = 1 : i64}
     : !itensor.itensor<4x2xf32, [4, 2]*[2, 4], (d0, d1) -> (d1, d0)>
    to !itensor.itensor<4x2xf32, [4, 2, 2]*[2, 1, 4], (d0, d1, d2) -> (d2, d0)>
  return
}

// -----
func.func @f(%b: !itensor.itensor<4x2xf32, [4, 2]*[2, 4], (d0, d1) -> (d1, d0)>) {
  // expected-error@+1 {{the orders do not share 2 outer loops over the same data; they share 1}}
  %c = itensor.converter %b {buffer = array<i64: 4, 2>, shared_loops = 2 : i64}
     : !itensor.itensor<4x2xf32, [4, 2]*[2, 4], (d0, d1) -> (d1, d0)>
    to !itensor.itensor<4x2xf32, [4, 2, 2]*[2, 1, 4], (d0, d1, d2) -> (d2, d0)>
  return
}

// -----
func.func @f(%b: !itensor.itensor<4xf32, [4]*[4], (d0) -> (d0)>) {
  // expected-error@+1 {{types describe different data}}
  %c = itensor.converter %b {buffer = array<i64: 16>, shared_loops = 0 : i64}
     : !itensor.itensor<4xf32, [4]*[4], (d0) -> (d0)> to !itensor.itensor<4xf32, [5]*[4], (d0) -> (d0)>
  return
}

// -----
func.func @f(%x: !itensor.itensor<1x576xf32, [T max 16]*[1], (d0) -> (d0, 0)>) {
  // expected-error@+1 {{elements must hold the same scalars}}
  %0 = itensor.reassociate %x [[0], [1, 2]] : !itensor.itensor<1x576xf32, [T max 16]*[1], (d0) -> (d0, 0)>
                         to !itensor.itensor<1x8x64xf32, [T max 16]*[1], (d0) -> (d0, 0, 0)>
  return
}

// -----
func.func @f(%x: !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>) {
  // expected-error@+1 {{outermost trip counts of the parts add up to 5, not 4}}
  %a, %b = itensor.chunk %x dim 1 : !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
    to !itensor.itensor<1x16xf32, [3, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>,
       !itensor.itensor<1x16xf32, [2, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
  return
}

// -----
func.func @f(%x: !itensor.itensor<4xf32, [4]*[4], (d0) -> (d0)>) {
  // expected-error@+1 {{must copy to 2..1024 results, got 1}}
  %a = itensor.fork %x : !itensor.itensor<4xf32, [4]*[4], (d0) -> (d0)> to 1
  return
}

// -----
func.func @f(%x: !itensor.itensor<4xf32, [4]*[8], (d0) -> (d0)>) {
  // expected-error@+1 {{result must have the inputs' loops and one of 2 trips inside them}}
  %a = itensor.join %x, %x : !itensor.itensor<4xf32, [4]*[8], (d0) -> (d0)>, !itensor.itensor<4xf32, [4]*[8], (d0) -> (d0)>
    to !itensor.itensor<4xf32, [8]*[4], (d0) -> (d0)>
  return
}

// -----
func.func @f(%x: !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>) {
  // expected-error@+1 {{loop d0 must advance the same dimension in inputs and result}}
  %a = itensor.join %x, %x : !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>,
                             !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
    to !itensor.itensor<1x16xf32, [4, T max 16, 2]*[16, 1, 16], (d0, d1, d2) -> (d0, d1 + d2)>
  return
}
