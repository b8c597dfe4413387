// SPDX-License-Identifier: Apache-2.0
// A slice of the engine: tiles of weights against LANES rows of activations at a time, 128 products a cycle
// and lane. kernels/contract/slice.h describes its three streams, kernels/st/slice.h what it computes.
//
// A plane takes four cycles, and passes follow each other without a gap while tiles, activations and room
// are there. Nothing inside ever stalls: a plane starts only if the output has room for its four beats.
// ap_ce low stops the streams, not what is on its way.
`timescale 1ns / 1ps
module st_mac_slice #(
    parameter int LANES = 1
) (
    input  wire ap_clk,
    input  wire ap_rst,
    input  wire ap_ce,
    input  wire [st_contract::WEIGHT_ELEMENT_BITS-1:0] weights_dout,
    input  wire weights_empty_n,
    output wire weights_read,
    input  wire [LANES*st_contract::ACTIVATION_LANE_BITS+st_contract::ACTIVATION_TAG_BITS-1:0] activations_dout,
    input  wire activations_empty_n,
    output wire activations_read,
    output wire [LANES*st_contract::SUM_LANE_BITS+st_contract::SUM_TAG_BITS-1:0] sums_din,
    input  wire sums_full_n,
    output wire sums_write
);
  // The widths and places of fields.
  localparam int WORD_BITS = st_contract::WORD_BITS;
  localparam int COLUMNS = st_contract::COLUMNS;
  localparam int PLANE_WORDS = st_contract::PLANE_WORDS;
  localparam int QUAD_ROWS = st_contract::QUAD_ROWS;
  localparam int QUADS = st_contract::QUADS;
  localparam int ACTIVATION_SUM_BITS = st_contract::ACTIVATION_SUM_BITS;
  localparam int GROUP_SHIFT_BITS = st_contract::GROUP_SHIFT_BITS;
  localparam int PLANE_SUM_BITS = st_contract::PLANE_SUM_BITS;
  localparam int PASS_BITS = st_contract::PASS_BITS;
  localparam int QUAD_BITS = st_contract::QUAD_BITS;
  localparam int SLICE_RING_WORDS = st_contract::SLICE_RING_WORDS;
  localparam int SLICE_RING_SCALES = st_contract::SLICE_RING_SCALES;
  localparam int SLICE_OUTPUT_BEATS = st_contract::SLICE_OUTPUT_BEATS;
  localparam int SCALES_FLAG = st_contract::SCALES_FLAG;
  localparam int LANE_ACTIVATION_SUM = st_contract::LANE_ACTIVATION_SUM;
  localparam int ACTIVATION_LANE_BITS = st_contract::ACTIVATION_LANE_BITS;
  localparam int ACTIVATION_PASS = st_contract::ACTIVATION_PASS;
  localparam int ACTIVATION_FIRST = st_contract::ACTIVATION_FIRST;
  localparam int ACTIVATION_LAST = st_contract::ACTIVATION_LAST;
  localparam int ACTIVATION_ENDS_TILE = st_contract::ACTIVATION_ENDS_TILE;
  localparam int ACTIVATION_TWO_PLANES = st_contract::ACTIVATION_TWO_PLANES;
  localparam int ACTIVATION_TAG_BITS = st_contract::ACTIVATION_TAG_BITS;
  localparam int SUM_LANE_BITS = st_contract::SUM_LANE_BITS;
  localparam int SUM_TAG_BITS = st_contract::SUM_TAG_BITS;
  localparam int AT = $clog2(SLICE_RING_WORDS);
  localparam int SCALE_AT = $clog2(SLICE_RING_SCALES);
  localparam int CREDITS = SLICE_OUTPUT_BEATS / QUADS;
  localparam int WORDS = $clog2(SLICE_RING_WORDS + 1), TILES = $clog2(SLICE_RING_SCALES + 1);  // of counts
  localparam int CREDIT = $clog2(CREDITS + 1);
  localparam int LANE_TAIL = ACTIVATION_SUM_BITS + GROUP_SHIFT_BITS;
  localparam int BEAT = LANES * SUM_LANE_BITS + SUM_TAG_BITS;
  localparam int GROUP = LANE_ACTIVATION_SUM;
  // From a plane's step to the beat of the quad of that number, and from its last step to where nothing reads
  // its words any more.
  localparam int TO_BEAT = (COLUMNS - 1) + 4 + (PLANE_WORDS - 1);  // columns, a DSP, steps
  localparam int TO_FREE_WORDS = COLUMNS + QUADS - 3;

  // ---- Weights come in.
  logic [AT-1:0] word_at;
  logic [WORDS-1:0] words;
  logic [SCALE_AT-1:0] scales_at;
  logic [TILES-1:0] tiles;  // complete, and not yet given to their last pass
  // A word of scales always has room. It is read until 4 cycles after the last nibble word of its tile, and a
  // tile whose words fill the ring again takes 4 cycles before its own scales come.
  wire is_scales = weights_dout[SCALES_FLAG];
  wire room = is_scales || words != WORDS'(SLICE_RING_WORDS);
  assign weights_read = weights_empty_n && room && ap_ce;
  wire take_word = weights_read && !is_scales;
  wire take_scales = weights_read && is_scales;
  wire free_words;

  // ---- Passes start.
  logic busy;
  logic [1:0] step;
  logic second_due;  // the high plane of the pass that was begun last
  logic [CREDIT-1:0] credits;
  logic [AT-1:0] next_base, base;
  logic [SCALE_AT-1:0] next_scales;
  wire may_start = (!busy || step == 2'd3) && credits != '0;
  wire start_second = may_start && second_due;
  assign activations_read = may_start && !second_due && tiles != '0 && activations_empty_n && ap_ce;
  wire start = activations_read || start_second;

  // What a pass carries, as it comes.
  wire [ACTIVATION_TAG_BITS-1:0] tag = activations_dout[LANES*ACTIVATION_LANE_BITS+:ACTIVATION_TAG_BITS];
  wire ends_tile = tag[ACTIVATION_ENDS_TILE];
  wire two_planes = tag[ACTIVATION_TWO_PLANES];
  // And during its steps.
  logic [LANES*GROUP-1:0] activations;
  logic [LANES*LANE_TAIL-1:0] lane_tails;
  logic [PASS_BITS-1:0] pass;
  logic [SCALE_AT-1:0] pass_scales;
  logic first_group, last_group, last_pass, planes, high;

  wire beat_leaves;
  logic [1:0] left;  // beats of a plane that left
  wire plane_left = beat_leaves && left == 2'd3;

  always_ff @(posedge ap_clk) begin
    if (ap_rst) begin
      word_at <= '0;
      words <= '0;
      scales_at <= '0;
      tiles <= '0;
      busy <= 1'b0;
      step <= '0;
      second_due <= 1'b0;
      credits <= CREDIT'(CREDITS);
      next_base <= '0;
      next_scales <= '0;
      left <= '0;
    end else begin
      if (take_word) word_at <= word_at + 1'b1;
      if (take_scales) scales_at <= scales_at + 1'b1;
      words <= words + WORDS'(take_word) - (free_words ? WORDS'(PLANE_WORDS) : '0);
      tiles <= tiles + TILES'(take_scales) - TILES'(activations_read && ends_tile);
      credits <= credits - CREDIT'(start) + CREDIT'(plane_left);
      if (beat_leaves) left <= left + 1'b1;
      if (start) begin
        busy <= 1'b1;
        step <= '0;
      end else if (busy) begin
        step <= step + 1'b1;
        if (step == 2'd3) busy <= 1'b0;
      end
      if (activations_read) begin
        second_due <= two_planes;
        if (ends_tile) begin
          next_base <= next_base + AT'(two_planes ? 2 * PLANE_WORDS : PLANE_WORDS);
          next_scales <= next_scales + 1'b1;
        end
      end else if (start_second) begin
        second_due <= 1'b0;
      end
    end
    if (activations_read) begin
      base <= next_base;
      pass_scales <= next_scales;
      pass <= tag[ACTIVATION_PASS+:PASS_BITS];
      first_group <= tag[ACTIVATION_FIRST];
      last_group <= tag[ACTIVATION_LAST];
      last_pass <= ends_tile;
      planes <= two_planes;
      high <= 1'b0;
      for (int n = 0; n < LANES; n++) begin
        activations[n*GROUP+:GROUP] <= activations_dout[n*ACTIVATION_LANE_BITS+:GROUP];
        lane_tails[n*LANE_TAIL+:LANE_TAIL] <=
            activations_dout[n*ACTIVATION_LANE_BITS+LANE_ACTIVATION_SUM+:LANE_TAIL];
      end
    end else if (start_second) begin
      base <= base + AT'(PLANE_WORDS);
      high <= 1'b1;
    end
  end

  wire last_step = busy && step == 2'd3 && last_pass;
  st_delay #(.CYCLES(TO_FREE_WORDS)) delay_free_words (
      .clk(ap_clk), .d(last_step && !ap_rst), .q(free_words));

  // ---- Products.
  wire [LANES*QUAD_ROWS*PLANE_SUM_BITS-1:0] sums;
  wire [QUAD_BITS-1:0] quad;
  st_mac_array #(.LANES(LANES)) array (
      .clk(ap_clk), .take(take_word), .take_at(word_at), .word(weights_dout[WORD_BITS-1:0]),
      .step, .base, .centred(high || !planes), .activations, .quad, .sums);

  // ---- A plane's steps, later, are the quads of its beats.
  localparam int TAG = 1 + QUAD_BITS + PASS_BITS + 3 + SCALE_AT;
  wire beat, beat_first, beat_last, beat_high;
  wire [PASS_BITS-1:0] beat_pass;
  wire [SCALE_AT-1:0] beat_scales;
  wire [LANES*LANE_TAIL-1:0] beat_tails;
  st_delay #(.WIDTH(TAG), .CYCLES(TO_BEAT)) delay_tag (
      .clk(ap_clk),
      .d({busy && !ap_rst, step, pass, first_group && !high, last_group && high == planes, high, pass_scales}),
      .q({beat, quad, beat_pass, beat_first, beat_last, beat_high, beat_scales}));
  st_delay #(.WIDTH(LANES * LANE_TAIL), .CYCLES(TO_BEAT)) delay_tails (
      .clk(ap_clk), .d(lane_tails), .q(beat_tails));

  (* ram_style = "distributed" *) logic [WORD_BITS-1:0] scales_ring[SLICE_RING_SCALES];
  always_ff @(posedge ap_clk) if (take_scales) scales_ring[scales_at] <= weights_dout[WORD_BITS-1:0];
  wire [WORD_BITS-1:0] scales_word = scales_ring[beat_scales];

  logic out_valid;
  logic [BEAT-1:0] out;
  always_ff @(posedge ap_clk) begin
    out_valid <= beat && !ap_rst;
    for (int n = 0; n < LANES; n++) begin
      out[n*SUM_LANE_BITS+:SUM_LANE_BITS] <= {beat_tails[n*LANE_TAIL+:LANE_TAIL],
          sums[n*QUAD_ROWS*PLANE_SUM_BITS+:QUAD_ROWS*PLANE_SUM_BITS]};
    end
    out[LANES*SUM_LANE_BITS+:SUM_TAG_BITS] <= {beat_high, beat_last, beat_first, beat_pass, quad,
        scales_word[32*QUAD_ROWS*quad+:32*QUAD_ROWS]};
  end

  wire out_there;
  assign beat_leaves = out_there && sums_full_n && ap_ce;
  assign sums_write = beat_leaves;
  st_stream_fifo #(.WIDTH(BEAT), .DEPTH(SLICE_OUTPUT_BEATS), .STAGES(0), .STYLE("distributed")) output_fifo (
      .clk(ap_clk), .reset(ap_rst), .din(out), .write(out_valid), .full_n(),
      .dout(sums_din), .read(beat_leaves), .empty_n(out_there));
endmodule
