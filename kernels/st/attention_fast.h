// SPDX-License-Identifier: Apache-2.0
// Attention on the host: the bits of attention_plain.h, a KV head and some tokens of a sequence at a time.
// Included by attention.h.
#ifndef ST_ATTENTION_FAST_H
#define ST_ATTENTION_FAST_H

#include "dot.h"

namespace st {
namespace avx2 {

// Lanes 8*i..8*i+7 of a page: all ones where a row is seen.
inline __m256 seen_rows(const page_rows& seen, int i) {
  const __m256i row = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(8 * i));
  return _mm256_castsi256_ps(_mm256_and_si256(_mm256_cmpgt_epi32(row, _mm256_set1_epi32(seen.low - 1)),
                                              _mm256_cmpgt_epi32(_mm256_set1_epi32(seen.high), row)));
}

}  // namespace avx2

// What one query head of one token has seen so far.
template <int D>
struct alignas(contract::kWordBytes) head_state {
  float sums[contract::kRowPartials];
  float out[contract::kRowPartials][D];
  float most;
};

// Replaces the scores of a page's rows by their weights, 0 where a row is not seen, and adds them to the
// sums. Returns what the sums before were multiplied by.
inline float weigh_scores(const page_rows& seen, float (&scores)[contract::kPageTokens], float& most,
                          float (&sums)[contract::kRowPartials]) {
  constexpr int VECTORS = contract::kPageTokens / 8;
  __m256 mask[VECTORS];
  __m256 largest = _mm256_set1_ps(most);
  for (int i = 0; i < VECTORS; ++i) {
    mask[i] = avx2::seen_rows(seen, i);
    // The order of the operands leaves a NaN out, and what is not seen.
    const __m256 score = _mm256_blendv_ps(largest, _mm256_load_ps(scores + 8 * i), mask[i]);
    largest = _mm256_max_ps(score, largest);
  }
  const float before = most;
  most = avx2::largest_of(largest);
  const float factor = before == most ? 1.0f : exp_approx(before - most);
  __m256 sum = _mm256_mul_ps(_mm256_load_ps(sums), _mm256_set1_ps(factor));
  for (int i = 0; i < VECTORS; ++i) {
    const __m256 score = _mm256_sub_ps(_mm256_load_ps(scores + 8 * i), _mm256_set1_ps(most));
    const __m256 weight = _mm256_and_ps(avx2::exp_approx(_mm256_and_ps(score, mask[i])), mask[i]);
    _mm256_store_ps(scores + 8 * i, weight);
    sum = _mm256_add_ps(sum, weight);
  }
  _mm256_store_ps(sums, sum);
  return factor;
}

// 8 * VECTORS columns of `out`, multiplied by `factor`, and the weighed rows of a page added.
template <int D, int VECTORS, bool WHOLE_PAGE>
inline void add_columns(const page_rows& seen, const float* weights, const float* values, float factor,
                        float* out) {
#pragma GCC unroll 8
  for (int i = 0; i < contract::kRowPartials; ++i) {
    __m256 sums[VECTORS];
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS; ++v) {
      sums[v] = _mm256_mul_ps(_mm256_loadu_ps(out + i * D + 8 * v), _mm256_set1_ps(factor));
    }
#pragma GCC unroll 4
    for (int row = i; row < contract::kPageTokens; row += contract::kRowPartials) {
      if (!WHOLE_PAGE && (row < seen.low || row >= seen.high)) continue;
      const __m256 weight = _mm256_broadcast_ss(weights + row);
#pragma GCC unroll 2
      for (int v = 0; v < VECTORS; ++v) {
        sums[v] = _mm256_add_ps(sums[v], _mm256_mul_ps(weight, _mm256_loadu_ps(values + row * D + 8 * v)));
      }
    }
#pragma GCC unroll 2
    for (int v = 0; v < VECTORS; ++v) _mm256_storeu_ps(out + i * D + 8 * v, sums[v]);
  }
}

template <int D, bool WHOLE_PAGE>
inline void add_vectors(const page_rows& seen, const float* weights, const float* values, float factor,
                        float* out) {
  for (int d = 0; d + 16 <= D; d += 16) {
    add_columns<D, 2, WHOLE_PAGE>(seen, weights, values + d, factor, out + d);
  }
  if (D % 16 >= 8) {
    constexpr int LAST = D / 16 * 16;
    add_columns<D, 1, WHOLE_PAGE>(seen, weights, values + LAST, factor, out + LAST);
  }
}

template <int D>
inline void add_values(const page_rows& seen, const float* weights, const float* values, float factor,
                       float (&out)[contract::kRowPartials][D]) {
  if (seen.low == 0 && seen.high == contract::kPageTokens) {
    add_vectors<D, true>(seen, weights, values, factor, out[0]);
  } else {
    add_vectors<D, false>(seen, weights, values, factor, out[0]);
  }
  for (int d = D / 8 * 8; d < D; ++d) {
    for (int i = 0; i < contract::kRowPartials; ++i) out[i][d] = out[i][d] * factor;
    for (int row = seen.low; row < seen.high; ++row) {
      float& sum = out[row % contract::kRowPartials][d];
      sum = sum + weights[row] * values[row * D + d];
    }
  }
}

