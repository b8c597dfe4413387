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
// Rows below the slot's `start` come from pages, the step's own from the streams, joined by absolute
// position. A page's head is read once for all the query heads that share it.
#ifndef ST_ATTENTION_H
#define ST_ATTENTION_H

#include "contract/kv_pages.h"
#include "dataflow.h"
#include "dot.h"
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

// A step's own rows of one layer. q holds the output once a head is done with it.
template <class CONFIG>
struct attention_rows {
  float q[CONFIG::step_tokens][CONFIG::query_heads * CONFIG::head_dim];
  float k[CONFIG::step_tokens][CONFIG::kv_heads * CONFIG::head_dim];
  float v[CONFIG::step_tokens][CONFIG::kv_heads * CONFIG::head_dim];
};

// Which rows a token sees without a window: positions 0..stored-1 from pages, then `fresh` of the step's own,
// from token `first` of the step on. A window ends below position `end`.
struct visible_rows {
  int end;
  int stored;
  int first;
  int fresh;
};

template <class CONFIG>
inline visible_rows find_visible(const step_header& header, int t) {
  const token_header& token = header.token[t];
  int first = t;
  int last = t;
  for (int i = 0; i < MAX_STEP_TOKENS; ++i) {
#pragma HLS PIPELINE II = 1
    if (i < header.tokens && header.token[i].slot == token.slot) {
      first = i < first ? i : first;
      last = i > last ? i : last;
    }
  }
  int end = token.position + CONFIG::mask_offset + 1;  // positions below it are seen
  const int slot_end = token.start + (last - first) + 1;
  end = end < 0 ? 0 : end > slot_end ? slot_end : end;
  end = end < CONFIG::max_pages * contract::kPageTokens ? end : CONFIG::max_pages * contract::kPageTokens;
  visible_rows rows;
  rows.end = token.position + CONFIG::mask_offset + 1;
  rows.stored = token.start < end ? token.start : end;
  rows.first = first;
  rows.fresh = end - rows.stored;
  return rows;
}

// Where a slot's logical page lies, for one layer and head.
template <class CONFIG>
inline const word512* chunk_of(const word512* pool, const int32_t (&pages)[CONFIG::max_pages], int logical,
                               int layer, int head) {
#pragma HLS INLINE
  return pool +
         pool_offset<CONFIG>(pages[CONFIG::page_column(logical)], layer, head) / contract::kFloat16Lanes;
}

template <class CONFIG>
inline void attend_head(const visible_rows& seen, const int32_t (&pages)[CONFIG::max_pages], int t, int head,
                        int layer, attention_rows<CONFIG>& rows, const word512* key_pages,
                        const word512* value_pages) {
  constexpr int D = CONFIG::head_dim;
  constexpr int GROUP = heads_in_group<CONFIG>();
  constexpr int STRIDE = CONFIG::kv_heads * D;
  constexpr int CONTEXT = CONFIG::max_pages * contract::kPageTokens;
  alignas(contract::kWordBytes) float scores[GROUP][CONTEXT];
  alignas(contract::kWordBytes) float page[contract::kPageTokens * D];
  int query_head[GROUP];
  int group = 0;
  for (int q = 0; q < CONFIG::query_heads; ++q) {
    if (CONFIG::kv_head(q) == head) query_head[group++] = q;
  }

  const int stored = within(seen.stored, CONTEXT);
  const int fresh = within(seen.fresh, CONFIG::step_tokens);
  const int count = stored + fresh;
  // Positions below `begin` are outside of the window: `hidden` of them are the step's own.
  const int window = window_of<CONFIG>(layer, 0);
  const int begin = window > 0 ? within(seen.end - window, count) : 0;
  const int hidden = begin > stored ? begin - stored : 0;
  const int stored_pages = contract::PagesOf(stored);
  const int first_page = begin < stored ? begin / contract::kPageTokens : stored_pages;
  const int pages_seen = within(stored_pages - first_page, CONFIG::max_pages);
  const int fresh_seen = within(fresh - hidden, CONFIG::step_tokens);
  for (int n = 0; n < pages_seen; ++n) {
#pragma HLS LOOP_FLATTEN off
    const int i = first_page + n;
    const int j = contract::kPageTokens * i;
    const int part = within(stored - j, contract::kPageTokens);
    const int skip = begin > j ? begin - j : 0;
    const int rows_seen = within(part - skip, contract::kPageTokens);
    const page_hint next = i + 1 < stored_pages
                               ? page_hint(chunk_of<CONFIG>(key_pages, pages, i + 1, layer, head))
                               : page_hint(chunk_of<CONFIG>(value_pages, pages, first_page, layer, head));
    load_page<contract::kPageTokens, D>(chunk_of<CONFIG>(key_pages, pages, i, layer, head), next, part, page);
    for (int g = 0; g < group; ++g) {
      score_rows<D>(&rows.q[t][query_head[g] * D], page + skip * D, D, rows_seen, CONFIG::scale,
                    scores[g] + j + skip);
    }
  }
  for (int g = 0; g < group; ++g) {
    score_rows<D>(&rows.q[t][query_head[g] * D], &rows.k[seen.first + hidden][head * D], STRIDE, fresh_seen,
                  CONFIG::scale, scores[g] + stored + hidden);
  }

  // Partials of the sum go by position: those before the window add +0.
  const int before = begin % contract::kSumPartials;
  const int attended = within(count - begin, CONTEXT + CONFIG::step_tokens);
  const int summed = within(count - begin + before, CONTEXT + CONFIG::step_tokens);
  float sums[GROUP];
  alignas(contract::kWordBytes) float out[GROUP][D];
  for (int g = 0; g < group; ++g) {
    if (attended > 0) exp_scores(scores[g] + begin, attended);
    for (int i = 0; i < contract::kSumPartials; ++i) {
#pragma HLS PIPELINE II = 1
      if (i < before) scores[g][begin - before + i] = 0.0f;
    }
    sums[g] = sum_floats(scores[g] + begin - before, summed);
    for (int d = 0; d < D; ++d) out[g][d] = 0.0f;
  }
  for (int n = 0; n < pages_seen; ++n) {
#pragma HLS LOOP_FLATTEN off
    const int i = first_page + n;
    const int j = contract::kPageTokens * i;
    const int part = within(stored - j, contract::kPageTokens);
    const int skip = begin > j ? begin - j : 0;
    const int rows_seen = within(part - skip, contract::kPageTokens);
    const page_hint next(chunk_of<CONFIG>(value_pages, pages, i + 1 < stored_pages ? i + 1 : i, layer, head));
    load_page<contract::kPageTokens, D>(chunk_of<CONFIG>(value_pages, pages, i, layer, head), next, part,
                                        page);
    for (int g = 0; g < group; ++g) {
      weigh_rows<D>(scores[g] + j + skip, page + skip * D, D, rows_seen, out[g]);
    }
  }
  for (int g = 0; g < group; ++g) {
    weigh_rows<D>(scores[g] + stored + hidden, &rows.v[seen.first + hidden][head * D], STRIDE, fresh_seen,
                  out[g]);
    for (int d = 0; d < D; ++d) {
#pragma HLS PIPELINE II = 1
      // A mask that hides every row leaves nothing to divide.
      rows.q[t][query_head[g] * D + d] = attended > 0 ? out[g][d] / sums[g] : 0.0f;
    }
  }
}

