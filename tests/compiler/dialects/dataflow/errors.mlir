// RUN: streamtensor-opt %s -split-input-file -verify-diagnostics

func.func @f(%x: tensor<?x64xf32>, %q: tensor<48x3x32xi4>, %d: tensor<48x3xf16>) {
  // expected-error@+1 {{activations have 64 columns, but the weights take 96}}
  %0 = dataflow.contract %x, %q, %d : tensor<?x64xf32>, tensor<48x3x32xi4>, tensor<48x3xf16> -> tensor<?x48xf32>
  return
}

// -----
func.func @f(%x: tensor<?x64xf32>, %q: tensor<48x4x16xi4>, %d: tensor<48x4xf16>) {
  // expected-error@+1 {{weights come in groups of 32, of 4 bits also of 64 or 128, got 16}}
  %0 = dataflow.contract %x, %q, %d : tensor<?x64xf32>, tensor<48x4x16xi4>, tensor<48x4xf16> -> tensor<?x48xf32>
  return
}

// -----
func.func @f(%x: tensor<?x64xf32>, %q: tensor<48x1x64xi8>, %d: tensor<48x1xf16>) {
  // expected-error@+1 {{weights come in groups of 32, of 4 bits also of 64 or 128, got 64}}
  %0 = dataflow.contract %x, %q, %d : tensor<?x64xf32>, tensor<48x1x64xi8>, tensor<48x1xf16> -> tensor<?x48xf32>
  return
}

// -----
func.func @f(%x: tensor<?x96xf32>, %q: tensor<48x1x96xi4>, %d: tensor<48x1xf16>) {
  // expected-error@+1 {{weights come in groups of 32, of 4 bits also of 64 or 128, got 96}}
  %0 = dataflow.contract %x, %q, %d : tensor<?x96xf32>, tensor<48x1x96xi4>, tensor<48x1xf16> -> tensor<?x48xf32>
  return
}

// -----
func.func @f(%x: tensor<?x64xf32>, %q: tensor<48x2x32xi4>, %d: tensor<48x2xf16>) {
  // expected-error@+1 {{result has 47 columns, but the weights have 48 rows}}
  %0 = dataflow.contract %x, %q, %d : tensor<?x64xf32>, tensor<48x2x32xi4>, tensor<48x2xf16> -> tensor<?x47xf32>
  return
}

// -----
func.func @f(%x: tensor<?x64xf32>, %q: tensor<48x2x32xi4>, %d: tensor<48x1xf16>) {
  // expected-error@+1 {{needs one scale a group of q}}
  %0 = dataflow.contract %x, %q, %d : tensor<?x64xf32>, tensor<48x2x32xi4>, tensor<48x1xf16> -> tensor<?x48xf32>
  return
}

// -----
func.func @f(%q: tensor<?x4x32xf32>, %kv: tensor<?x2x32xf16>, %pool: tensor<?x3x2x32x32xf16>,
             %pages: tensor<16x8xi32>, %field: tensor<?xi32>, %layer: index) {
  // expected-error@+1 {{kv_head_map takes query head 2 to KV head 2, there are 2}}
  %0 = dataflow.paged_attention %q, %kv, %kv, %pool, %pool, %pages, %field, %field, %field, %layer
         {scale = 1.250000e-01 : f32, kv_head_map = affine_map<(d0) -> (d0)>}
     : tensor<?x4x32xf32>, tensor<?x2x32xf16>, tensor<?x2x32xf16>, tensor<?x3x2x32x32xf16>, tensor<?x3x2x32x32xf16>,
       tensor<16x8xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32> -> tensor<?x4x32xf32>
  return
}

