// SPDX-License-Identifier: Apache-2.0
// A behavioural model of AMD's DSP48E2 (UG579), for simulation only: what the modules of this folder use of it.
// It stops the simulation if they use more. Vivado and yosys have the primitive itself.
`timescale 1ns / 1ps
module DSP48E2 #(
    parameter int ACASCREG = 1, ADREG = 1, ALUMODEREG = 1, AREG = 1, BCASCREG = 1, BREG = 1,
    parameter int CARRYINREG = 1, CARRYINSELREG = 1, CREG = 1, DREG = 1, INMODEREG = 1, MREG = 1,
    parameter int OPMODEREG = 1, PREG = 1,
    parameter AMULTSEL = "A", BMULTSEL = "B", PREADDINSEL = "A", USE_MULT = "MULTIPLY",
    parameter logic [47:0] RND = 48'd0
) (
    input  logic        CLK,
    input  logic [29:0] A,
    input  logic [17:0] B,
    input  logic [47:0] C,
    input  logic [26:0] D,
    input  logic [ 8:0] OPMODE,
    input  logic [ 3:0] ALUMODE,
    input  logic [ 4:0] INMODE,
    input  logic [ 2:0] CARRYINSEL,
    input  logic        CARRYIN,
    input  logic CEA1, CEA2, CEAD, CEALUMODE, CEB1, CEB2, CEC, CECARRYIN, CECTRL, CED, CEINMODE, CEM, CEP,
    input  logic RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP,
    input  logic [47:0] PCIN,
    output logic [47:0] PCOUT,
    output logic [47:0] P
);
  localparam bit PREADDS = AMULTSEL == "AD";

  initial begin
    if (!(AREG inside {1, 2}) || !(BREG inside {1, 2}) || CREG != 1 || MREG != 1 || PREG != 1 ||
        OPMODEREG != 1 || ALUMODEREG != 0 || INMODEREG != 0 || CARRYINREG != 0 || CARRYINSELREG != 0 ||
        (PREADDS && (ADREG != 1 || DREG != 1 || PREADDINSEL != "A")))
      $fatal(1, "DSP48E2: these registers are not modelled");
    if (BMULTSEL != "B" || USE_MULT != "MULTIPLY" || !(AMULTSEL == "A" || PREADDS))
      $fatal(1, "DSP48E2: this multiplier is not modelled");
  end

  logic signed [26:0] a1, a2, d, ad, multiplicand;
  logic signed [17:0] b1, b2, multiplier;
  logic signed [44:0] m;
  logic [47:0] c;
  logic [ 8:0] op;
  logic [47:0] w, xy, z;

  assign multiplicand = PREADDS ? ad : AREG == 2 ? a2 : a1;
  assign multiplier = BREG == 2 ? b2 : b1;

  always_comb begin
    case (op[8:7])
      2'b00: w = '0;
      2'b01: w = P;
      2'b10: w = RND;
      2'b11: w = c;
    endcase
    case (op[3:0])
      4'b0101: xy = {{3{m[44]}}, m};
      default: xy = '0;
    endcase
    case (op[6:4])
      3'b001: z = PCIN;
      default: z = '0;
    endcase
  end

  // Nothing is enabled or reset by these modules, so that all that flows through a DSP flows on.
  always_ff @(posedge CLK) begin
    a1 <= A[26:0];
    a2 <= a1;
    d <= D;
    ad <= (AREG == 2 ? a2 : a1) + (INMODE[2] ? d : '0);
    b1 <= B;
    b2 <= b1;
    c <= C;
    op <= OPMODE;
    m <= multiplicand * multiplier;
    P <= w + xy + z;
    if (!(op[3:0] inside {4'b0000, 4'b0101}) || !(op[6:4] inside {3'b000, 3'b001}))
      $fatal(1, "DSP48E2: OPMODE %b is not modelled", op);
    if (ALUMODE != 0 || CARRYIN || CARRYINSEL != 0 || !(INMODE inside {5'b00000, 5'b00100}))
      $fatal(1, "DSP48E2: this mode is not modelled");
    if (!(&{CEA2, CEB2, CEC, CEM, CEP, CECTRL}) || (PREADDS && !(CEAD && CED)) ||
        (AREG == 2 && !CEA1) || (BREG == 2 && !CEB1))
      $fatal(1, "DSP48E2: clock enables are not modelled");
    if (|{RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP})
      $fatal(1, "DSP48E2: resets are not modelled");
  end
  assign PCOUT = P;
endmodule
