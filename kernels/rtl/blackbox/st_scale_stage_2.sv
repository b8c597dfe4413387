// SPDX-License-Identifier: Apache-2.0
// Written by scripts/make-rtl-blackboxes. Do not edit.
`timescale 1ns / 1ps
module st_scale_stage_2 (
    input  wire ap_clk,
    input  wire ap_rst,
    input  wire ap_ce,
    input  wire [302:0] sums_dout,
    input  wire         sums_empty_n,
    output wire         sums_read,
    output wire [421:0] results_din,
    input  wire         results_full_n,
    output wire         results_write
);
  st_scale_stage #(.LANES(2)) module_of_lanes (
      .ap_clk(ap_clk),
      .ap_rst(ap_rst),
      .ap_ce(ap_ce),
      .sums_dout(sums_dout),
      .sums_empty_n(sums_empty_n),
      .sums_read(sums_read),
      .results_din(results_din),
      .results_full_n(results_full_n),
      .results_write(results_write)
  );
endmodule