// -----
func.func @f(%q: tensor<?x4x32xf32>, %kv: tensor<?x2x32xf16>, %pool: tensor<?x3x2x32x32xf16>,
             %pages: tensor<16x8xi32>, %field: tensor<?xi32>, %layer: index) {
  // expected-error@+1 {{has windows of 2 layers, the pools have 3}}
  %0 = dataflow.paged_attention %q, %kv, %kv, %pool, %pool, %pages, %field, %field, %field, %layer
         {scale = 1.250000e-01 : f32, kv_head_map = affine_map<(d0) -> (0)>, windows = array<i64: 5, 0>}
     : tensor<?x4x32xf32>, tensor<?x2x32xf16>, tensor<?x2x32xf16>, tensor<?x3x2x32x32xf16>, tensor<?x3x2x32x32xf16>,
       tensor<16x8xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32> -> tensor<?x4x32xf32>
  return
}

// -----
func.func @f(%q: tensor<?x4x32xf32>, %kv: tensor<?x2x32xf16>, %pool: tensor<?x3x2x32x32xf16>,
             %pages: tensor<16x8xi32>, %field: tensor<?xi32>, %layer: index) {
  // expected-error@+1 {{a window must be 0 or a number of positions below 2^31, got -1}}
  %0 = dataflow.paged_attention %q, %kv, %kv, %pool, %pool, %pages, %field, %field, %field, %layer
         {scale = 1.250000e-01 : f32, kv_head_map = affine_map<(d0) -> (0)>, windows = array<i64: 5, 0, -1>}
     : tensor<?x4x32xf32>, tensor<?x2x32xf16>, tensor<?x2x32xf16>, tensor<?x3x2x32x32xf16>, tensor<?x3x2x32x32xf16>,
       tensor<16x8xi32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32> -> tensor<?x4x32xf32>
  return
}

// -----
func.func @f(%kv: tensor<?x2x32xf16>, %pool: tensor<?x3x2x16x32xf16>, %pages: tensor<16x8xi32>,
             %field: tensor<?xi32>, %layer: index) {
  // expected-error@+1 {{a page holds 32 tokens, got 16}}
  dataflow.kv_append %kv, %kv, %pool, %pool, %pages, %field, %field, %layer
    : tensor<?x2x32xf16>, tensor<?x2x32xf16>, tensor<?x3x2x16x32xf16>, tensor<?x3x2x16x32xf16>, tensor<16x8xi32>,
      tensor<?xi32>, tensor<?xi32>
  return
}

// -----
func.func @f(%x: tensor<?x64xf32>, %flags: tensor<?xi32>) {
  // expected-error@+1 {{result has 32 columns, but x has 64}}
  %0 = dataflow.take_rows %x, %flags : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x32xf32>
  return
}

// -----
func.func @f(%x: !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>) {
  // expected-error@+1 {{reads operand 0 in more than one place; fork it}}
  dataflow.kernel "twice" (%in = %x : !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>) {
    %0 = itensor.read %in : !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)> -> tensor<1x64xf32>
    %1 = itensor.read %in : !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)> -> tensor<1x64xf32>
    dataflow.yield
  }
  return
}

// -----
func.func @f(%x: !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>) {
  // expected-error@+1 {{body yields}}
  %0 = dataflow.kernel "none" (%in = %x : !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>)
      -> !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)> {
    dataflow.yield
  }
  return
}

// -----
// expected-error@+1 {{slots must be 1..64, got 0}}
dataflow.engine @engine {slots = 0 : i64}

// -----
func.func @f(%x: !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>, %q: tensor<48x2x32xi4>, %d: tensor<48x2xf16>) {
  // expected-error@+1 {{result 0 must be '!itensor.itensor<1x16xf32, [3, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>'}}
  %s = dataflow.issue @engine %x q(%q) d(%d)
    : !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>, (tensor<48x2x32xi4>), (tensor<48x2xf16>)
    -> !itensor.itensor<1x16xf32, [3, W max 16]*[16, 1], (d0, d1) -> (d1, d0)>
  return
}

