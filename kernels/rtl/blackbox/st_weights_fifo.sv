// SPDX-License-Identifier: Apache-2.0
// Written by scripts/make-rtl-blackboxes. Do not edit.
`timescale 1ns / 1ps
module st_weights_fifo (
    input  wire ap_clk,
    input  wire ap_rst,
    input  wire ap_ce,
    input  wire [512:0] words_dout,
    input  wire         words_empty_n,
    output wire         words_read,
    output wire [512:0] weights_din,
    input  wire         weights_full_n,
    output wire         weights_write
);
  wire room, there;
  assign words_read = words_empty_n && room && ap_ce;
  assign weights_write = there && weights_full_n && ap_ce;
  st_stream_fifo #(.WIDTH(513), .DEPTH(4096), .STAGES(2), .STYLE("ultra")) fifo (
      .clk(ap_clk), .reset(ap_rst), .din(words_dout), .write(words_read), .full_n(room),
      .dout(weights_din), .read(weights_write), .empty_n(there)
  );
endmodule
