// SPDX-License-Identifier: Apache-2.0
// What a MAC slice and its scale stage compute (kernels/rtl; contract/slice.h describes their streams): the
// text that stands for them in C simulation, and that the modules are compared with bit for bit.
#ifndef ST_SLICE_H
#define ST_SLICE_H

#include <stdint.h>

#include "contract/slice.h"
#include "word.h"

namespace st {

typedef ap_uint<contract::kWeightElementBits> weight_element;

// The beats of a slice with LANES lanes.
template <int LANES>
struct slice {
  static_assert(LANES >= 1 && LANES <= contract::kMaxSliceLanes, "lanes that the modules are checked for");
  typedef ap_uint<contract::ActivationBeatBits(LANES)> activation_beat;
  typedef ap_uint<contract::SumBeatBits(LANES)> sum_beat;
  typedef ap_uint<contract::ResultBeatBits(LANES)> result_beat;
};

// Fields of at most 32 bits.
template <class BEAT>
inline uint32_t unsigned_field(const BEAT& beat, int low, int bits) {
  return static_cast<uint32_t>(beat.range(low + bits - 1, low).to_uint());
}
template <class BEAT>
inline int32_t signed_field(const BEAT& beat, int low, int bits) {
  return static_cast<int32_t>(unsigned_field(beat, low, bits) << (32 - bits)) >> (32 - bits);
}
template <class BEAT>
inline void set_field(BEAT& beat, int low, int bits, uint32_t value) {
  beat.range(low + bits - 1, low) = bits == 32 ? value : value & ((1u << bits) - 1u);
}

inline bool is_scales(const weight_element& element) {
  return unsigned_field(element, contract::kScalesFlag, 1) != 0;
}
inline word512 word_of(const weight_element& element) {
  word512 word(0);
  for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
    set_lane_u32(word, i, unsigned_field(element, 32 * i, 32));
  }
  return word;
}

// A nibble of a plane, as the slice takes it.
inline int32_t plane_nibble(const word512 (&words)[contract::kPlaneWords], int row, int k, bool centred) {
  const int byte = contract::TileIntegerByte(row, k);
  const int nibbles = lane_u8(words[contract::TileIntegerWord(contract::kU4Bits, k)], byte);
  const int nibble = contract::IsHighNibble(k) ? nibbles >> contract::kNibbleBits : nibbles & 15;
  return centred ? nibble - contract::kNibbleCentre : nibble;
}

// The beats of one plane of a tile in a pass.
template <int LANES>
inline void mac_plane(const word512 (&words)[contract::kPlaneWords], const word512& scales, bool high,
                      const typename slice<LANES>::activation_beat& beat,
                      typename slice<LANES>::sum_beat (&sums)[contract::kQuads]) {
  const int tag = LANES * contract::kActivationLaneBits;
  const bool two_planes = unsigned_field(beat, tag + contract::kActivationTwoPlanes, 1) != 0;
  const bool first = unsigned_field(beat, tag + contract::kActivationFirst, 1) != 0 && !high;
  const bool last = unsigned_field(beat, tag + contract::kActivationLast, 1) != 0 && high == two_planes;
  for (int quad = 0; quad < contract::kQuads; ++quad) {
    typename slice<LANES>::sum_beat out(0);
    for (int n = 0; n < LANES; ++n) {
      const int from = n * contract::kActivationLaneBits, to = n * contract::kSumLaneBits;
      for (int r = 0; r < contract::kQuadRows; ++r) {
        int32_t sum = 0;
        for (int k = 0; k < contract::kGroupElements; ++k) {
          const int32_t activation =
              signed_field(beat, from + contract::kActivationBits * k, contract::kActivationBits);
          sum += plane_nibble(words, contract::kQuadRows * quad + r, k, high || !two_planes) * activation;
        }
        set_field(out, to + contract::kPlaneSumBits * r, contract::kPlaneSumBits, static_cast<uint32_t>(sum));
      }
      set_field(out, to + contract::kLanePlaneActivationSum, contract::kActivationSumBits,
                unsigned_field(beat, from + contract::kLaneActivationSum, contract::kActivationSumBits));
      set_field(out, to + contract::kLanePlaneShift, contract::kGroupShiftBits,
                unsigned_field(beat, from + contract::kLaneGroupShift, contract::kGroupShiftBits));
    }
    const int out_tag = LANES * contract::kSumLaneBits;
    for (int r = 0; r < contract::kQuadRows; ++r) {
      set_field(out, out_tag + 32 * r, 32, lane_u32(scales, contract::kQuadRows * quad + r));
    }
    set_field(out, out_tag + contract::kSumQuad, contract::kQuadBits, static_cast<uint32_t>(quad));
    set_field(out, out_tag + contract::kSumPass, contract::kPassBits,
              unsigned_field(beat, tag + contract::kActivationPass, contract::kPassBits));
    set_field(out, out_tag + contract::kSumFirst, 1, first ? 1u : 0u);
    set_field(out, out_tag + contract::kSumLast, 1, last ? 1u : 0u);
    set_field(out, out_tag + contract::kSumHighPlane, 1, high ? 1u : 0u);
    sums[quad] = out;
  }
}