// Reads rows and rounds them to float16; they are held as the float32 of that.
template <int N, int MAX_ROWS>
inline void read_f16_rows(hls::stream<word512>& in, int count, float (&rows)[MAX_ROWS][N]) {
  for (int t = 0; t < count; ++t) {
#pragma HLS LOOP_FLATTEN off
    read_row(in, rows[t]);
    for (int i = 0; i < N; ++i) {
#pragma HLS PIPELINE II = 1
      rows[t][i] = f32_of_f16(f16_of_f32(rows[t][i]));
    }
  }
}

// Process. Reads the header, then WordsOf(S*M) words of page table. For each layer: reads T rows of q
// (WordsOf(query_heads*head_dim) each), then T rows of k_new, then T rows of v_new
// (WordsOf(kv_heads*head_dim) each), then writes T rows as wide as q's.
template <class CONFIG>
void attention(hls::stream<header_word>& headers, hls::stream<word512>& page_table, hls::stream<word512>& q,
               hls::stream<word512>& k_new, hls::stream<word512>& v_new, const word512* key_pages,
               const word512* value_pages, hls::stream<word512>& out) {
  constexpr int ENTRIES = CONFIG::step_tokens * CONFIG::max_pages;
  step_header header;
  read_header<CONFIG::step_tokens>(headers, header);
  const int tokens = header.tokens;
  int32_t pages[CONFIG::step_tokens][CONFIG::max_pages];
  for (int beat = 0; beat < contract::WordsOf(ENTRIES); ++beat) {
#pragma HLS PIPELINE II = 1
    const word512 word = page_table.read();
    for (int i = 0; i < contract::kLanes; ++i) {
#pragma HLS UNROLL
      const int at = contract::kLanes * beat + i;
      if (at < ENTRIES) pages[at / CONFIG::max_pages][at % CONFIG::max_pages] = lane_i32(word, i);
    }
  }
  visible_rows seen[MAX_STEP_TOKENS];
  for (int t = 0; t < tokens; ++t) seen[t] = find_visible<CONFIG>(header, t);

  attention_rows<CONFIG> rows;
  for (int layer = 0; layer < CONFIG::layers; ++layer) {
#pragma HLS LOOP_FLATTEN off
    for (int t = 0; t < tokens; ++t) {
#pragma HLS LOOP_FLATTEN off
      read_row(q, rows.q[t]);
    }
    read_f16_rows(k_new, tokens, rows.k);
    read_f16_rows(v_new, tokens, rows.v);
    // Heads outside: tokens of one slot share the pages of a head, which then stay in the cache.
#ifdef ST_FAST
    // No part writes what another reads.
    host::share(static_cast<uint32_t>(CONFIG::kv_heads * tokens), [&](uint32_t part) {
      const int head = static_cast<int>(part) / tokens;
      const int t = static_cast<int>(part) % tokens;
      attend_head<CONFIG>(seen[t], pages[header.token[t].slot % CONFIG::step_tokens], t, head, layer, rows,
                          key_pages, value_pages);
    });
#else
    for (int head = 0; head < CONFIG::kv_heads; ++head) {
#pragma HLS LOOP_FLATTEN off
      for (int t = 0; t < tokens; ++t) {
#pragma HLS LOOP_FLATTEN off
        attend_head<CONFIG>(seen[t], pages[header.token[t].slot % CONFIG::step_tokens], t, head, layer, rows,
                            key_pages, value_pages);
      }
    }
#endif
    for (int t = 0; t < tokens; ++t) {
#pragma HLS LOOP_FLATTEN off
      write_row(rows.q[t], out);
    }
  }
}

}  // namespace st

#endif
