// SPDX-License-Identifier: Apache-2.0
// Paged attention (docs/architecture.md section 2): dataflow.paged_attention.
//
// CONFIG:
//   constexpr int attention_kv_head[] = {0, 0, 0, 1, 1, 1, 2, 2, 2};   // namespace scope
//   struct attention_config {
//     static constexpr int layers = 30, query_heads = 9, kv_heads = 3, head_dim = 64;
//     static constexpr int step_tokens = 16, max_pages = 64;
//     static constexpr int mask_offset = 0;     // p sees j when j <= p + mask_offset
//     static constexpr float scale = 0.125f;
//     static constexpr int kv_head(int query_head) { return attention_kv_head[query_head]; }
//     static constexpr int page_column(int logical_page) { return logical_page; }
//     // May be left out. Of those, p sees only the last window(layer); 0: all.
//     static constexpr int window(int layer) { return attention_window[layer]; }
//   };
// Positions are taken in pages of 32, those below the slot's `start` from memory, the step's own from the
// streams. A page is read once for all tokens of its sequence and all query heads of its KV heads.
#ifndef ST_ATTENTION_H
#define ST_ATTENTION_H

#include "contract/kv_pages.h"
#include "dataflow.h"
#include "header.h"
#include "kv_append.h"
#include "math.h"
#include "rows.h"

namespace st {

// The largest number of query heads that share a KV head.
template <class CONFIG>
constexpr int heads_in_group() {
  int most = 1;
  for (int h = 0; h < CONFIG::kv_heads; ++h) {
    int count = 0;
    for (int q = 0; q < CONFIG::query_heads; ++q) {
      if (CONFIG::kv_head(q) == h) ++count;
    }
    if (count > most) most = count;
  }
  return most;
}

// CONFIG::window(layer); 0 where there is none.
template <class CONFIG>
constexpr auto window_of(int layer, int) -> decltype(CONFIG::window(layer)) {
  return CONFIG::window(layer);
}
template <class CONFIG>
constexpr int window_of(int, long) {
  return 0;
}

// Which positions a token sees without a window: those below `end`. The rows of positions `start` on are
// the step's own, from its token `first` on; `count` tokens of the step are of this sequence.
struct visible_rows {
  int end;
  int start;
  int first;
  int count;
  int window_end;  // a window ends below it
};

template <class CONFIG>
inline visible_rows find_visible(const step_header& header, int t) {
  const token_header& token = header.token[t];
  int first = t;
  int last = t;
  for (int i = 0; i < MAX_STEP_TOKENS; ++i) {
#pragma HLS PIPELINE II = 1
    const bool same = i < header.tokens && header.token[i].slot == token.slot;
    first = same && i < first ? i : first;
    last = same && i > last ? i : last;
  }
  constexpr int CONTEXT = CONFIG::max_pages * contract::kPageTokens;
  visible_rows rows;
  rows.first = first;
  rows.count = last - first + 1;
  rows.start = within(token.start, CONTEXT);
  rows.window_end = token.position + CONFIG::mask_offset + 1;
  const int slot_end = within(rows.start + rows.count, CONTEXT);
  rows.end = within(rows.window_end, slot_end);
  return rows;
}

// The first position that a token sees in a layer with this window; `end` if it sees none.
inline int first_visible(const visible_rows& rows, int window) {
#pragma HLS INLINE
  return window > 0 ? within(rows.window_end - window, rows.end) : 0;
}

// Rows of page `page` that a token sees, those from `low` to below `high`.
struct page_rows {
  int low;
  int high;
};
inline page_rows rows_of_page(const visible_rows& rows, int window, int page) {
#pragma HLS INLINE
  page_rows seen;
  seen.low = within(first_visible(rows, window) - page * contract::kPageTokens, contract::kPageTokens);
  seen.high = within(rows.end - page * contract::kPageTokens, contract::kPageTokens);
  return seen;
}

// Pages that hold what the tokens of a sequence see: those from `first` to below `end`. The first token of
// the sequence sees the earliest position, the last one the latest.
struct page_range {
  int first;
  int end;
};
template <class CONFIG>
inline page_range pages_of_tokens(const visible_rows& earliest, const visible_rows& latest, int window) {
#pragma HLS INLINE
  page_range range;
  range.first = first_visible(earliest, window) / contract::kPageTokens;
  range.end = within(contract::PagesOf(latest.end), CONFIG::max_pages);
  return range;
}

// Those of a pass: pages that were whole before the step in pass 0, the others in pass 1.
template <class CONFIG>
inline page_range pages_of_pass(const visible_rows& earliest, const visible_rows& latest, int window,
                                int pass) {
#pragma HLS INLINE
  page_range range = pages_of_tokens<CONFIG>(earliest, latest, window);
  const int whole = earliest.start / contract::kPageTokens;
  const int border = whole < range.first ? range.first : whole < range.end ? whole : range.end;
  if (pass == 0) {
    range.end = border;
  } else {
    range.first = border;
  }
  return range;
}

// The end of the sums over positions: p[i] + p[i+4], then +2, +1.
inline float row_tree(const float (&p)[contract::kRowPartials]) {
#pragma HLS INLINE
  return ((p[0] + p[4]) + (p[2] + p[6])) + ((p[1] + p[5]) + (p[3] + p[7]));
}

}  // namespace st

#ifdef ST_FAST
#include "attention_fast.h"
#else
#include "attention_plain.h"
#endif

namespace st {

// Process. Reads the header. For each layer: reads T rows of q (WordsOf(query_heads*head_dim) each), then T
// rows of k_new, then T rows of v_new (WordsOf(kv_heads*head_dim) each), then writes T rows as wide as q's.
// Meanwhile it reads what load_pages() writes.
template <class CONFIG>
void attention(hls::stream<header_word>& headers, hls::stream<word512>& key_words,
               hls::stream<word512>& value_words, hls::stream<word512>& q, hls::stream<word512>& k_new,
               hls::stream<word512>& v_new, hls::stream<word512>& out) {
  step_header header;
  read_header<CONFIG::step_tokens>(headers, header);
  visible_rows seen[MAX_STEP_TOKENS];
  for (int t = 0; t < header.tokens; ++t) seen[t] = find_visible<CONFIG>(header, t);
  attend_layers<CONFIG>(header, seen, key_words, value_words, q, k_new, v_new, out);
}

// Process. Reads the header, then WordsOf(S*M) words of page table. For each layer, pass, sequence and page
// of attention's order: reads the page's keys and values of all KV heads and writes a word of each at a time.
// CONFIG is attention's. On the host it hands on the table and where the pools are.
template <class CONFIG>
void load_pages(hls::stream<header_word>& headers, hls::stream<word512>& page_table, const word512* key_pages,
                const word512* value_pages, hls::stream<word512>& key_words,
                hls::stream<word512>& value_words) {
  constexpr int ENTRIES = CONFIG::step_tokens * CONFIG::max_pages;
  step_header header;
  read_header<CONFIG::step_tokens>(headers, header);
  word512 pages[contract::WordsOf(ENTRIES)];
  read_words(page_table, pages);
#ifdef ST_FAST
  hand_on_pages<CONFIG>(header, pages, key_pages, value_pages, key_words);
#else
  visible_rows seen[MAX_STEP_TOKENS];
  for (int t = 0; t < header.tokens; ++t) seen[t] = find_visible<CONFIG>(header, t);
  load_layers<CONFIG>(header, seen, pages, key_pages, value_pages, key_words, value_words);
#endif
}

}  // namespace st

#endif
