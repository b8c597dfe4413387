// SPDX-License-Identifier: Apache-2.0
// A DSP48E2 whose registers always run: p = (a + d) * b + pcin + {0, p, RND, c}, as `opmode` says.
// From its operands to p: 4 cycles with PREADD or STAGES = 2, else 3. c and opmode are taken 2 cycles before p.
`timescale 1ns / 1ps
module st_dsp #(
    parameter int PREADD = 0,          // d is added to a; b waits for it
    parameter int STAGES = 1,          // of a and b, without PREADD
    parameter logic [47:0] RND = 48'd0
) (
    input  wire         clk,
    input  wire  [26:0] a,
    input  wire  [26:0] d,
    input  wire  [17:0] b,
    input  wire  [47:0] c,
    input  wire  [ 8:0] opmode,
    input  wire  [47:0] pcin,
    output wire  [47:0] pcout,
    output wire  [47:0] p
);
  localparam int AREG = PREADD != 0 ? 1 : STAGES;
  localparam int BREG = PREADD != 0 ? 2 : STAGES;

  DSP48E2 #(
      .ACASCREG(AREG), .ADREG(1), .ALUMODEREG(0), .AREG(AREG), .BCASCREG(BREG), .BREG(BREG),
      .CARRYINREG(0), .CARRYINSELREG(0), .CREG(1), .DREG(1), .INMODEREG(0), .MREG(1), .OPMODEREG(1), .PREG(1),
      .AMULTSEL(PREADD != 0 ? "AD" : "A"), .BMULTSEL("B"), .PREADDINSEL("A"), .USE_MULT("MULTIPLY"), .RND(RND)
  ) dsp (
      .CLK(clk), .A({3'b0, a}), .B(b), .C(c), .D(d), .OPMODE(opmode), .ALUMODE(4'd0),
      .INMODE(PREADD != 0 ? 5'b00100 : 5'b00000), .CARRYIN(1'b0), .CARRYINSEL(3'd0),
      .CEA1(1'b1), .CEA2(1'b1), .CEAD(1'b1), .CEALUMODE(1'b1), .CEB1(1'b1), .CEB2(1'b1), .CEC(1'b1),
      .CECARRYIN(1'b0), .CECTRL(1'b1), .CED(1'b1), .CEINMODE(1'b1), .CEM(1'b1), .CEP(1'b1),
      .RSTA(1'b0), .RSTALLCARRYIN(1'b0), .RSTALUMODE(1'b0), .RSTB(1'b0), .RSTC(1'b0), .RSTCTRL(1'b0),
      .RSTD(1'b0), .RSTINMODE(1'b0), .RSTM(1'b0), .RSTP(1'b0),
      .PCIN(pcin), .PCOUT(pcout), .P(p)
  );
endmodule
