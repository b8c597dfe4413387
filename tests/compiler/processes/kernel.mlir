// RUN: streamtensor-opt %s -split-input-file -verify-diagnostics

// The header refuses token ids and positions beyond the tables that they index: the design has to say how many there are.
!row = !itensor.itensor<1x32xf32, [T max 16]*[1], (d0) -> (d0, 0)>
dataflow.design @step attributes {layers = 0 : i64, symbols = {T = 16 : i64}, vocabulary = 10 : i64} {
  dataflow.memory @descriptor {role = "descriptor"}
  dataflow.memory @status {role = "status"}
  dataflow.memory @table {role = "constants", weight = "table", part = "value", type = tensor<10x32xf32>}
  dataflow.memory @y {role = "output", type = tensor<?x32xf32>}
  dataflow.stream @header_words header depth 2 from @header to @fan_out
  dataflow.stream @h_status header depth 2 from @fan_out to @write_status
  dataflow.stream @h_embed header depth 2 from @fan_out to @embed
  dataflow.stream @h_store header depth 2 from @fan_out to @store
  dataflow.stream @x words depth 4 from @embed to @store {type = !row}
  dataflow.stream @done done depth 2 from @store to @write_status
  process.header @header reads [] writes [@header_words] memories [@descriptor]
  process.fan_out @fan_out reads [@header_words] writes [@h_status, @h_embed, @h_store] memories []
  process.write_status @write_status reads [@h_status, @done] writes [] memories [@status]
  process.kernel @embed prologue reads [@h_embed] writes [@x] memories [@table] fields ["token_id"] {
  ^bb0(%table: tensor<10x32xf32>, %ids: tensor<?xi32>, %layer: index):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %tokens = dataflow.extent "T" : index
    %none = itensor.empty : !row
    %rows = scf.for %t = %c0 to %tokens step %c1 iter_args(%o = %none) -> (!row) {
      %id = tensor.extract %ids[%t] : tensor<?xi32>
      %at = arith.index_cast %id : i32 to index
      %e = tensor.empty() : tensor<1x32xf32>
      %row = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
        outs(%e : tensor<1x32xf32>) {
      ^bb0(%k: f32):
        %column = linalg.index 1 : index
        %v = tensor.extract %table[%at, %column] : tensor<10x32xf32>
        linalg.yield %v : f32
      } -> tensor<1x32xf32>
      %n = itensor.write %row into %o : tensor<1x32xf32> into !row
      scf.yield %n : !row
    }
    dataflow.yield %rows : !row
  }
  process.store @store reads [@h_store, @x] writes [@done] memories [@y]
}

// -----
!row = !itensor.itensor<1x32xf32, [T max 16]*[1], (d0) -> (d0, 0)>
dataflow.design @step attributes {layers = 0 : i64, symbols = {T = 16 : i64}} {
  dataflow.memory @descriptor {role = "descriptor"}
  dataflow.memory @status {role = "status"}
  dataflow.memory @table {role = "constants", weight = "table", part = "value", type = tensor<10x32xf32>}
  dataflow.memory @y {role = "output", type = tensor<?x32xf32>}
  dataflow.stream @header_words header depth 2 from @header to @fan_out
  dataflow.stream @h_status header depth 2 from @fan_out to @write_status
  dataflow.stream @h_embed header depth 2 from @fan_out to @embed
  dataflow.stream @h_store header depth 2 from @fan_out to @store
  dataflow.stream @x words depth 4 from @embed to @store {type = !row}
  dataflow.stream @done done depth 2 from @store to @write_status
  process.header @header reads [] writes [@header_words] memories [@descriptor]
  process.fan_out @fan_out reads [@header_words] writes [@h_status, @h_embed, @h_store] memories []
  process.write_status @write_status reads [@h_status, @done] writes [] memories [@status]
  // expected-error@+1 {{looks up 10 rows by token id; the design's vocabulary must be 1..10, got 0}}
  process.kernel @embed prologue reads [@h_embed] writes [@x] memories [@table] fields ["token_id"] {
  ^bb0(%table: tensor<10x32xf32>, %ids: tensor<?xi32>, %layer: index):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %tokens = dataflow.extent "T" : index
    %none = itensor.empty : !row
    %rows = scf.for %t = %c0 to %tokens step %c1 iter_args(%o = %none) -> (!row) {
      %id = tensor.extract %ids[%t] : tensor<?xi32>
      %at = arith.index_cast %id : i32 to index
      %e = tensor.empty() : tensor<1x32xf32>
      %row = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
        outs(%e : tensor<1x32xf32>) {
      ^bb0(%k: f32):
        %column = linalg.index 1 : index
        %v = tensor.extract %table[%at, %column] : tensor<10x32xf32>
        linalg.yield %v : f32
      } -> tensor<1x32xf32>
      %n = itensor.write %row into %o : tensor<1x32xf32> into !row
      scf.yield %n : !row
    }
    dataflow.yield %rows : !row
  }
  process.store @store reads [@h_store, @x] writes [@done] memories [@y]
}