// Takes a tile and all its passes.
template <int LANES, class WEIGHTS, class ACTIVATIONS, class SUMS>
inline void mac_tile(WEIGHTS& weights, ACTIVATIONS& activations, SUMS& sums) {
  word512 planes[2][contract::kPlaneWords];
  word512 scales(0);
  for (int w = 0; w <= 2 * contract::kPlaneWords; ++w) {
    const weight_element element = weights.read();
    if (is_scales(element)) {
      scales = word_of(element);
      break;
    }
    planes[w / contract::kPlaneWords % 2][w % contract::kPlaneWords] = word_of(element);
  }
  for (bool ends_tile = false; !ends_tile;) {
    const typename slice<LANES>::activation_beat beat = activations.read();
    const int tag = LANES * contract::kActivationLaneBits;
    const int count = unsigned_field(beat, tag + contract::kActivationTwoPlanes, 1) != 0 ? 2 : 1;
    for (int plane = 0; plane < count; ++plane) {
      typename slice<LANES>::sum_beat out[contract::kQuads];
      mac_plane<LANES>(planes[plane], scales, plane == 1, beat, out);
      for (int quad = 0; quad < contract::kQuads; ++quad) sums.write(out[quad]);
    }
    ends_tile = unsigned_field(beat, tag + contract::kActivationEndsTile, 1) != 0;
  }
}

// What a scale stage keeps.
template <int LANES>
struct kept_sums {
  int64_t totals[1 << contract::kPassBits][contract::kQuads][LANES][contract::kQuadRows];
  uint32_t units[contract::kQuads][contract::kQuadRows];
};

// Adds a beat. True: it completes its rows, and `result` holds them.
template <int LANES>
inline bool scale_beat(const typename slice<LANES>::sum_beat& beat, kept_sums<LANES>& kept,
                       typename slice<LANES>::result_beat& result) {
  const int tag = LANES * contract::kSumLaneBits;
  const int quad = static_cast<int>(unsigned_field(beat, tag + contract::kSumQuad, contract::kQuadBits));
  const int pass = static_cast<int>(unsigned_field(beat, tag + contract::kSumPass, contract::kPassBits));
  const bool first = unsigned_field(beat, tag + contract::kSumFirst, 1) != 0;
  const bool high = unsigned_field(beat, tag + contract::kSumHighPlane, 1) != 0;
  result = typename slice<LANES>::result_beat(0);
  for (int r = 0; r < contract::kQuadRows; ++r) {
    const int field = tag + 32 * r, offset_field = field + contract::kScaleFieldSpacing;
    const int64_t d = signed_field(beat, field, contract::kScaleFieldBits);
    const int64_t m = high ? 0 : signed_field(beat, offset_field, contract::kScaleFieldBits);
    if (first) {
      kept.units[quad][r] =
          unsigned_field(beat, offset_field + contract::kScaleFieldBits, contract::kUnitHalfBits)
              << contract::kUnitHalfBits |
          unsigned_field(beat, field + contract::kScaleFieldBits, contract::kUnitHalfBits);
    }
    set_field(result, LANES * contract::kResultLaneBits + contract::kUnitBitsOfRow * r,
              contract::kUnitBitsOfRow, kept.units[quad][r]);
    for (int n = 0; n < LANES; ++n) {
      const int lane = n * contract::kSumLaneBits;
      const int64_t isum = signed_field(beat, lane + contract::kPlaneSumBits * r, contract::kPlaneSumBits);
      const int64_t asum =
          signed_field(beat, lane + contract::kLanePlaneActivationSum, contract::kActivationSumBits);
      const int shift =
          static_cast<int>(unsigned_field(beat, lane + contract::kLanePlaneShift, contract::kGroupShiftBits));
      const int64_t plane = high ? 1 << contract::kPlaneShift : 1;
      const int64_t term = (d * plane * isum + m * asum) * (1 << shift);
      int64_t& total = kept.totals[pass][quad][n][r];
      total = first ? term : total + term;
      const int at = n * contract::kResultLaneBits + contract::kRowSumBits * r;
      set_field(result, at, 32, static_cast<uint32_t>(total));
      set_field(result, at + 32, contract::kRowSumBits - 32, static_cast<uint32_t>(total >> 32));
    }
  }
  const int result_tag = LANES * contract::kResultLaneBits;
  set_field(result, result_tag + contract::kResultQuad, contract::kQuadBits, static_cast<uint32_t>(quad));
  set_field(result, result_tag + contract::kResultPass, contract::kPassBits, static_cast<uint32_t>(pass));
  return unsigned_field(beat, tag + contract::kSumLast, 1) != 0;
}

}  // namespace st

#endif
