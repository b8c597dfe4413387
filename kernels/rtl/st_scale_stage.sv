// SPDX-License-Identifier: Apache-2.0
// Scales a slice's sums and adds them up over the groups of a row: C += (D isum + M asum) 2^shift, exact; the
// high plane of I8 adds D isum 2^(shift + 4). Two DSP48E2 a row. kernels/contract/slice.h describes the
// streams, kernels/st/slice.h what it computes.
//
// It takes a beat a cycle. The sums of a pass and quad are read 3 and written 5 cycles after its beat came; the
// next beat of the same pass and quad comes at least 4 cycles later, so it reads what was written.
`timescale 1ns / 1ps
module st_scale_stage #(
    parameter int LANES = 1
) (
    input  wire ap_clk,
    input  wire ap_rst,
    input  wire ap_ce,
    input  wire [LANES*st_contract::SUM_LANE_BITS+st_contract::SUM_TAG_BITS-1:0] sums_dout,
    input  wire sums_empty_n,
    output wire sums_read,
    output wire [LANES*st_contract::RESULT_LANE_BITS+st_contract::RESULT_TAG_BITS-1:0] results_din,
    input  wire results_full_n,
    output wire results_write
);
  // The widths and places of fields.
  localparam int MAX_STEP_TOKENS = st_contract::MAX_STEP_TOKENS;
  localparam int QUAD_ROWS = st_contract::QUAD_ROWS;
  localparam int QUADS = st_contract::QUADS;
  localparam int PLANE_SHIFT = st_contract::PLANE_SHIFT;
  localparam int ACTIVATION_SUM_BITS = st_contract::ACTIVATION_SUM_BITS;
  localparam int GROUP_SHIFT_BITS = st_contract::GROUP_SHIFT_BITS;
  localparam int PLANE_SUM_BITS = st_contract::PLANE_SUM_BITS;
  localparam int SCALE_FIELD_BITS = st_contract::SCALE_FIELD_BITS;
  localparam int SCALE_FIELD_SPACING = st_contract::SCALE_FIELD_SPACING;
  localparam int UNIT_HALF_BITS = st_contract::UNIT_HALF_BITS;
  localparam int ROW_SUM_BITS = st_contract::ROW_SUM_BITS;
  localparam int PASS_BITS = st_contract::PASS_BITS;
  localparam int QUAD_BITS = st_contract::QUAD_BITS;
  localparam int SLICE_OUTPUT_BEATS = st_contract::SLICE_OUTPUT_BEATS;
  localparam int LANE_PLANE_ACTIVATION_SUM = st_contract::LANE_PLANE_ACTIVATION_SUM;
  localparam int LANE_PLANE_SHIFT = st_contract::LANE_PLANE_SHIFT;
  localparam int SUM_LANE_BITS = st_contract::SUM_LANE_BITS;
  localparam int SUM_QUAD = st_contract::SUM_QUAD;
  localparam int SUM_PASS = st_contract::SUM_PASS;
  localparam int SUM_FIRST = st_contract::SUM_FIRST;
  localparam int SUM_LAST = st_contract::SUM_LAST;
  localparam int SUM_HIGH_PLANE = st_contract::SUM_HIGH_PLANE;
  localparam int SUM_TAG_BITS = st_contract::SUM_TAG_BITS;
  localparam int UNIT_BITS = st_contract::UNIT_BITS;
  localparam int RESULT_LANE_BITS = st_contract::RESULT_LANE_BITS;
  localparam int RESULT_TAG_BITS = st_contract::RESULT_TAG_BITS;
  localparam int PASSES = MAX_STEP_TOKENS / LANES;
  localparam int AT = $clog2(PASSES) + QUAD_BITS;
  localparam int ROOM = SLICE_OUTPUT_BEATS, COUNT = $clog2(ROOM + 1);
  localparam int SHIFTED = SCALE_FIELD_BITS + (1 << GROUP_SHIFT_BITS) - 1;  // a field after the group's shift
  localparam int SHIFTED_PLANE = SHIFTED + PLANE_SHIFT;
  localparam int BEAT = LANES * RESULT_LANE_BITS + RESULT_TAG_BITS;

  // OPMODE of the two DSPs.
  localparam logic [8:0] PRODUCT = 9'b00_000_0101, NOTHING = 9'b00_000_0000;
  localparam logic [8:0] PRODUCT_AND_CASCADE = 9'b00_001_0101, AND_C = 9'b11_001_0101;

  // ---- A beat comes where its result has room.
  logic [COUNT-1:0] room;
  wire result_leaves;
  wire [SUM_TAG_BITS-1:0] tag = sums_dout[LANES*SUM_LANE_BITS+:SUM_TAG_BITS];
  assign sums_read = sums_empty_n && room != '0 && ap_ce;
  always_ff @(posedge ap_clk) begin
    if (ap_rst) room <= COUNT'(ROOM);
    else room <= room - COUNT'(sums_read && tag[SUM_LAST]) + COUNT'(result_leaves);
  end

  // ---- Stage 1: the scales shifted; stages 3 and 5 are those after the beat came.
  logic came, first, last, high;
  logic [AT-1:0] at;
  logic [PASS_BITS-1:0] pass;
  logic [QUAD_BITS-1:0] quad;
  logic [QUAD_ROWS*UNIT_BITS-1:0] units;
  wire first3, came5, last5;
  wire [AT-1:0] at3, at5;
  always_ff @(posedge ap_clk) begin
    came <= sums_read && !ap_rst;
    first <= tag[SUM_FIRST];
    last <= tag[SUM_LAST];
    high <= tag[SUM_HIGH_PLANE];
    pass <= tag[SUM_PASS+:PASS_BITS];
    quad <= tag[SUM_QUAD+:QUAD_BITS];
  end
  assign at = {pass[AT-QUAD_BITS-1:0], quad};
  st_delay #(.WIDTH(1), .CYCLES(2)) delay_first (.clk(ap_clk), .d(first), .q(first3));
  st_delay #(.WIDTH(AT), .CYCLES(2)) delay_at3 (.clk(ap_clk), .d(at), .q(at3));
  st_delay #(.WIDTH(AT), .CYCLES(2)) delay_at5 (.clk(ap_clk), .d(at3), .q(at5));
  st_delay #(.WIDTH(2), .CYCLES(4)) delay_came (
      .clk(ap_clk), .d({came, came && last && !ap_rst}), .q({came5, last5}));

  wire [PASS_BITS-1:0] pass5;
  st_delay #(.WIDTH(PASS_BITS), .CYCLES(4)) delay_pass (.clk(ap_clk), .d(pass), .q(pass5));

  // The units stand in the scales of a row's first group: kept until its last.
  wire [QUAD_ROWS*UNIT_BITS-1:0] units5;
  wire [QUAD_ROWS*UNIT_BITS-1:0] units_now;
  (* ram_style = "distributed" *) logic [QUAD_ROWS*UNIT_BITS-1:0] unit_of[QUADS];
  assign units_now = first ? units : unit_of[quad];
  always_ff @(posedge ap_clk) if (came && first) unit_of[quad] <= units;
  st_delay #(.WIDTH(QUAD_ROWS * UNIT_BITS), .CYCLES(4)) delay_units (.clk(ap_clk), .d(units_now), .q(units5));

  wire [LANES*RESULT_LANE_BITS-1:0] totals;
  genvar n, r;
  generate
    for (r = 0; r < QUAD_ROWS; r++) begin : gen_unit
      localparam int FIELD = 32 * r;
      always_ff @(posedge ap_clk) begin
        units[UNIT_BITS*r+:UNIT_BITS] <= {
            tag[FIELD+SCALE_FIELD_SPACING+SCALE_FIELD_BITS+:UNIT_HALF_BITS],
            tag[FIELD+SCALE_FIELD_BITS+:UNIT_HALF_BITS]};
      end
    end
    for (n = 0; n < LANES; n++) begin : gen_lane
      localparam int LANE = n * SUM_LANE_BITS;
      wire [GROUP_SHIFT_BITS-1:0] shift = sums_dout[LANE+LANE_PLANE_SHIFT+:GROUP_SHIFT_BITS];
      logic signed [ACTIVATION_SUM_BITS-1:0] asum;
      always_ff @(posedge ap_clk) asum <= sums_dout[LANE+LANE_PLANE_ACTIVATION_SUM+:ACTIVATION_SUM_BITS];

      for (r = 0; r < QUAD_ROWS; r++) begin : gen_row
        localparam int FIELD = 32 * r;
        wire signed [SCALE_FIELD_BITS-1:0] d = tag[FIELD+:SCALE_FIELD_BITS];
        wire signed [SCALE_FIELD_BITS-1:0] m = tag[FIELD+SCALE_FIELD_SPACING+:SCALE_FIELD_BITS];
        wire signed [SHIFTED-1:0] d_wide = {{(SHIFTED - SCALE_FIELD_BITS){d[SCALE_FIELD_BITS-1]}}, d};
        wire signed [SHIFTED-1:0] m_wide = {{(SHIFTED - SCALE_FIELD_BITS){m[SCALE_FIELD_BITS-1]}}, m};
        logic signed [SHIFTED-1:0] d_shifted, m_shifted;
        logic signed [PLANE_SUM_BITS-1:0] isum;
        always_ff @(posedge ap_clk) begin
          d_shifted <= d_wide <<< shift;
          m_shifted <= m_wide <<< shift;
          isum <= sums_dout[LANE+PLANE_SUM_BITS*r+:PLANE_SUM_BITS];
        end
        wire signed [SHIFTED_PLANE-1:0] d_plane = high ? {d_shifted, {PLANE_SHIFT{1'b0}}}
            : {{PLANE_SHIFT{d_shifted[SHIFTED-1]}}, d_shifted};

        wire [47:0] offset, total;
        (* ram_style = "distributed" *) logic [ROW_SUM_BITS-1:0] kept[PASSES*QUADS];
        always_ff @(posedge ap_clk) if (came5) kept[at5] <= total[ROW_SUM_BITS-1:0];
        wire signed [ROW_SUM_BITS-1:0] so_far = kept[at3];
        wire signed [47:0] so_far_wide = so_far;
        // The high plane has no offset.
        wire high2;
        st_delay #(.WIDTH(1), .CYCLES(1)) delay_high (.clk(ap_clk), .d(high), .q(high2));
        st_dsp #(.STAGES(1)) offsets (
            .clk(ap_clk), .a({{(27 - SHIFTED){m_shifted[SHIFTED-1]}}, m_shifted}), .d(27'd0),
            .b({{(18 - ACTIVATION_SUM_BITS){asum[ACTIVATION_SUM_BITS-1]}}, asum}), .c(48'd0),
            .opmode(high2 ? NOTHING : PRODUCT), .pcin(48'd0), .pcout(offset), .p());
        st_dsp #(.STAGES(2)) products (
            .clk(ap_clk), .a({{(27 - SHIFTED_PLANE){d_plane[SHIFTED_PLANE-1]}}, d_plane}), .d(27'd0),
            .b({isum[PLANE_SUM_BITS-1], isum}), .c(so_far_wide),
            .opmode(first3 ? PRODUCT_AND_CASCADE : AND_C), .pcin(offset), .pcout(), .p(total));
        assign totals[n*RESULT_LANE_BITS+ROW_SUM_BITS*r+:ROW_SUM_BITS] = total[ROW_SUM_BITS-1:0];
      end
    end
  endgenerate

  wire result_there;
  assign result_leaves = result_there && results_full_n && ap_ce;
  assign results_write = result_leaves;
  st_stream_fifo #(.WIDTH(BEAT), .DEPTH(ROOM), .STAGES(0), .STYLE("distributed")) output_fifo (
      .clk(ap_clk), .reset(ap_rst), .din({pass5, at5[QUAD_BITS-1:0], units5, totals}), .write(last5), .full_n(),
      .dout(results_din), .read(result_leaves), .empty_n(result_there));
endmodule