// -----
!row = !itensor.itensor<1x32xf32, [T max 16]*[1], (d0) -> (d0, 0)>
dataflow.design @step attributes {layers = 0 : i64, symbols = {T = 16 : i64}, vocabulary = 11 : i64} {
  dataflow.memory @descriptor {role = "descriptor"}
  dataflow.memory @status {role = "status"}
  dataflow.memory @table {role = "constants", weight = "table", part = "value", type = tensor<10x32xf32>}
  dataflow.memory @y {role = "output", type = tensor<?x32xf32>}
  dataflow.stream @header_words header depth 2 from @header to @fan_out
  dataflow.stream @h_status header depth 2 from @fan_out to @write_status
  dataflow.stream @h_embed header depth 2 from @fan_out to @embed
  dataflow.stream @h_store header depth 2 from @fan_out to @store
  dataflow.stream @x words depth 4 from @embed to @store {type = !row}
  dataflow.stream @done done depth 2 from @store to @write_status
  process.header @header reads [] writes [@header_words] memories [@descriptor]
  process.fan_out @fan_out reads [@header_words] writes [@h_status, @h_embed, @h_store] memories []
  process.write_status @write_status reads [@h_status, @done] writes [] memories [@status]
  // expected-error@+1 {{looks up 10 rows by token id; the design's vocabulary must be 1..10, got 11}}
  process.kernel @embed prologue reads [@h_embed] writes [@x] memories [@table] fields ["token_id"] {
  ^bb0(%table: tensor<10x32xf32>, %ids: tensor<?xi32>, %layer: index):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %tokens = dataflow.extent "T" : index
    %none = itensor.empty : !row
    %rows = scf.for %t = %c0 to %tokens step %c1 iter_args(%o = %none) -> (!row) {
      %id = tensor.extract %ids[%t] : tensor<?xi32>
      %at = arith.index_cast %id : i32 to index
      %e = tensor.empty() : tensor<1x32xf32>
      %row = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
        outs(%e : tensor<1x32xf32>) {
      ^bb0(%k: f32):
        %column = linalg.index 1 : index
        %v = tensor.extract %table[%at, %column] : tensor<10x32xf32>
        linalg.yield %v : f32
      } -> tensor<1x32xf32>
      %n = itensor.write %row into %o : tensor<1x32xf32> into !row
      scf.yield %n : !row
    }
    dataflow.yield %rows : !row
  }
  process.store @store reads [@h_store, @x] writes [@done] memories [@y]
}

