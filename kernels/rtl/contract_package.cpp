// SPDX-License-Identifier: Apache-2.0
// Prints kernels/rtl/st_contract.sv. scripts/make-rtl-contract compiles and runs it.
#include <cstdio>

#include "contract/slice.h"

namespace {

using namespace streamtensor::contract;

struct Constant {
  const char* name;
  int value;
};

constexpr Constant kConstants[] = {
    {"WORD_BITS", kWordBits},
    {"GROUP_ELEMENTS", kGroupElements},
    {"MAX_STEP_TOKENS", kMaxStepTokens},
    {"NIBBLE_BITS", kNibbleBits},
    {"COLUMNS", kColumns},
    {"PLANE_WORDS", kPlaneWords},
    {"QUAD_ROWS", kQuadRows},
    {"QUADS", kQuads},
    {"NIBBLE_CENTRE", kNibbleCentre},
    {"PLANE_SHIFT", kPlaneShift},
    {"ACTIVATION_BITS", kActivationBits},
    {"ACTIVATION_SUM_BITS", kActivationSumBits},
    {"GROUP_SHIFT_BITS", kGroupShiftBits},
    {"PLANE_SUM_BITS", kPlaneSumBits},
    {"SCALE_FIELD_BITS", kScaleFieldBits},
    {"SCALE_FIELD_SPACING", kScaleFieldSpacing},
    {"UNIT_HALF_BITS", kUnitHalfBits},
    {"ROW_SUM_BITS", kRowSumBits},
    {"PASS_BITS", kPassBits},
    {"QUAD_BITS", kQuadBits},
    {"WEIGHTS_FIFO_WORDS", kWeightsFifoWords},
    {"SLICE_RING_WORDS", kSliceRingWords},
    {"SLICE_RING_SCALES", kSliceRingScales},
    {"SLICE_OUTPUT_BEATS", kSliceOutputBeats},
    {"SCALES_FLAG", kScalesFlag},
    {"WEIGHT_ELEMENT_BITS", kWeightElementBits},
    {"LANE_ACTIVATION_SUM", kLaneActivationSum},
    {"LANE_GROUP_SHIFT", kLaneGroupShift},
    {"ACTIVATION_LANE_BITS", kActivationLaneBits},
    {"ACTIVATION_PASS", kActivationPass},
    {"ACTIVATION_FIRST", kActivationFirst},
    {"ACTIVATION_LAST", kActivationLast},
    {"ACTIVATION_ENDS_TILE", kActivationEndsTile},
    {"ACTIVATION_TWO_PLANES", kActivationTwoPlanes},
    {"ACTIVATION_TAG_BITS", kActivationTagBits},
    {"LANE_PLANE_ACTIVATION_SUM", kLanePlaneActivationSum},
    {"LANE_PLANE_SHIFT", kLanePlaneShift},
    {"SUM_LANE_BITS", kSumLaneBits},
    {"SUM_QUAD", kSumQuad},
    {"SUM_PASS", kSumPass},
    {"SUM_FIRST", kSumFirst},
    {"SUM_LAST", kSumLast},
    {"SUM_HIGH_PLANE", kSumHighPlane},
    {"SUM_TAG_BITS", kSumTagBits},
    {"UNIT_BITS", kUnitBitsOfRow},
    {"RESULT_LANE_BITS", kResultLaneBits},
    {"RESULT_QUAD", kResultQuad},
    {"RESULT_PASS", kResultPass},
    {"RESULT_TAG_BITS", kResultTagBits},
};

}  // namespace

int main() {
  std::puts(
      "// SPDX-License-Identifier: Apache-2.0\n"
      "// Written by scripts/make-rtl-contract from kernels/contract/slice.h. Do not edit.\n"
      "`timescale 1ns / 1ps\n"
      "package st_contract;");
  for (const Constant& constant : kConstants) {
    std::printf("  localparam int %s = %d;\n", constant.name, constant.value);
  }
  std::puts("endpackage");
}
