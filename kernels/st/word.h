// SPDX-License-Identifier: Apache-2.0
// The 512-bit word that streams, blocks and memory hold, its lanes, and float16.
#ifndef ST_WORD_H
#define ST_WORD_H

#include <ap_int.h>
#include <stdint.h>

#include "contract/word.h"

#if !defined(__SYNTHESIS__) && !defined(ST_PLAIN)
#define ST_FAST 1
#include <immintrin.h>
#endif

namespace st {

// What compiler, kernels and runtime agree on.
namespace contract = ::streamtensor::contract;

typedef ap_uint<contract::kWordBits> word512;

inline float float_of_bits(uint32_t bits) {
  union {
    uint32_t u;
    float f;
  } c;
  c.u = bits;
  return c.f;
}
inline uint32_t bits_of_float(float value) {
  union {
    uint32_t u;
    float f;
  } c;
  c.f = value;
  return c.u;
}

// Of modules that compute in float64.
inline double double_of_bits(uint64_t bits) {
  union {
    uint64_t u;
    double f;
  } c;
  c.u = bits;
  return c.f;
}
inline uint64_t bits_of_double(double value) {
  union {
    uint64_t u;
    double f;
  } c;
  c.f = value;
  return c.u;
}

// Lanes: 16 of 32 bits, 32 of 16, 64 of 8; lane 0 in the lowest bits.
inline uint32_t lane_u32(const word512& w, int i) { return w.range(32 * i + 31, 32 * i).to_uint(); }
inline int32_t lane_i32(const word512& w, int i) { return static_cast<int32_t>(lane_u32(w, i)); }
inline float lane_f32(const word512& w, int i) { return float_of_bits(lane_u32(w, i)); }
inline uint16_t lane_u16(const word512& w, int i) {
  return static_cast<uint16_t>(w.range(16 * i + 15, 16 * i).to_uint());
}
inline uint8_t lane_u8(const word512& w, int i) {
  return static_cast<uint8_t>(w.range(8 * i + 7, 8 * i).to_uint());
}
inline int8_t lane_i8(const word512& w, int i) { return static_cast<int8_t>(lane_u8(w, i)); }

inline void set_lane_u32(word512& w, int i, uint32_t v) { w.range(32 * i + 31, 32 * i) = v; }
inline void set_lane_i32(word512& w, int i, int32_t v) { set_lane_u32(w, i, static_cast<uint32_t>(v)); }
inline void set_lane_f32(word512& w, int i, float v) { set_lane_u32(w, i, bits_of_float(v)); }
inline void set_lane_u16(word512& w, int i, uint16_t v) { w.range(16 * i + 15, 16 * i) = v; }
inline void set_lane_u8(word512& w, int i, uint8_t v) { w.range(8 * i + 7, 8 * i) = v; }
inline void set_lane_i8(word512& w, int i, int8_t v) { set_lane_u8(w, i, static_cast<uint8_t>(v)); }

inline void unpack_f32(const word512& w, float (&lanes)[contract::kLanes]) {
#pragma HLS INLINE
  for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
    lanes[i] = lane_f32(w, i);
  }
}
inline word512 pack_f32(const float (&lanes)[contract::kLanes]) {
#pragma HLS INLINE
  word512 w;
  for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
    set_lane_f32(w, i, lanes[i]);
  }
  return w;
}

// float16 <-> float32, bit for bit what the F16C instructions do: exact one way, round half to even
// the other, subnormals kept (FTZ and DAZ don't touch float16), signalling NaN made quiet.
inline float f32_of_f16_bits(uint16_t half) {
#pragma HLS INLINE
  const uint32_t exponent = half >> 10 & 0x1fu, mantissa = half & 0x3ffu;
  // Subnormal: the leading one is shifted to bit 10; each place lowers the exponent by one.
  uint32_t shifted = mantissa, places = 0;
  for (int by = 8; by > 0; by /= 2) {
#pragma HLS UNROLL
    const bool is_small = shifted >> (11 - by) == 0;
    shifted = is_small ? shifted << by & 0x7ffu : shifted;
    places = is_small ? places | static_cast<uint32_t>(by) : places;
  }
  const uint32_t quiet = exponent == 0x1fu && mantissa != 0 ? 0x200u : 0u;
  const uint32_t of_subnormal = mantissa == 0 ? 0u : 113u - places;
  const uint32_t of_normal = exponent == 0x1fu ? 0xffu : exponent + 112u;
  const uint32_t wide_exponent = exponent == 0 ? of_subnormal : of_normal;
  const uint32_t wide_mantissa = exponent == 0 ? shifted & 0x3ffu : mantissa | quiet;
  return float_of_bits(static_cast<uint32_t>(half >> 15) << 31 | wide_exponent << 23 | wide_mantissa << 13);
}

inline uint16_t f16_bits_of_f32(float value) {
  const uint32_t bits = bits_of_float(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    return static_cast<uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
  }
  // 65520 and above round to infinity.
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);
  // Below half of the least subnormal (2^-25, the tie included): zero.
  if (magnitude <= 0x33000000u) return static_cast<uint16_t>(sign);
  const uint32_t exponent = magnitude >> 23, mantissa = magnitude & 0x7fffffu;
  // A half's bits above 13 that are rounded away: of a normal number those of the float, rebiased by 112. The
  // last 12 bits of a smaller one lie below what decides: one bit says whether they are all zero.
  const uint32_t normal = (exponent - 112u) << 23 | mantissa;
  const uint32_t above = mantissa >> 12 | 0x800u, below = (mantissa & 0xfffu) != 0 ? 1u : 0u;
  const uint32_t subnormal = (above << 1 | below) << ((exponent - 102u) & 15u);
  const uint32_t whole = magnitude >= 0x38800000u ? normal : subnormal;
  const uint32_t odd = whole >> 13 & 1u, half = whole >> 12 & 1u;
  // A carry out of the mantissa raises the exponent, which is right.
  const uint32_t up = half != 0 && (odd != 0 || (whole & 0xfffu) != 0) ? 1u : 0u;
  return static_cast<uint16_t>(sign | ((whole >> 13) + up));
}

inline float f32_of_f16(uint16_t half) {
#ifdef ST_FAST
  return _cvtsh_ss(half);
#else
  return f32_of_f16_bits(half);
#endif
}
inline uint16_t f16_of_f32(float value) {
#ifdef ST_FAST
  return _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT);
#else
  return f16_bits_of_f32(value);
#endif
}

// bfloat16 is the upper half of a float32: exact one way, round half to even the other, NaN made quiet.
inline float f32_of_bf16(uint16_t half) { return float_of_bits(static_cast<uint32_t>(half) << 16); }
inline uint16_t bf16_of_f32(float value) {
  const uint32_t bits = bits_of_float(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline float lane_f16(const word512& w, int i) { return f32_of_f16(lane_u16(w, i)); }
inline void set_lane_f16(word512& w, int i, float v) { set_lane_u16(w, i, f16_of_f32(v)); }

inline void unpack_f16(const word512& w, float (&lanes)[contract::kFloat16Lanes]) {
#pragma HLS INLINE
#ifdef ST_FAST
  const __m128i* halves = reinterpret_cast<const __m128i*>(&w);
  for (int i = 0; i < contract::kFloat16Lanes / 8; ++i)
    _mm256_storeu_ps(lanes + 8 * i, _mm256_cvtph_ps(_mm_load_si128(halves + i)));
#else
  for (int i = 0; i < contract::kFloat16Lanes; ++i) {
#pragma HLS UNROLL
    lanes[i] = lane_f16(w, i);
  }
#endif
}

}  // namespace st

#endif
