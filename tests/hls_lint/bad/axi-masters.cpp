// SPDX-License-Identifier: Apache-2.0
// 33 memories, each with a master of its own.
#include "st/dataflow.h"

// Writes one word to each memory.
static void store(st::word512* m0, st::word512* m1, st::word512* m2, st::word512* m3, st::word512* m4,
                  st::word512* m5, st::word512* m6, st::word512* m7, st::word512* m8, st::word512* m9,
                  st::word512* m10, st::word512* m11, st::word512* m12, st::word512* m13, st::word512* m14,
                  st::word512* m15, st::word512* m16, st::word512* m17, st::word512* m18, st::word512* m19,
                  st::word512* m20, st::word512* m21, st::word512* m22, st::word512* m23, st::word512* m24,
                  st::word512* m25, st::word512* m26, st::word512* m27, st::word512* m28, st::word512* m29,
                  st::word512* m30, st::word512* m31, st::word512* m32) {
  m0[0] = st::word512(0);
  m1[0] = st::word512(0);
  m2[0] = st::word512(0);
  m3[0] = st::word512(0);
  m4[0] = st::word512(0);
  m5[0] = st::word512(0);
  m6[0] = st::word512(0);
  m7[0] = st::word512(0);
  m8[0] = st::word512(0);
  m9[0] = st::word512(0);
  m10[0] = st::word512(0);
  m11[0] = st::word512(0);
  m12[0] = st::word512(0);
  m13[0] = st::word512(0);
  m14[0] = st::word512(0);
  m15[0] = st::word512(0);
  m16[0] = st::word512(0);
  m17[0] = st::word512(0);
  m18[0] = st::word512(0);
  m19[0] = st::word512(0);
  m20[0] = st::word512(0);
  m21[0] = st::word512(0);
  m22[0] = st::word512(0);
  m23[0] = st::word512(0);
  m24[0] = st::word512(0);
  m25[0] = st::word512(0);
  m26[0] = st::word512(0);
  m27[0] = st::word512(0);
  m28[0] = st::word512(0);
  m29[0] = st::word512(0);
  m30[0] = st::word512(0);
  m31[0] = st::word512(0);
  m32[0] = st::word512(0);
}

extern "C" void streamtensor_step(st::word512* m0, st::word512* m1, st::word512* m2, st::word512* m3,
                                  st::word512* m4, st::word512* m5, st::word512* m6, st::word512* m7,
                                  st::word512* m8, st::word512* m9, st::word512* m10, st::word512* m11,
                                  st::word512* m12, st::word512* m13, st::word512* m14, st::word512* m15,
                                  st::word512* m16, st::word512* m17, st::word512* m18, st::word512* m19,
                                  st::word512* m20, st::word512* m21, st::word512* m22, st::word512* m23,
                                  st::word512* m24, st::word512* m25, st::word512* m26, st::word512* m27,
                                  st::word512* m28, st::word512* m29, st::word512* m30, st::word512* m31,
                                  st::word512* m32) {
#pragma HLS INTERFACE mode = m_axi port = m0 offset = slave bundle = bank0
#pragma HLS INTERFACE mode = m_axi port = m1 offset = slave bundle = bank1
#pragma HLS INTERFACE mode = m_axi port = m2 offset = slave bundle = bank2
#pragma HLS INTERFACE mode = m_axi port = m3 offset = slave bundle = bank3
#pragma HLS INTERFACE mode = m_axi port = m4 offset = slave bundle = bank4
#pragma HLS INTERFACE mode = m_axi port = m5 offset = slave bundle = bank5
#pragma HLS INTERFACE mode = m_axi port = m6 offset = slave bundle = bank6
#pragma HLS INTERFACE mode = m_axi port = m7 offset = slave bundle = bank7
#pragma HLS INTERFACE mode = m_axi port = m8 offset = slave bundle = bank8
#pragma HLS INTERFACE mode = m_axi port = m9 offset = slave bundle = bank9
#pragma HLS INTERFACE mode = m_axi port = m10 offset = slave bundle = bank10
#pragma HLS INTERFACE mode = m_axi port = m11 offset = slave bundle = bank11
#pragma HLS INTERFACE mode = m_axi port = m12 offset = slave bundle = bank12
#pragma HLS INTERFACE mode = m_axi port = m13 offset = slave bundle = bank13
#pragma HLS INTERFACE mode = m_axi port = m14 offset = slave bundle = bank14
#pragma HLS INTERFACE mode = m_axi port = m15 offset = slave bundle = bank15
#pragma HLS INTERFACE mode = m_axi port = m16 offset = slave bundle = bank16
#pragma HLS INTERFACE mode = m_axi port = m17 offset = slave bundle = bank17
#pragma HLS INTERFACE mode = m_axi port = m18 offset = slave bundle = bank18
#pragma HLS INTERFACE mode = m_axi port = m19 offset = slave bundle = bank19
#pragma HLS INTERFACE mode = m_axi port = m20 offset = slave bundle = bank20
#pragma HLS INTERFACE mode = m_axi port = m21 offset = slave bundle = bank21
#pragma HLS INTERFACE mode = m_axi port = m22 offset = slave bundle = bank22
#pragma HLS INTERFACE mode = m_axi port = m23 offset = slave bundle = bank23
#pragma HLS INTERFACE mode = m_axi port = m24 offset = slave bundle = bank24
#pragma HLS INTERFACE mode = m_axi port = m25 offset = slave bundle = bank25
#pragma HLS INTERFACE mode = m_axi port = m26 offset = slave bundle = bank26
#pragma HLS INTERFACE mode = m_axi port = m27 offset = slave bundle = bank27
#pragma HLS INTERFACE mode = m_axi port = m28 offset = slave bundle = bank28
#pragma HLS INTERFACE mode = m_axi port = m29 offset = slave bundle = bank29
#pragma HLS INTERFACE mode = m_axi port = m30 offset = slave bundle = bank30
#pragma HLS INTERFACE mode = m_axi port = m31 offset = slave bundle = bank31
#pragma HLS INTERFACE mode = m_axi port = m32 offset = slave bundle = bank32
#pragma HLS DATAFLOW
  ST_PROCESS(store, m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19,
             m20, m21, m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32);
  ST_DATAFLOW_END
}
