// SPDX-License-Identifier: Apache-2.0
// Included before all else where the CPU has no AVX-512: SIMDe computes what the intrinsics of dot_avx512.h
// are defined to, with the instructions that there are.
#ifndef ST_EMULATED_AVX512_H
#define ST_EMULATED_AVX512_H

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512/add.h>
#include <simde/x86/avx512/and.h>
#include <simde/x86/avx512/dpbusd.h>
#include <simde/x86/avx512/load.h>
#include <simde/x86/avx512/mul.h>
#include <simde/x86/avx512/set1.h>
#include <simde/x86/avx512/setzero.h>
#include <simde/x86/avx512/srli.h>
#include <simde/x86/avx512/store.h>
#include <simde/x86/avx512/xor.h>
#include <simde/x86/f16c.h>

// The two that Debian 12's SIMDe lacks, by halves.
inline simde__m512 EmulatedCvtepi32Ps(simde__m512i integers) {
  simde__m512i_private from = simde__m512i_to_private(integers);
  simde__m512_private floats;
  for (int half = 0; half < 2; ++half) floats.m256[half] = simde_mm256_cvtepi32_ps(from.m256i[half]);
  return simde__m512_from_private(floats);
}
#define _mm512_cvtepi32_ps(integers) EmulatedCvtepi32Ps(integers)

inline simde__m512 EmulatedCvtphPs(simde__m256i halves) {
  simde__m256i_private from = simde__m256i_to_private(halves);
  simde__m512_private floats;
  for (int half = 0; half < 2; ++half) floats.m256[half] = simde_mm256_cvtph_ps(from.m128i[half]);
  return simde__m512_from_private(floats);
}
#define _mm512_cvtph_ps(halves) EmulatedCvtphPs(halves)

// Not sooner: SIMDe would take them for the CPU's.
#define __AVX512F__ 1
#define __AVX512BW__ 1
#define __AVX512VNNI__ 1

#endif
