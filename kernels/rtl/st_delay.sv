// SPDX-License-Identifier: Apache-2.0
// `d`, CYCLES later: a shift register without reset, so that it becomes SRL16 from three cycles on.
`timescale 1ns / 1ps
module st_delay #(
    parameter int WIDTH = 1,
    parameter int CYCLES = 1
) (
    input  wire              clk,
    input  wire  [WIDTH-1:0] d,
    output wire  [WIDTH-1:0] q
);
  generate
    if (CYCLES == 0) begin : gen_wire
      assign q = d;
    end else begin : gen_stages
      logic [WIDTH-1:0] stages[CYCLES];
      always_ff @(posedge clk) begin
        stages[0] <= d;
        for (int i = 1; i < CYCLES; i++) stages[i] <= stages[i-1];
      end
      assign q = stages[CYCLES-1];
    end
  endgenerate
endmodule
