// RUN: streamtensor-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{must be a #dataflow.platform on a module, got "u55c"}}
module attributes {dataflow.platform = "u55c"} {}

// -----
// expected-error@+1 {{must be a #dataflow.platform on a module}}
func.func private @f() attributes {dataflow.platform = #dataflow.platform<name = "p", banks = 4, bank_bytes = 1, on_chip_bytes = 1>}

// -----
// expected-error@+1 {{banks must be 1..256, got 257}}
module attributes {dataflow.platform = #dataflow.platform<name = "p", banks = 257, bank_bytes = 1, on_chip_bytes = 1>} {}

// -----
// expected-error@+1 {{bank_bytes and on_chip_bytes must be at least 1, got 0 and 1}}
module attributes {dataflow.platform = #dataflow.platform<name = "p", banks = 1, bank_bytes = 0, on_chip_bytes = 1>} {}

// -----
// expected-error@+1 {{weight_channels must be 1..4, got 5}}
module attributes {dataflow.platform = #dataflow.platform<name = "p", banks = 4, bank_bytes = 1, on_chip_bytes = 1, weight_channels = 5>} {}

// -----
// expected-error@+1 {{unroll must be 1..6, got 0}}
module attributes {dataflow.platform = #dataflow.platform<name = "p", banks = 4, bank_bytes = 1, on_chip_bytes = 1, unroll = 0>} {}

// -----
// expected-error@+1 {{a platform needs a name}}
module attributes {dataflow.platform = #dataflow.platform<name = "", banks = 1, bank_bytes = 1, on_chip_bytes = 1>} {}

// -----
module attributes {dataflow.platform = #dataflow.platform<name = "p", banks = 4, bank_bytes = 1, on_chip_bytes = 1>} {
  dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
    // expected-error@+1 {{bank must be 0..3 on p, got 4}}
    dataflow.memory @x {role = "weights", channel = 0 : i64, bank = 4 : i64}
  }
}

// -----
dataflow.design @step attributes {layers = 0 : i64, symbols = {}} {
  // expected-error@+1 {{bank must be at least 0, got -1}}
  dataflow.memory @x {role = "weights", channel = 0 : i64, bank = -1 : i64}
}
