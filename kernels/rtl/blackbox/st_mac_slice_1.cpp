// SPDX-License-Identifier: Apache-2.0
// Written by scripts/make-rtl-blackboxes. Do not edit.
// C simulation of the black box: all there is to take.
#include "blackboxes.h"

void st_mac_slice_1(hls::stream<st::weight_element>& weights,
                    hls::stream<st::slice<1>::activation_beat>& activations,
                    hls::stream<st::slice<1>::sum_beat>& sums) {
  while (!activations.empty()) st::mac_tile<1>(weights, activations, sums);
}
