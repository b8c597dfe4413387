// SPDX-License-Identifier: Apache-2.0
// Written by scripts/make-rtl-blackboxes. Do not edit.
// The black boxes as functions: what a design calls.
#ifndef ST_RTL_BLACKBOXES_H
#define ST_RTL_BLACKBOXES_H

#include <hls_stream.h>

#include "st/slice.h"

void st_mac_slice_1(hls::stream<st::weight_element>& weights,
                    hls::stream<st::slice<1>::activation_beat>& activations,
                    hls::stream<st::slice<1>::sum_beat>& sums);
void st_scale_stage_1(hls::stream<st::slice<1>::sum_beat>& sums,
                      hls::stream<st::slice<1>::result_beat>& results);
void st_mac_slice_2(hls::stream<st::weight_element>& weights,
                    hls::stream<st::slice<2>::activation_beat>& activations,
                    hls::stream<st::slice<2>::sum_beat>& sums);
void st_scale_stage_2(hls::stream<st::slice<2>::sum_beat>& sums,
                      hls::stream<st::slice<2>::result_beat>& results);
void st_weights_fifo(hls::stream<st::weight_element>& words, hls::stream<st::weight_element>& weights);

#endif
