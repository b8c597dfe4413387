// SPDX-License-Identifier: Apache-2.0
// Written by scripts/make-rtl-blackboxes. Do not edit.
// C simulation of the black box: all there is to take.
#include "blackboxes.h"

void st_scale_stage_2(hls::stream<st::slice<2>::sum_beat>& sums,
                      hls::stream<st::slice<2>::result_beat>& results) {
  static st::kept_sums<2> kept;
  while (!sums.empty()) {
    st::slice<2>::result_beat result;
    if (st::scale_beat<2>(sums.read(), kept, result)) results.write(result);
  }
}