// -----
func.func @f(%x: !itensor.itensor<1x16xf32, [5, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>, %q: tensor<48x2x32xi4>, %d: tensor<48x2xf16>) {
  // expected-error@+1 {{weight 0 takes 64 float32 a row, as rows or in tiles of 16 columns}}
  %s = dataflow.issue @engine %x q(%q) d(%d)
    : !itensor.itensor<1x16xf32, [5, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>, (tensor<48x2x32xi4>), (tensor<48x2xf16>)
    -> !itensor.itensor<1x16xf32, [3, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
  return
}

// -----
func.func @f(%x: f32) {
  // expected-error@+1 {{ends the body of a kernel or a process, not of func.func}}
  dataflow.yield %x : f32
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  // expected-error@+1 {{has no process at its read end}}
  dataflow.stream @a header depth 4 from @header to @fan_out
  dataflow.memory @descriptor {role = "descriptor"}
  process.header @header reads [] writes [@a] memories [@descriptor]
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  // expected-error@+1 {{names no stream: @a}}
  process.header @header reads [] writes [@a] memories []
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  dataflow.stream @a header depth 4 from @other to @fan_out
  // expected-error@+1 {{holds the write end of @a, which belongs to @other}}
  process.header @header reads [] writes [@a] memories []
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  dataflow.stream @a header depth 4 from @header to @fan_out
  // expected-error@+1 {{holds the write end of @a twice}}
  process.header @header reads [] writes [@a, @a] memories []
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  // expected-error@+1 {{names no memory: @descriptor}}
  process.header @header reads [] writes [] memories [@descriptor]
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  dataflow.memory @x {role = "descriptor"}
  process.header @a reads [] writes [] memories [@x]
  // expected-error@+1 {{uses @x, which belongs to another process; a pointer has one owner}}
  process.header @b reads [] writes [] memories [@x]
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  // expected-error@+1 {{belongs to no process}}
  dataflow.memory @x {role = "descriptor"}
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  // expected-error@+1 {{must not stand in a design; only streams, memories and processes may}}
  %layers = dataflow.layers 1 : index
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {T = 8 : i64}} {
  dataflow.memory @x {role = "input", type = tensor<?x64xf32>}
  // expected-error@+1 {{counts T up to 16, but the design's bound is 8}}
  dataflow.stream @a words depth 4 from @load to @fork {type = !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>}
  process.load @load reads [] writes [@a] memories [@x]
  process.fork @fork prologue reads [@a] writes [] memories []
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  // expected-error@+1 {{counts "S", which no step header carries; symbols are T and W}}
  dataflow.stream @a words depth 4 from @load to @fork {type = !itensor.itensor<1x64xf32, [S max 16]*[1], (d0) -> (d0, 0)>}
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  // expected-error@+1 {{has unknown role "wights"}}
  dataflow.memory @x {role = "wights"}
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  // expected-error@+1 {{depth must be at least 1, got 0}}
  dataflow.stream @a header depth 0 from @load to @store
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  // expected-error@+1 {{of packets needs the attribute words}}
  dataflow.stream @a blocks depth 2 from @load to @store
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  // expected-error@+1 {{of this kind has no type}}
  dataflow.stream @a done depth 2 from @load to @store {type = f32}
}

// -----
// expected-error@+1 {{bounds "X", which no step header carries; symbols are T and W}}
dataflow.design @step attributes {layers = 0 : i64, symbols = {X = 16 : i64}} {
}

// -----
// expected-error@+1 {{symbol "T" needs a bound of 1..16, got 17}}
dataflow.design @step attributes {layers = 0 : i64, symbols = {T = 17 : i64}} {
}

// -----
// expected-error@+1 {{max_pages must be 0..4096, got 4097}}
dataflow.design @step attributes {layers = 0 : i64, symbols = {}, max_pages = 4097 : i64} {
}

// -----
// expected-error@+1 {{vocabulary must not be negative, got -1}}
dataflow.design @step attributes {layers = 0 : i64, symbols = {}, vocabulary = -1 : i64} {
}
