// SPDX-License-Identifier: Apache-2.0
// Written by scripts/make-rtl-blackboxes. Do not edit.
`timescale 1ns / 1ps
module st_mac_slice_1 (
    input  wire ap_clk,
    input  wire ap_rst,
    input  wire ap_ce,
    input  wire [512:0] weights_dout,
    input  wire         weights_empty_n,
    output wire         weights_read,
    input  wire [278:0] activations_dout,
    input  wire         activations_empty_n,
    output wire         activations_read,
    output wire [219:0] sums_din,
    input  wire         sums_full_n,
    output wire         sums_write
);
  st_mac_slice #(.LANES(1)) module_of_lanes (
      .ap_clk(ap_clk),
      .ap_rst(ap_rst),
      .ap_ce(ap_ce),
      .weights_dout(weights_dout),
      .weights_empty_n(weights_empty_n),
      .weights_read(weights_read),
      .activations_dout(activations_dout),
      .activations_empty_n(activations_empty_n),
      .activations_read(activations_read),
      .sums_din(sums_din),
      .sums_full_n(sums_full_n),
      .sums_write(sums_write)
  );
endmodule
