// SPDX-License-Identifier: Apache-2.0
// An object that keeps the rule of one symbol, or breaks it.
#include "st/dataflow.h"

namespace {
void answer(st::word512* out) { st::set_lane_u32(out[0], 0, 42); }
void top(st::word512* out) {
  ST_PROCESS(answer, out);
  ST_DATAFLOW_END
}
}  // namespace

#ifndef EXPORT_NONE
ST_EXPORT_LAUNCH(top)
#endif
#ifdef EXPORT_TWO
extern "C" __attribute__((visibility("default"))) int other_symbol() { return 1; }
#endif
