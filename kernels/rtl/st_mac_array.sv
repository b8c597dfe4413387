// SPDX-License-Identifier: Apache-2.0
// A slice's nibble ring and multipliers: 64 DSP48E2 a lane, two rows of weights by one activation each.
//
// Eight DSPs in a cascade take a row pair's eight columns (values of k of a nibble word), each a cycle after
// the one before; the last adds up the words of a plane. Not the data is delayed for this but the addresses
// at which the columns read the ring. The four quads of rows follow each other by a cycle too, so that one
// multiplexer serves them.
//
// `step` 0..3 of a plane (with `base`, its place in the ring, `activations` and `centred`) is issued at four
// cycles in a row; the sums of quad q leave 14 + q cycles after step 0, while `quad` is q.
`timescale 1ns / 1ps
module st_mac_array #(
    parameter int LANES = 1
) (
    input  wire clk,
    input  wire take,
    input  wire [$clog2(st_contract::SLICE_RING_WORDS)-1:0] take_at,
    input  wire [st_contract::WORD_BITS-1:0] word,
    input  wire [1:0] step,
    input  wire [$clog2(st_contract::SLICE_RING_WORDS)-1:0] base,
    input  wire centred,  // nibbles less st_contract::NIBBLE_CENTRE
    input  wire [LANES*st_contract::LANE_ACTIVATION_SUM-1:0] activations,
    input  wire [st_contract::QUAD_BITS-1:0] quad,
    output wire [LANES*st_contract::QUAD_ROWS*st_contract::PLANE_SUM_BITS-1:0] sums
);
  // The widths and places of fields.
  localparam int GROUP_ELEMENTS = st_contract::GROUP_ELEMENTS;
  localparam int NIBBLE_BITS = st_contract::NIBBLE_BITS;
  localparam int COLUMNS = st_contract::COLUMNS;
  localparam int QUAD_ROWS = st_contract::QUAD_ROWS;
  localparam int QUADS = st_contract::QUADS;
  localparam int NIBBLE_CENTRE = st_contract::NIBBLE_CENTRE;
  localparam int ACTIVATION_BITS = st_contract::ACTIVATION_BITS;
  localparam int PLANE_SUM_BITS = st_contract::PLANE_SUM_BITS;
  localparam int SLICE_RING_WORDS = st_contract::SLICE_RING_WORDS;
  localparam int AT = $clog2(SLICE_RING_WORDS);
  localparam int DELAYS = COLUMNS + QUADS - 1;    // a column of a quad reads 0..DELAYS-1 cycles late
  localparam int PIECE = QUAD_ROWS * NIBBLE_BITS;  // the nibbles of a column and quad
  localparam int FIELD = PLANE_SUM_BITS;           // of one row in a DSP's sum
  localparam int GROUP = GROUP_ELEMENTS * ACTIVATION_BITS;
  localparam int HALF = COLUMNS / 2;               // columns of the low nibbles of bytes

  // OPMODE: W, Z, Y and X of the adder.
  localparam logic [6:0] PRODUCT = 7'b000_0101, PRODUCT_AND_CASCADE = 7'b001_0101;
  localparam logic [1:0] W_SUM = 2'b01, W_ROUND = 2'b10;
  // Half a field in the first word: the lower row's sum is then never negative and borrows nothing.
  localparam logic [47:0] HALF_FIELD = 48'd1 << (FIELD - 1);
  localparam logic [26:0] CENTRE = -27'((NIBBLE_CENTRE << FIELD) + NIBBLE_CENTRE);

  // The nibbles of a word by delay, in each delay by quad.
  logic [DELAYS*QUADS*PIECE-1:0] written, read_back;
  logic [AT-1:0] addresses[DELAYS];
  logic [DELAYS-1:0] centres;
  logic [QUADS-1:0] first;  // the adder takes the plane's first word: 9 + q cycles after its issue

  assign addresses[0] = base + AT'(step);
  assign centres[0] = centred;
  always_ff @(posedge clk) begin
    for (int i = 1; i < DELAYS; i++) begin
      addresses[i] <= addresses[i-1];
      centres[i] <= centres[i-1];
    end
  end
  st_delay #(.WIDTH(1), .CYCLES(COLUMNS + 1)) delay_first (.clk, .d(step == 2'd0), .q(first[0]));

  genvar i, j, q, n, r;
  generate
    for (q = 1; q < QUADS; q++) begin : gen_first
      st_delay #(.WIDTH(1), .CYCLES(1)) delay (.clk, .d(first[q-1]), .q(first[q]));
    end

    // One memory for each delay. FIRST and LAST are the quads that have a column there.
    for (i = 0; i < DELAYS; i++) begin : gen_ring
      localparam int FIRST = i >= COLUMNS ? i - COLUMNS + 1 : 0;
      localparam int LAST = i < QUADS ? i : QUADS - 1;
      localparam int BITS = (LAST - FIRST + 1) * PIECE;
      localparam int FROM = (i * QUADS + FIRST) * PIECE;
      (* ram_style = "distributed" *) logic [BITS-1:0] ring[SLICE_RING_WORDS];
      always_ff @(posedge clk) if (take) ring[take_at] <= written[FROM+:BITS];
      assign read_back[FROM+:BITS] = ring[addresses[i]];
    end

    // An activation follows its column and the quads in turn: shift registers, then a register a quad.
    for (n = 0; n < LANES; n++) begin : gen_activations
      for (j = 0; j < COLUMNS; j++) begin : gen_column
        // Where k of this column stands in the group at step 0; four values of k further at each step.
        localparam int K = j < HALF ? j : GROUP_ELEMENTS / 2 + j - HALF;
        logic [ACTIVATION_BITS-1:0] now;
        logic [ACTIVATION_BITS-1:0] at[QUADS];
        assign now = activations[n*GROUP+ACTIVATION_BITS*(K+HALF*step)+:ACTIVATION_BITS];
        st_delay #(.WIDTH(ACTIVATION_BITS), .CYCLES(j)) delay (.clk, .d(now), .q(at[0]));
        for (q = 1; q < QUADS; q++) begin : gen_quad
          st_delay #(.WIDTH(ACTIVATION_BITS), .CYCLES(1)) follow (.clk, .d(at[q-1]), .q(at[q]));
        end
      end
    end

    for (q = 0; q < QUADS; q++) begin : gen_quad
      for (j = 0; j < COLUMNS; j++) begin : gen_column
        localparam int PLACE = ((j + q) * QUADS + q) * PIECE;
        for (r = 0; r < QUAD_ROWS; r++) begin : gen_row
          localparam int BIT = 32 * (QUAD_ROWS * q + r) + 8 * (j % HALF) + NIBBLE_BITS * (j / HALF);
          assign written[PLACE+NIBBLE_BITS*r+:NIBBLE_BITS] = word[BIT+:NIBBLE_BITS];
        end
        for (n = 0; n < LANES; n++) begin : gen_lane
          for (r = 0; r < QUAD_ROWS / 2; r++) begin : gen_pair
            localparam int NIBBLES = PLACE + 2 * r * NIBBLE_BITS;
            wire [47:0] cascade, cascade_in, p;
            wire [ACTIVATION_BITS-1:0] activation = gen_activations[n].gen_column[j].at[q];
            wire [8:0] opmode = j == 0 ? {2'b00, PRODUCT} :
                j < COLUMNS - 1 ? {2'b00, PRODUCT_AND_CASCADE} :
                {first[q] ? W_ROUND : W_SUM, PRODUCT_AND_CASCADE};
            if (j == 0) begin : gen_start
              assign cascade_in = '0;
            end else begin : gen_follow
              assign cascade_in = gen_quad[q].gen_column[j-1].gen_lane[n].gen_pair[r].cascade;
            end
            st_dsp #(.PREADD(1), .RND(HALF_FIELD)) dsp (
                .clk,
                .a({{(27 - FIELD - NIBBLE_BITS){1'b0}}, read_back[NIBBLES+NIBBLE_BITS+:NIBBLE_BITS],
                    {(FIELD - NIBBLE_BITS){1'b0}}, read_back[NIBBLES+:NIBBLE_BITS]}),
                .d(CENTRE & {27{centres[j+q]}}),
                .b({{(18 - ACTIVATION_BITS){activation[ACTIVATION_BITS-1]}}, activation}),
                .c(48'd0), .opmode, .pcin(cascade_in), .pcout(cascade), .p
            );
          end
        end
      end
    end

    for (n = 0; n < LANES; n++) begin : gen_sums
      for (r = 0; r < QUAD_ROWS / 2; r++) begin : gen_pair
        wire [QUADS*48-1:0] all;
        for (q = 0; q < QUADS; q++) begin : gen_quad_sum
          assign all[48*q+:48] = gen_quad[q].gen_column[COLUMNS-1].gen_lane[n].gen_pair[r].p;
        end
        wire [47:0] p = all[48*quad+:48];
        assign sums[(n*QUAD_ROWS+2*r)*FIELD+:FIELD] = {~p[FIELD-1], p[FIELD-2:0]};
        assign sums[(n*QUAD_ROWS+2*r+1)*FIELD+:FIELD] = p[FIELD+:FIELD];
      end
    end
  endgenerate
endmodule