// -----
!row = !itensor.itensor<1x32xf32, [T max 16]*[1], (d0) -> (d0, 0)>
dataflow.design @step attributes {layers = 0 : i64, symbols = {T = 16 : i64}, max_pages = 2 : i64} {
  dataflow.memory @descriptor {role = "descriptor"}
  dataflow.memory @status {role = "status"}
  dataflow.memory @table {role = "constants", weight = "table", part = "value", type = tensor<63x32xf32>}
  dataflow.memory @y {role = "output", type = tensor<?x32xf32>}
  dataflow.stream @header_words header depth 2 from @header to @fan_out
  dataflow.stream @h_status header depth 2 from @fan_out to @write_status
  dataflow.stream @h_embed header depth 2 from @fan_out to @embed
  dataflow.stream @h_store header depth 2 from @fan_out to @store
  dataflow.stream @x words depth 4 from @embed to @store {type = !row}
  dataflow.stream @done done depth 2 from @store to @write_status
  process.header @header reads [] writes [@header_words] memories [@descriptor]
  process.fan_out @fan_out reads [@header_words] writes [@h_status, @h_embed, @h_store] memories []
  process.write_status @write_status reads [@h_status, @done] writes [] memories [@status]
  // expected-error@+1 {{looks up 63 rows by position; the design's max_pages must be 1..1, got 2}}
  process.kernel @embed prologue reads [@h_embed] writes [@x] memories [@table] fields ["position"] {
  ^bb0(%table: tensor<63x32xf32>, %ids: tensor<?xi32>, %layer: index):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %tokens = dataflow.extent "T" : index
    %none = itensor.empty : !row
    %rows = scf.for %t = %c0 to %tokens step %c1 iter_args(%o = %none) -> (!row) {
      %id = tensor.extract %ids[%t] : tensor<?xi32>
      %at = arith.index_cast %id : i32 to index
      %e = tensor.empty() : tensor<1x32xf32>
      %row = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
        outs(%e : tensor<1x32xf32>) {
      ^bb0(%k: f32):
        %column = linalg.index 1 : index
        %v = tensor.extract %table[%at, %column] : tensor<63x32xf32>
        linalg.yield %v : f32
      } -> tensor<1x32xf32>
      %n = itensor.write %row into %o : tensor<1x32xf32> into !row
      scf.yield %n : !row
    }
    dataflow.yield %rows : !row
  }
  process.store @store reads [@h_store, @x] writes [@done] memories [@y]
}

// -----
!row = !itensor.itensor<1x32xf32, [T max 16]*[1], (d0) -> (d0, 0)>
dataflow.design @step attributes {layers = 0 : i64, symbols = {T = 16 : i64}} {
  dataflow.memory @descriptor {role = "descriptor"}
  dataflow.memory @status {role = "status"}
  dataflow.memory @table {role = "constants", weight = "table", part = "value", type = tensor<63x32xf32>}
  dataflow.memory @y {role = "output", type = tensor<?x32xf32>}
  dataflow.stream @header_words header depth 2 from @header to @fan_out
  dataflow.stream @h_status header depth 2 from @fan_out to @write_status
  dataflow.stream @h_embed header depth 2 from @fan_out to @embed
  dataflow.stream @h_store header depth 2 from @fan_out to @store
  dataflow.stream @x words depth 4 from @embed to @store {type = !row}
  dataflow.stream @done done depth 2 from @store to @write_status
  process.header @header reads [] writes [@header_words] memories [@descriptor]
  process.fan_out @fan_out reads [@header_words] writes [@h_status, @h_embed, @h_store] memories []
  process.write_status @write_status reads [@h_status, @done] writes [] memories [@status]
  // expected-error@+1 {{looks up 63 rows by position; the design's max_pages must be 1..1, got 0}}
  process.kernel @embed prologue reads [@h_embed] writes [@x] memories [@table] fields ["position"] {
  ^bb0(%table: tensor<63x32xf32>, %ids: tensor<?xi32>, %layer: index):
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %tokens = dataflow.extent "T" : index
    %none = itensor.empty : !row
    %rows = scf.for %t = %c0 to %tokens step %c1 iter_args(%o = %none) -> (!row) {
      %id = tensor.extract %ids[%t] : tensor<?xi32>
      %at = arith.index_cast %id : i32 to index
      %e = tensor.empty() : tensor<1x32xf32>
      %row = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
        outs(%e : tensor<1x32xf32>) {
      ^bb0(%k: f32):
        %column = linalg.index 1 : index
        %v = tensor.extract %table[%at, %column] : tensor<63x32xf32>
        linalg.yield %v : f32
      } -> tensor<1x32xf32>
      %n = itensor.write %row into %o : tensor<1x32xf32> into !row
      scf.yield %n : !row
    }
    dataflow.yield %rows : !row
  }
  process.store @store reads [@h_store, @x] writes [@done] memories [@y]
}
