// SPDX-License-Identifier: Apache-2.0
// Written by scripts/make-rtl-blackboxes. Do not edit.
// C simulation of the black box: all there is to take.
#include "blackboxes.h"

void st_weights_fifo(hls::stream<st::weight_element>& words, hls::stream<st::weight_element>& weights) {
  while (!words.empty()) weights.write(words.read());
}
