// SPDX-License-Identifier: Apache-2.0
// Included before all else where the CPU has no AVX-512: SIMDe computes what the intrinsics of dot_avx512.h
// are defined to, with the instructions that there are.
#ifndef ST_EMULATED_AVX512_H
#define ST_EMULATED_AVX512_H

#define SIMDE_ENABLE_NATIVE_ALIASES
// Not in order: Debian 12's insert.h needs setzero.h and does not include it.
// clang-format off
#include <simde/x86/avx512/setzero.h>
// clang-format on
#include <simde/x86/avx512/add.h>
#include <simde/x86/avx512/and.h>
#include <simde/x86/avx512/blend.h>
#include <simde/x86/avx512/cast.h>
#include <simde/x86/avx512/dpbusd.h>
#include <simde/x86/avx512/dpwssd.h>
#include <simde/x86/avx512/extract.h>
#include <simde/x86/avx512/insert.h>
#include <simde/x86/avx512/load.h>
#include <simde/x86/avx512/mul.h>
#include <simde/x86/avx512/mullo.h>
#include <simde/x86/avx512/set1.h>
#include <simde/x86/avx512/sll.h>
#include <simde/x86/avx512/slli.h>
#include <simde/x86/avx512/srli.h>
#include <simde/x86/avx512/store.h>
#include <simde/x86/avx512/sub.h>
#include <simde/x86/avx512/xor.h>
#include <simde/x86/f16c.h>

// The three that Debian 12's SIMDe lacks.
inline simde__m512i EmulatedSraiEpi32(simde__m512i integers, int count) {
  simde__m512i_private value = simde__m512i_to_private(integers);
  for (int half = 0; half < 2; ++half) value.m256i[half] = simde_mm256_srai_epi32(value.m256i[half], count);
  return simde__m512i_from_private(value);
}
#define _mm512_srai_epi32(integers, count) EmulatedSraiEpi32(integers, count)

inline simde__m512i EmulatedCvtepi32Epi64(simde__m256i integers) {
  simde__m256i_private from = simde__m256i_to_private(integers);
  simde__m512i_private wide;
  for (int half = 0; half < 2; ++half) wide.m256i[half] = simde_mm256_cvtepi32_epi64(from.m128i[half]);
  return simde__m512i_from_private(wide);
}
#define _mm512_cvtepi32_epi64(integers) EmulatedCvtepi32Epi64(integers)

inline simde__m256 EmulatedCvtepi64Ps(simde__m512i integers) {
  simde__m512i_private from = simde__m512i_to_private(integers);
  simde__m256_private floats;
  for (int i = 0; i < 8; ++i) floats.f32[i] = static_cast<float>(from.i64[i]);
  return simde__m256_from_private(floats);
}
#define _mm512_cvtepi64_ps(integers) EmulatedCvtepi64Ps(integers)

// Not sooner: SIMDe would take them for the CPU's.
#define __AVX512F__ 1
#define __AVX512BW__ 1
#define __AVX512VNNI__ 1

#endif
