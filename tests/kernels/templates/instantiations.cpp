// SPDX-License-Identifier: Apache-2.0
// Compiles every process template as emitted text uses it, with the sizes of SmolLM2-135M: C++14, no
// exceptions, no warnings.
#include "kernels/st/attention.h"
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

using hls::stream;
using st::done_token;
using st::header_word;
using st::word512;

struct header_config {
  static constexpr int step_tokens = 16, step_logits = 16, max_pages = 64, vocabulary = 49152;
};
template void st::header<header_config>(const word512*, stream<header_word>&);
template void st::header_with_pages<header_config>(const word512*, stream<header_word>&, stream<word512>&);
template void st::write_status(stream<header_word>&, word512*, stream<done_token>&, stream<done_token>&);

constexpr st::issue engine_issues[] = {
    st::cut_issue<4>(4, 18, 60, st::ROWS_T), st::cut_issue<4>(4, 18, 36, st::ROWS_T),
    st::cut_issue<4>(4, 18, 192, st::ROWS_T), st::cut_issue<4>(4, 48, 36, st::ROWS_T),
    st::cut_issue<4>(8, 18, 3072, st::ROWS_W)};
struct engine_config {
  static constexpr int channels = 4, lanes = 2, step_tokens = 16, max_groups = 48, layers = 30,
                       fixed_rows = 0;
  static constexpr int prologue_issues = 0, layer_issues = 4, epilogue_issues = 1;
  static constexpr st::issue issue(int i) { return engine_issues[i]; }
};
typedef st::frame_fifo<16 * 48, 2>::port frame_port;
typedef st::weight_fifo<8>::stream weight_stream;
template void st::engine<engine_config, weight_stream>(stream<header_word>&, frame_port&,
                                                       weight_stream (&)[4], stream<word512>&);
template void st::load_weights<engine_config>(const word512*, st::weight_port&);
constexpr st::frame_source switch_frames[] = {{0, 18, 9, st::ROWS_T, false},
                                              {1, 18, 18, st::ROWS_T, false},
                                              {0, 18, 18, st::ROWS_T, false},
                                              {2, 48, 12, st::ROWS_T, true},
                                              {0, 18, 18, st::ROWS_W, false}};
struct switch_config {
  static constexpr int step_tokens = 16, max_groups = 48, layers = 30, fixed_rows = 0;
  static constexpr int prologue_issues = 0, layer_issues = 4, epilogue_issues = 1;
  static constexpr st::frame_source frame(int i) { return switch_frames[i]; }
};
void activation_switch(const st::step_header& header, stream<word512>& norm, stream<word512>& heads,
                       stream<word512>& gated, frame_port& frames) {
  st::fill_frames<switch_config>(header, frames, norm, heads, gated);
}
void result_switch(stream<word512>& results, int rows, stream<word512>& a, stream<word512>& b) {
  st::route(results, 36, rows, a);
  st::route_alternating(results, 96, rows, a, b);
}
void convert(stream<word512>& in, int rows, stream<word512>& middle, stream<word512>& out) {
  st::tiles_to_rows<36, 16>(in, rows, middle);
  st::rows_to_tiles<36, 16>(middle, rows, out);
}

constexpr int attention_kv_head[] = {0, 0, 0, 1, 1, 1, 2, 2, 2};
struct attention_config {
  static constexpr int layers = 30, query_heads = 9, kv_heads = 3, head_dim = 64;
  static constexpr int step_tokens = 16, max_pages = 64, mask_offset = 0;
  static constexpr float scale = 0.125f;
  static constexpr int kv_head(int query_head) { return attention_kv_head[query_head]; }
  static constexpr int page_column(int logical_page) { return logical_page; }
};
template void st::load_pages<attention_config>(stream<header_word>&, stream<word512>&, const word512*,
                                               const word512*, stream<word512>&, stream<word512>&);
template void st::attention<attention_config>(stream<header_word>&, stream<word512>&, stream<word512>&,
                                              stream<word512>&, stream<word512>&, stream<word512>&,
                                              stream<word512>&);
template void st::kv_append<attention_config>(stream<header_word>&, stream<word512>&, stream<word512>&,
                                              uint16_t*, uint16_t*, stream<done_token>&);

struct logits_config {
  static constexpr int width = 49152, fixed_rows = 0;
  static constexpr st::row_symbol rows = st::ROWS_W;
};
template void st::load_rows<logits_config>(stream<header_word>&, const float*, stream<word512>&);
template void st::store_rows<logits_config>(stream<header_word>&, stream<word512>&, float*,
                                            stream<done_token>&);
template void st::store_tiles<logits_config>(stream<header_word>&, stream<word512>&, float*,
                                             stream<done_token>&);
