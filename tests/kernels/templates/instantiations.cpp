// SPDX-License-Identifier: Apache-2.0
// Compiles every template as emitted text does: C++14, no exceptions, no warnings.
#include "kernels/st/attention.h"
#include "kernels/st/carry.h"
#include "kernels/st/convert.h"
#include "kernels/st/engine.h"
#include "kernels/st/frames.h"
#include "kernels/st/header.h"
#include "kernels/st/kv_append.h"
#include "kernels/st/load.h"
#include "kernels/st/load_weights.h"
#include "kernels/st/route.h"
#include "kernels/st/store.h"
#include "kernels/st/take_rows.h"
constexpr st::issue L[] = {
    {4, 18, 60, st::ROWS_T}, {4, 18, 36, st::ROWS_T}, {4, 18, 192, st::ROWS_T}, {4, 48, 36, st::ROWS_T}};
constexpr st::issue E_[] = {{8, 18, 3072, st::ROWS_W}};
struct eng {
  static constexpr int channels = 4, step_tokens = 16, max_groups = 48, layers = 30, fixed_rows = 0,
                       prologue_issues = 0, layer_issues = 4, epilogue_issues = 1;
  static constexpr st::issue prologue(int) { return st::issue(); }
  static constexpr st::issue layer(int i) { return L[i]; }
  static constexpr st::issue epilogue(int i) { return E_[i]; }
};
template void st::engine<eng, 8>(hls::stream<st::header_word>&, hls::stream_of_blocks<st::word512[16 * 48]>&,
                                 hls::stream_of_blocks<st::weight_block, 8> (&)[4],
                                 hls::stream<st::word512>&);
struct w0 : eng {
  static constexpr int channel = 0;
};
template void st::load_weights<w0>(const st::word512*, hls::stream_of_blocks<st::weight_block>&);
constexpr int kvh[] = {0, 0, 0, 1, 1, 1, 2, 2, 2};
struct att {
  static constexpr int layers = 30, query_heads = 9, kv_heads = 3, head_dim = 64, step_tokens = 16,
                       max_pages = 64, mask_offset = 0;
  static constexpr float scale = 0.125f;
  static constexpr int kv_head(int q) { return kvh[q]; }
  static constexpr int page_column(int p) { return p; }
};
template void st::attention<att>(hls::stream<st::header_word>&, hls::stream<st::word512>&,
                                 hls::stream<st::word512>&, hls::stream<st::word512>&,
                                 hls::stream<st::word512>&, const st::word512*, const st::word512*,
                                 hls::stream<st::word512>&);
template void st::kv_append<att>(hls::stream<st::header_word>&, hls::stream<st::word512>&,
                                 hls::stream<st::word512>&, uint16_t*, uint16_t*,
                                 hls::stream<st::done_token>&);
struct hd {
  static constexpr int step_tokens = 16, step_logits = 16, max_pages = 64, vocabulary = 49152;
};
template void st::header_with_pages<hd>(const st::word512*, hls::stream<st::header_word>&,
                                        hls::stream<st::word512>&);
template void st::header<hd>(const st::word512*, hls::stream<st::header_word>&);
struct sl {
  static constexpr int width = 49152, fixed_rows = 0;
  static constexpr st::row_symbol rows = st::ROWS_W;
};
template void st::store_tiles<sl>(hls::stream<st::header_word>&, hls::stream<st::word512>&, float*,
                                  hls::stream<st::done_token>&);
template void st::store_rows<sl>(hls::stream<st::header_word>&, hls::stream<st::word512>&, float*,
                                 hls::stream<st::done_token>&);
template void st::load_rows<sl>(hls::stream<st::header_word>&, const float*, hls::stream<st::word512>&);
struct cr {
  static constexpr int layers = 30, words = 36, fixed_rows = 0;
  static constexpr st::row_symbol rows = st::ROWS_T;
};
template void st::carry<cr>(hls::stream<st::header_word>&, hls::stream<st::word512>&,
                            hls::stream<st::word512>&, hls::stream<st::word512>&, hls::stream<st::word512>&);
template void st::write_status(hls::stream<st::header_word>&, st::word512*, hls::stream<st::done_token>&,
                               hls::stream<st::done_token>&);
void sw(hls::stream<st::word512>& a, int n, hls::stream_of_blocks<st::word512[16 * 48]>& f) {
  st::fill_frame<18>(a, n, f);
  st::fill_frame_from_tiles<48, 16>(a, n, f);
}
void cv(hls::stream<st::word512>& a, int n, hls::stream<st::word512>& b) {
  st::tiles_to_rows<36, 16>(a, n, b);
}