// A step's own rows of one layer. q holds the output once a head is done with it.
template <class CONFIG>
struct attention_rows {
  float q[CONFIG::step_tokens][CONFIG::query_heads * CONFIG::head_dim];
  float k[CONFIG::step_tokens][CONFIG::kv_heads * CONFIG::head_dim];
  float v[CONFIG::step_tokens][CONFIG::kv_heads * CONFIG::head_dim];
};

// Where a page of one layer and head lies in a pool.
template <class CONFIG>
inline const word512* chunk_of(const word512* pool, const word512* pages, int slot, int logical, int layer,
                               int head) {
  const int entry = slot * CONFIG::max_pages + logical;
  const int32_t page = lane_i32(pages[entry / contract::kLanes], entry % contract::kLanes);
  return pool + pool_offset<CONFIG>(page, layer, head) / contract::kFloat16Lanes;
}

// The first `stored` rows of a page from memory, its rows from `first` on from the step. Pages lie scattered:
// asks for the chunk at `next` too.
template <class CONFIG>
inline void load_rows_of_page(const word512* chunk, const word512* next, int stored, int first, int fresh,
                              const float* own, float* page) {
  constexpr int D = CONFIG::head_dim;
  const int words = contract::CeilDiv<int>(stored * D, contract::kFloat16Lanes);
  for (int w = 0; w < words; ++w) {
    _mm_prefetch(reinterpret_cast<const char*>(next + w), _MM_HINT_T0);
    unpack_f16(chunk[w],
               *reinterpret_cast<float(*)[contract::kFloat16Lanes]>(page + contract::kFloat16Lanes * w));
  }
  for (int row = 0; row < fresh; ++row) {
    memcpy(page + (first + row) * D, own + row * CONFIG::kv_heads * D, D * sizeof(float));
  }
}

// Tokens that share what is read of a page.
constexpr int kTokensAtOnce = 8;

// One KV head of `count` tokens of one sequence, from token `t` of the step on.
template <class CONFIG>
inline void attend_tokens(const visible_rows* seen, const word512* pages, int slot, int t, int count,
                          int head, int layer, attention_rows<CONFIG>& rows, const word512* key_pages,
                          const word512* value_pages) {
  constexpr int D = CONFIG::head_dim;
  constexpr int GROUP = heads_in_group<CONFIG>();
  constexpr int PAGE = contract::kPageTokens;
  alignas(contract::kWordBytes) float keys[PAGE * D];
  alignas(contract::kWordBytes) float values[PAGE * D];
  alignas(contract::kWordBytes) float scores[PAGE];
  head_state<D> states[kTokensAtOnce][GROUP];
  int query_head[GROUP];
  int group = 0;
  for (int q = 0; q < CONFIG::query_heads; ++q) {
    if (CONFIG::kv_head(q) == head) query_head[group++] = q;
  }
  for (int i = 0; i < count; ++i) {
    for (int g = 0; g < group; ++g) {
      memset(static_cast<void*>(&states[i][g]), 0, sizeof(states[i][g]));
      states[i][g].most = -__builtin_inff();
    }
  }
  const int window = window_of<CONFIG>(layer, 0);
  const page_range range = pages_of_tokens<CONFIG>(seen[t], seen[t + count - 1], window);
  const int start = seen[t].start;
  const int end = seen[t + count - 1].end;
  const auto chunk = [&](const word512* pool, int page) {
    return chunk_of<CONFIG>(pool, pages, slot, page, layer, head);
  };
  for (int page = range.first; page < range.end; ++page) {
    const int position = page * PAGE;
    const int stored = within((start < end ? start : end) - position, PAGE);
    // The step's own rows of this page.
    const int first = within(start - position, PAGE);
    const int fresh = within(end - position, PAGE) - first;
    const int own = seen[t].first + position + first - start;
    const int after = page + 1 < range.end ? page + 1 : page;
    const float* own_keys = fresh > 0 ? &rows.k[own][head * D] : nullptr;
    const float* own_values = fresh > 0 ? &rows.v[own][head * D] : nullptr;
    load_rows_of_page<CONFIG>(chunk(key_pages, page), chunk(value_pages, page), stored, first, fresh,
                              own_keys, keys);
    load_rows_of_page<CONFIG>(chunk(value_pages, page), chunk(key_pages, after), stored, first, fresh,
                              own_values, values);
    for (int i = 0; i < count; ++i) {
      const page_rows visible = rows_of_page(seen[t + i], window, page);
      if (visible.low >= visible.high) continue;
      for (int g = 0; g < group; ++g) {
        head_state<D>& state = states[i][g];
        score_rows<D>(&rows.q[t + i][query_head[g] * D], keys + visible.low * D, D,
                      visible.high - visible.low, CONFIG::scale, scores + visible.low);
        const float factor = weigh_scores(visible, scores, state.most, state.sums);
        add_values<D>(visible, scores, values, factor, state.out);
      }
    }
  }
  for (int i = 0; i < count; ++i) {
    const bool sees = first_visible(seen[t + i], window) < seen[t + i].end;
    for (int g = 0; g < group; ++g) {
      const float reciprocal = 1.0f / row_tree(states[i][g].sums);
      float* out = &rows.q[t + i][query_head[g] * D];
      const float(&sums)[contract::kRowPartials][D] = states[i][g].out;
      for (int d = 0; d < D; ++d) {
        const float p[contract::kRowPartials] = {sums[0][d], sums[1][d], sums[2][d], sums[3][d],
                                                 sums[4][d], sums[5][d], sums[6][d], sums[7][d]};
        // A mask that hides every row leaves nothing to divide.
        out[d] = sees ? row_tree(p) * reciprocal : 0.0f;
      }
    }
  }
}

