// SPDX-License-Identifier: Apache-2.0
// A FIFO of DEPTH elements with the ports of an hls::stream: `dout` is the oldest element while `empty_n`;
// `read` takes it. `write` stores `din` and is allowed only while `full_n`. DEPTH is a power of two and counts
// all elements, those on their way to the output too.
//
// From write to empty_n: 1 + STAGES cycles. STAGES 0 reads a LUTRAM without a register; 1 and 2 read a
// synchronous memory, with 2 through its output register, as a URAM needs it.
`timescale 1ns / 1ps
module st_stream_fifo #(
    parameter int WIDTH = 512,
    parameter int DEPTH = 4096,
    parameter int STAGES = 2,
    parameter STYLE = "ultra"  // of the memory: distributed, block, ultra
) (
    input  wire              clk,
    input  wire              reset,
    input  wire  [WIDTH-1:0] din,
    input  wire              write,
    output wire              full_n,
    output wire  [WIDTH-1:0] dout,
    input  wire              read,
    output wire              empty_n
);
  localparam int AT = DEPTH > 1 ? $clog2(DEPTH) : 1;
  localparam int COUNT = $clog2(DEPTH + 1);

  (* ram_style = STYLE *) logic [WIDTH-1:0] memory[DEPTH];
  logic [AT-1:0] write_at, read_at;
  logic [COUNT-1:0] held;  // elements that came and were not taken
  logic fetch;             // reads the memory

  assign full_n = held != COUNT'(DEPTH);

  always_ff @(posedge clk) begin
    if (write) memory[write_at] <= din;
    if (reset) begin
      write_at <= '0;
      read_at <= '0;
      held <= '0;
    end else begin
      if (write) write_at <= AT'(write_at + 1'b1);
      if (fetch) read_at <= AT'(read_at + 1'b1);
      if (write && !read) held <= held + 1'b1;
      if (!write && read) held <= held - 1'b1;
    end
  end

  generate
    if (STAGES == 0) begin : gen_lutram
      assign fetch = read;
      assign dout = memory[read_at];
      assign empty_n = held != '0;
    end else begin : gen_synchronous
      logic [COUNT-1:0] stored;  // elements that were not fetched
      logic first_valid, first_moves;
      logic [WIDTH-1:0] first;

      assign fetch = stored != '0 && (!first_valid || first_moves);
      always_ff @(posedge clk) begin
        if (fetch) first <= memory[read_at];
        if (reset) begin
          stored <= '0;
          first_valid <= 1'b0;
        end else begin
          if (write && !fetch) stored <= stored + 1'b1;
          if (!write && fetch) stored <= stored - 1'b1;
          if (fetch) first_valid <= 1'b1;
          else if (first_moves) first_valid <= 1'b0;
        end
      end

      if (STAGES == 1) begin : gen_one
        assign first_moves = read;
        assign dout = first;
        assign empty_n = first_valid;
      end else begin : gen_two
        logic second_valid;
        logic [WIDTH-1:0] second;
        assign first_moves = first_valid && (!second_valid || read);
        always_ff @(posedge clk) begin
          if (first_moves) second <= first;
          if (reset) second_valid <= 1'b0;
          else if (first_moves) second_valid <= 1'b1;
          else if (read) second_valid <= 1'b0;
        end
        assign dout = second;
        assign empty_n = second_valid;
      end
    end
  endgenerate
endmodule
