// SPDX-License-Identifier: Apache-2.0
// A channel of the engine from the words of memory to exact sums: the three black boxes, one behind the other.
`timescale 1ns / 1ps
module path #(
    parameter int LANES = 1
) (
    input  wire ap_clk,
    input  wire ap_rst,
    input  wire ap_ce,
    input  wire [st_contract::WEIGHT_ELEMENT_BITS-1:0] words_dout,
    input  wire words_empty_n,
    output wire words_read,
    input  wire [LANES*st_contract::ACTIVATION_LANE_BITS+st_contract::ACTIVATION_TAG_BITS-1:0] activations_dout,
    input  wire activations_empty_n,
    output wire activations_read,
    output wire [LANES*st_contract::RESULT_LANE_BITS+st_contract::RESULT_TAG_BITS-1:0] results_din,
    input  wire results_full_n,
    output wire results_write
);
  wire [st_contract::WEIGHT_ELEMENT_BITS-1:0] weights;
  wire weights_there, weights_taken;
  wire [LANES*st_contract::SUM_LANE_BITS+st_contract::SUM_TAG_BITS-1:0] sums;
  wire sums_there, sums_taken;

  st_weights_fifo fifo (
      .ap_clk, .ap_rst, .ap_ce, .words_dout, .words_empty_n, .words_read,
      .weights_din(weights), .weights_full_n(weights_taken), .weights_write(weights_there));

  // Small FIFOs between the black boxes, as Vitis puts there.
  wire [st_contract::WEIGHT_ELEMENT_BITS-1:0] weights_dout;
  wire weights_empty_n, weights_read;
  st_stream_fifo #(.WIDTH(st_contract::WEIGHT_ELEMENT_BITS), .DEPTH(2), .STAGES(0), .STYLE("distributed")) f1 (
      .clk(ap_clk), .reset(ap_rst), .din(weights), .write(weights_there), .full_n(weights_taken),
      .dout(weights_dout), .read(weights_read), .empty_n(weights_empty_n));
  wire [LANES*st_contract::SUM_LANE_BITS+st_contract::SUM_TAG_BITS-1:0] sums_dout;
  wire sums_empty_n, sums_read;
  st_stream_fifo #(.WIDTH(LANES*st_contract::SUM_LANE_BITS+st_contract::SUM_TAG_BITS), .DEPTH(2), .STAGES(0),
                   .STYLE("distributed")) f2 (
      .clk(ap_clk), .reset(ap_rst), .din(sums), .write(sums_there), .full_n(sums_taken),
      .dout(sums_dout), .read(sums_read), .empty_n(sums_empty_n));

  generate
    if (LANES == 1) begin : gen_one
      st_mac_slice_1 slice (
          .ap_clk, .ap_rst, .ap_ce, .weights_dout, .weights_empty_n, .weights_read,
          .activations_dout, .activations_empty_n, .activations_read,
          .sums_din(sums), .sums_full_n(sums_taken), .sums_write(sums_there));
      st_scale_stage_1 scale (
          .ap_clk, .ap_rst, .ap_ce, .sums_dout, .sums_empty_n, .sums_read,
          .results_din, .results_full_n, .results_write);
    end else begin : gen_two
      st_mac_slice_2 slice (
          .ap_clk, .ap_rst, .ap_ce, .weights_dout, .weights_empty_n, .weights_read,
          .activations_dout, .activations_empty_n, .activations_read,
          .sums_din(sums), .sums_full_n(sums_taken), .sums_write(sums_there));
      st_scale_stage_2 scale (
          .ap_clk, .ap_rst, .ap_ce, .sums_dout, .sums_empty_n, .sums_read,
          .results_din, .results_full_n, .results_write);
    end
  endgenerate
endmodule