// Reads rows and rounds them to float16; they are held as the float32 of that.
template <int N, int MAX_ROWS>
inline void read_f16_rows(hls::stream<word512>& in, int count, float (&rows)[MAX_ROWS][N]) {
  for (int t = 0; t < count; ++t) {
    read_row(in, rows[t]);
    for (int i = 0; i < N; ++i) rows[t][i] = f32_of_f16(f16_of_f32(rows[t][i]));
  }
}

// What load_pages() hands on: the page table, in the order of logical pages where the step has tokens, then a
// word that says where the pools are.
template <class CONFIG, int N>
inline void hand_on_pages(const step_header& header, const word512 (&table)[N], const word512* key_pages,
                          const word512* value_pages, hls::stream<word512>& out) {
  word512 logical[N];
  for (int n = 0; n < N; ++n) logical[n] = table[n];
  for (int t = 0; t < header.tokens; ++t) {
    const int row = header.token[t].slot % CONFIG::step_tokens * CONFIG::max_pages;
    if (t > 0 && header.token[t].slot == header.token[t - 1].slot) continue;
    for (int i = 0; i < CONFIG::max_pages; ++i) {
      const int from = row + CONFIG::page_column(i);
      set_lane_i32(logical[(row + i) / contract::kLanes], (row + i) % contract::kLanes,
                   lane_i32(table[from / contract::kLanes], from % contract::kLanes));
    }
  }
  const word512* pools[2] = {key_pages, value_pages};
  word512 word(0);
  memcpy(static_cast<void*>(&word), pools, sizeof(pools));
  write_words(logical, out);
  out.write(word);
}
template <int N>
inline void take_pages(hls::stream<word512>& in, word512 (&table)[N], const word512* (&pools)[2]) {
  read_words(in, table);
  const word512 word = in.read();
  memcpy(pools, &word, sizeof(pools));
}

template <class CONFIG>
inline void attend_layers(const step_header& header, const visible_rows (&seen)[MAX_STEP_TOKENS],
                          hls::stream<word512>& key_words, hls::stream<word512>&, hls::stream<word512>& q,
                          hls::stream<word512>& k_new, hls::stream<word512>& v_new,
                          hls::stream<word512>& out) {
  word512 pages[contract::WordsOf(CONFIG::step_tokens * CONFIG::max_pages)];
  const word512* pools[2];
  take_pages(key_words, pages, pools);
  const int tokens = header.tokens;
  // The parts of a layer: a few tokens of one sequence, for each KV head.
  int first[MAX_STEP_TOKENS];
  int count[MAX_STEP_TOKENS];
  int blocks = 0;
  for (int t = 0; t < tokens; t += count[blocks - 1]) {
    const int left = seen[t].first + seen[t].count - t;
    first[blocks] = t;
    count[blocks++] = left < kTokensAtOnce ? left : kTokensAtOnce;
  }
  attention_rows<CONFIG> rows;
  for (int layer = 0; layer < CONFIG::layers; ++layer) {
    for (int t = 0; t < tokens; ++t) read_row(q, rows.q[t]);
    read_f16_rows(k_new, tokens, rows.k);
    read_f16_rows(v_new, tokens, rows.v);
    // No part writes what another reads.
    host::share(static_cast<uint32_t>(CONFIG::kv_heads * blocks), [&](uint32_t part) {
      const int head = static_cast<int>(part) / blocks;
      const int block = static_cast<int>(part) % blocks;
      const int slot = header.token[first[block]].slot % CONFIG::step_tokens;
      attend_tokens<CONFIG>(seen, pages, slot, first[block], count[block], head, layer, rows, pools[0],
                            pools[1]);
    });
    for (int t = 0; t < tokens; ++t) write_row(rows.q[t], out);
  }
}

}  // namespace st

#endif
