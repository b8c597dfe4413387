// RUN: streamtensor-opt %s --fuse -verify-diagnostics

!tiles = !itensor.itensor<1x16xf32, [4, T max 16]*[16, 1], (d0, d1) -> (d1, d0)>
!rows = !itensor.itensor<1x64xf32, [T max 16]*[1], (d0) -> (d0, 0)>

module attributes {dataflow.platform = #dataflow.platform<name = "small", banks = 1, bank_bytes = 4096,
                                                          on_chip_bytes = 8191>} {
  // expected-error@+1 {{converters take 8192 bytes on chip, small has room for 8191}}
  func.func @step(%x: !tiles) -> tensor<?x64xf32> {
    %t = builtin.unrealized_conversion_cast %x : !tiles to tensor<?x64xf32>
    // expected-note@+1 {{8192 bytes from}}
    %a = builtin.unrealized_conversion_cast %t : tensor<?x64xf32> to !rows
    %at = builtin.unrealized_conversion_cast %a : !rows to tensor<?x64xf32>
    return %at : tensor<?x64xf32>
  }
}
