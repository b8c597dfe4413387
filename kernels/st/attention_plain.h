// SPDX-License-Identifier: Apache-2.0
// Attention as the card is built from it. Included by attention.h.
//
// A page is loaded for all KV heads at once. Three loops follow, over the sequence's tokens, sets of heads
// and the page's rows: scores, weights, weighed values. Each takes a unit of a row a cycle, for all heads of
// a set. A sum that a loop carries meets its next term a whole page of rows later (scores) or 8 or 16 rows
// later (the rest).
#ifndef ST_ATTENTION_PLAIN_H
#define ST_ATTENTION_PLAIN_H

namespace st {

// How many query heads of a KV head are computed side by side.
constexpr int kMostHeadsAtOnce = 4;

// Rows of a head are cut into units of `lanes` elements; the query heads of a KV head into sets of `heads`.
template <class CONFIG>
struct attention_shape {
  static constexpr int lanes = common_divisor(contract::kFloat16Lanes, CONFIG::head_dim);
  static constexpr int units = CONFIG::head_dim / lanes;
  static constexpr int sets_a_group = contract::CeilDiv<int>(heads_in_group<CONFIG>(), kMostHeadsAtOnce);
  static constexpr int heads = contract::CeilDiv<int>(heads_in_group<CONFIG>(), sets_a_group);
  static constexpr int sets = CONFIG::kv_heads * sets_a_group;
  static constexpr int query_width = CONFIG::query_heads * CONFIG::head_dim;
  static constexpr int key_width = CONFIG::kv_heads * CONFIG::head_dim;
  // Elements of a stream's word that are taken at a time: all, where they are of one unit.
  static constexpr int step = lanes % contract::kLanes == 0 ? contract::kLanes : 1;
  static constexpr int steps = contract::kLanes / step;

  typedef float head_units[CONFIG::step_tokens * sets * units][heads][lanes];
  typedef float head_partials[CONFIG::step_tokens * sets][contract::kRowPartials * units][heads][lanes];
  typedef float head_sums[CONFIG::step_tokens * sets][contract::kRowPartials * units][heads];
  typedef float head_values[CONFIG::step_tokens * sets][heads];
  // One more than a page's rows: what earlier sums are multiplied by.
  static constexpr int weights = contract::kPageTokens + 1;
  typedef float row_values[CONFIG::step_tokens * sets * weights][heads];
  typedef uint16_t own_rows[CONFIG::step_tokens * CONFIG::kv_heads * units][lanes];
  typedef uint16_t page_units[CONFIG::kv_heads * contract::kPageTokens * units][lanes];
};

// The set of each query head, and its place there.
template <class CONFIG>
struct head_places {
  int set[CONFIG::query_heads];
  int place[CONFIG::query_heads];
};
template <class CONFIG>
constexpr head_places<CONFIG> find_head_places() {
  typedef attention_shape<CONFIG> shape;
  head_places<CONFIG> places{};
  for (int q = 0; q < CONFIG::query_heads; ++q) {
    int before = 0;
    for (int other = 0; other < q; ++other) {
      if (CONFIG::kv_head(other) == CONFIG::kv_head(q)) ++before;
    }
    places.set[q] = CONFIG::kv_head(q) * shape::sets_a_group + before / shape::heads;
    places.place[q] = before % shape::heads;
  }
  return places;
}

// An integer in the order of the floats; the least one for a NaN.
inline int32_t order_of(float x) {
#pragma HLS INLINE
  const int32_t bits = static_cast<int32_t>(bits_of_float(x));
  const int32_t order = bits < 0 ? bits ^ 0x7fffffff : bits;
  return (bits & 0x7fffffff) > 0x7f800000 ? INT32_MIN : order;
}
inline float float_of_order(int32_t order) {
#pragma HLS INLINE
  return float_of_bits(static_cast<uint32_t>(order < 0 ? order ^ 0x7fffffff : order));
}

// Rows of q to the units of their heads.
template <class CONFIG>
inline void read_queries(hls::stream<word512>& in, int tokens,
                         typename attention_shape<CONFIG>::head_units& query) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr head_places<CONFIG> places = find_head_places<CONFIG>();
  constexpr int STEPS = contract::WordsOf(shape::query_width) * shape::steps;
  word512 word;
  // One loop: those around a loop on a cycle don't flatten into it.
  int t = 0;
  int i = 0;
  for (int n = 0; n < tokens * STEPS; ++n) {
#pragma HLS PIPELINE II = 1
    if (i % shape::steps == 0) word = in.read();
    const int element = shape::step * i;
    const int in_word = shape::step * (i % shape::steps);
    const int head = element / CONFIG::head_dim % CONFIG::query_heads;
    const int d = element % CONFIG::head_dim;
    const int at = (t * shape::sets + places.set[head]) * shape::units + d / shape::lanes;
    for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
      for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
        const bool here = element < shape::query_width && g == places.place[head] &&
                          l / shape::step == d % shape::lanes / shape::step;
        if (here) query[at][g][l] = lane_f32(word, in_word + l % shape::step);
      }
    }
    const bool last = i == STEPS - 1;
    i = last ? 0 : i + 1;
    t = last ? t + 1 : t;
  }
}

// The same way back.
template <class CONFIG>
inline void write_outputs(const typename attention_shape<CONFIG>::head_units& query, int tokens,
                          hls::stream<word512>& out) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr head_places<CONFIG> places = find_head_places<CONFIG>();
  constexpr int STEPS = contract::WordsOf(shape::query_width) * shape::steps;
  word512 word;
  // One loop: those around a loop on a cycle don't flatten into it.
  int t = 0;
  int i = 0;
  for (int n = 0; n < tokens * STEPS; ++n) {
#pragma HLS PIPELINE II = 1
    const int element = shape::step * i;
    const int in_word = shape::step * (i % shape::steps);
    const int head = element / CONFIG::head_dim % CONFIG::query_heads;
    const int d = element % CONFIG::head_dim;
    const int at = (t * shape::sets + places.set[head]) * shape::units + d / shape::lanes;
    float values[shape::step];
    for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
      for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
        const bool here = g == places.place[head] && l / shape::step == d % shape::lanes / shape::step;
        const float before = g == 0 && l < shape::step ? 0.0f : values[l % shape::step];
        values[l % shape::step] = here ? query[at][g][l] : before;
      }
    }
    if (i % shape::steps == 0) word = word512(0);
    for (int l = 0; l < shape::step; ++l) {
#pragma HLS UNROLL
      if (element < shape::query_width) set_lane_f32(word, in_word + l, values[l]);
    }
    if (i % shape::steps == shape::steps - 1) out.write(word);
    const bool last = i == STEPS - 1;
    i = last ? 0 : i + 1;
    t = last ? t + 1 : t;
  }
}

// The step's own rows of keys or values, rounded to float16.
template <class CONFIG>
inline void read_own_rows(hls::stream<word512>& in, int tokens,
                          typename attention_shape<CONFIG>::own_rows& own) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr int STEPS = contract::WordsOf(shape::key_width) * shape::steps;
  word512 word;
  // One loop: those around a loop on a cycle don't flatten into it.
  int t = 0;
  int i = 0;
  for (int n = 0; n < tokens * STEPS; ++n) {
#pragma HLS PIPELINE II = 1
    if (i % shape::steps == 0) word = in.read();
    const int element = shape::step * i;
    const int in_word = shape::step * (i % shape::steps);
    const int at = t * CONFIG::kv_heads * shape::units + element / shape::lanes;
    for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
      const bool here = element < shape::key_width && l / shape::step == element % shape::lanes / shape::step;
      if (here) own[at][l] = f16_of_f32(lane_f32(word, in_word + l % shape::step));
    }
    const bool last = i == STEPS - 1;
    i = last ? 0 : i + 1;
    t = last ? t + 1 : t;
  }
}

// A page of keys and one of values, all heads of a layer.
template <class CONFIG>
inline void load_pages(const word512* key_chunk, const word512* value_chunk,
                       typename attention_shape<CONFIG>::page_units& keys,
                       typename attention_shape<CONFIG>::page_units& values) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr int UNITS = contract::kFloat16Lanes / shape::lanes;  // of a word
  for (int w = 0; w < shape::key_width * contract::kPageTokens / contract::kFloat16Lanes; ++w) {
#pragma HLS PIPELINE II = 1
    const word512 key = key_chunk[w];
    const word512 value = value_chunk[w];
    for (int u = 0; u < UNITS; ++u) {
#pragma HLS UNROLL
      for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
        keys[UNITS * w + u][l] = lane_u16(key, shape::lanes * u + l);
        values[UNITS * w + u][l] = lane_u16(value, shape::lanes * u + l);
      }
    }
  }
}

// The step's own rows of a page: from token `from` of the step to row `row` on.
template <class CONFIG>
inline void place_own_rows(int from, int row, int count,
                           const typename attention_shape<CONFIG>::own_rows& own_keys,
                           const typename attention_shape<CONFIG>::own_rows& own_values,
                           typename attention_shape<CONFIG>::page_units& keys,
                           typename attention_shape<CONFIG>::page_units& values) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  for (int i = 0; i < count; ++i) {
    for (int head = 0; head < CONFIG::kv_heads; ++head) {
      for (int u = 0; u < shape::units; ++u) {
#pragma HLS PIPELINE II = 1
        const int source = ((from + i) * CONFIG::kv_heads + head) * shape::units + u;
        const int target = (head * contract::kPageTokens + row + i) * shape::units + u;
        for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
          keys[target][l] = own_keys[source][l];
          values[target][l] = own_values[source][l];
        }
      }
    }
  }
}

// Scores of a page's rows for `count` tokens of a sequence, from token `first` of the step on, and the
// largest of them and of `most`. `fresh`: it is the first page of theirs.
template <class CONFIG>
inline void score_page(const page_rows (&visible)[CONFIG::step_tokens], int first, int count, bool fresh,
                       const typename attention_shape<CONFIG>::page_units& keys,
                       const typename attention_shape<CONFIG>::head_units& query,
                       const typename attention_shape<CONFIG>::head_values& most,
                       typename attention_shape<CONFIG>::row_values& scores,
                       typename attention_shape<CONFIG>::head_values& page_most) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr int ROWS = contract::kPageTokens;
  constexpr int SUMS = contract::kSumPartials;
  float partials[ROWS][shape::heads][SUMS];
#pragma HLS ARRAY_PARTITION variable = partials type = complete dim = 2
#pragma HLS ARRAY_PARTITION variable = partials type = complete dim = 3
  // The largest so far, of every other row: a comparison may take two cycles.
  int32_t newer[shape::heads];
#pragma HLS ARRAY_PARTITION variable = newer type = complete
  int32_t older[shape::heads];
#pragma HLS ARRAY_PARTITION variable = older type = complete
  for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
    newer[g] = INT32_MIN;
    older[g] = INT32_MIN;
  }
  for (int t = 0; t < count; ++t) {
    for (int s = 0; s < shape::sets; ++s) {
      for (int u = 0; u < shape::units; ++u) {
        for (int r = 0; r < ROWS; ++r) {
#pragma HLS PIPELINE II = 1
          const int item = (first + t) * shape::sets + s;
          const int row = (s / shape::sets_a_group * ROWS + r) * shape::units + u;
          const bool counts = u == shape::units - 1 && r >= visible[t].low && r < visible[t].high;
          float key[shape::lanes];
          for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
            key[l] = f32_of_f16(keys[row][l]);
          }
          for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
            float p[SUMS];
#pragma HLS ARRAY_PARTITION variable = p type = complete
            for (int i = 0; i < SUMS; ++i) {
#pragma HLS UNROLL
              const float sum = partials[r][g][i];
              p[i] = u == 0 ? 0.0f : sum;
            }
            for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
              const int i = shape::lanes % SUMS == 0 ? l % SUMS : (shape::lanes * u + l) % SUMS;
              p[i] = p[i] + query[item * shape::units + u][g][l] * key[l];
            }
            for (int i = 0; i < SUMS; ++i) {
#pragma HLS UNROLL
              partials[r][g][i] = p[i];
            }
            // What units before the last leave here is overwritten.
            const float score = CONFIG::scale * sum_tree(p);
            scores[(t * shape::sets + s) * shape::weights + r][g] = score;
            const float before = fresh ? -__builtin_inff() : most[item][g];
            const int32_t order = counts ? order_of(score) : INT32_MIN;
            const int32_t opening = order > order_of(before) ? order : order_of(before);
            const int32_t next = order > older[g] ? order : older[g];
            const int32_t largest = u == 0 && r < 2 ? opening : next;
            older[g] = newer[g];
            newer[g] = largest;
            page_most[t * shape::sets + s][g] = float_of_order(largest > older[g] ? largest : older[g]);
          }
        }
      }
    }
  }
}

// The weights of those rows, 0 where a row is not seen, and last what earlier sums are multiplied by.
template <class CONFIG>
inline void weigh_scores(const page_rows (&visible)[CONFIG::step_tokens], int first, int count, bool fresh,
                         const typename attention_shape<CONFIG>::row_values& scores,
                         const typename attention_shape<CONFIG>::head_values& most,
                         const typename attention_shape<CONFIG>::head_values& page_most,
                         typename attention_shape<CONFIG>::row_values& weights) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr int ROWS = contract::kPageTokens;
  for (int t = 0; t < count; ++t) {
    for (int s = 0; s < shape::sets; ++s) {
      for (int r = 0; r < shape::weights; ++r) {
#pragma HLS PIPELINE II = 1
        const int at = (t * shape::sets + s) * shape::weights + r;
        const bool row = r < ROWS;
        const bool counts =
            row ? r >= visible[t].low && r < visible[t].high : visible[t].low < visible[t].high;
        for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
          const float before = fresh ? -__builtin_inff() : most[(first + t) * shape::sets + s][g];
          const float score = scores[at][g];
          const float least = (row ? score : before) - page_most[t * shape::sets + s][g];
          const float weight = exp_approx(counts ? least : 0.0f);
          weights[at][g] = row && !counts ? 0.0f : weight;
        }
      }
    }
  }
}

// Adds weights and weighed values to the sums.
template <class CONFIG>
inline void add_values(const page_rows (&visible)[CONFIG::step_tokens], int first, int count, bool fresh,
                       const typename attention_shape<CONFIG>::page_units& values,
                       const typename attention_shape<CONFIG>::row_values& weights,
                       const typename attention_shape<CONFIG>::head_values& page_most,
                       typename attention_shape<CONFIG>::head_values& most,
                       typename attention_shape<CONFIG>::head_sums& sums,
                       typename attention_shape<CONFIG>::head_partials& out) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr int ROWS = contract::kPageTokens;
  constexpr int PARTIALS = contract::kRowPartials;
  for (int t = 0; t < count; ++t) {
    for (int s = 0; s < shape::sets; ++s) {
      // Unit x of eight rows, in a loop of its own: so it is plain when a sum meets its next term.
      for (int i = 0; i < ROWS / PARTIALS; ++i) {
        for (int x = 0; x < PARTIALS * shape::units; ++x) {
#pragma HLS PIPELINE II = 1
          const int r = PARTIALS * i + x / shape::units;
          const int item = (first + t) * shape::sets + s;
          const int row = (s / shape::sets_a_group * ROWS + PARTIALS * i) * shape::units + x;
          const bool counts = r >= visible[t].low && r < visible[t].high;
          float value[shape::lanes];
          for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
            value[l] = f32_of_f16(values[row][l]);
          }
          for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
            const float weight = weights[(t * shape::sets + s) * shape::weights + r][g];
            const float factor = weights[(t * shape::sets + s) * shape::weights + ROWS][g];
            // Each unit has its own copy of the weights' sums.
            float& sum = sums[item][x][g];
            const float old = sum;
            const float scaled = fresh ? 0.0f : old * factor;
            sum = (i == 0 ? scaled : old) + weight;
            for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
              float& partial = out[item][x][g][l];
              const float before = partial;
              const float kept = fresh ? 0.0f : before * factor;
              const float base = i == 0 ? kept : before;
              const float added = base + weight * value[l];
              partial = counts ? added : base;
            }
            most[item][g] = page_most[t * shape::sets + s][g];
          }
        }
      }
    }
  }
}

// The outputs of all tokens, in place of their queries. They take 8 cycles a unit, once a layer: so few
// adders do.
template <class CONFIG>
inline void divide_by_sums(const visible_rows (&seen)[MAX_STEP_TOKENS], int tokens, int window,
                           const typename attention_shape<CONFIG>::head_sums& sums,
                           const typename attention_shape<CONFIG>::head_partials& out,
                           typename attention_shape<CONFIG>::head_units& query) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr int PARTIALS = contract::kRowPartials;
  float reciprocal[CONFIG::step_tokens * shape::sets][shape::heads];
#pragma HLS ARRAY_PARTITION variable = reciprocal type = complete dim = 2
  for (int t = 0; t < tokens; ++t) {
    for (int s = 0; s < shape::sets; ++s) {
#pragma HLS PIPELINE II = 8
      for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
        float p[PARTIALS];
        for (int i = 0; i < PARTIALS; ++i) {
#pragma HLS UNROLL
          p[i] = sums[t * shape::sets + s][i * shape::units][g];
        }
        // A mask that hides every row leaves nothing to divide.
        const bool sees = first_visible(seen[t], window) < seen[t].end;
        const float share = 1.0f / row_tree(p);
        reciprocal[t * shape::sets + s][g] = sees ? share : 0.0f;
      }
    }
  }
  for (int t = 0; t < tokens; ++t) {
    for (int s = 0; s < shape::sets; ++s) {
      for (int u = 0; u < shape::units; ++u) {
#pragma HLS PIPELINE II = 8
        for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
          for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
            float p[PARTIALS];
            for (int i = 0; i < PARTIALS; ++i) {
#pragma HLS UNROLL
              p[i] = out[t * shape::sets + s][i * shape::units + u][g][l];
            }
            const float share = reciprocal[t * shape::sets + s][g];
            const float sum = row_tree(p);
            query[(t * shape::sets + s) * shape::units + u][g][l] = share == 0.0f ? 0.0f : sum * share;
          }
        }
      }
    }
  }
}

template <class CONFIG>
inline void attend_layers(const step_header& header, const visible_rows (&seen)[MAX_STEP_TOKENS],
                          const word512 (&pages)[contract::WordsOf(CONFIG::step_tokens * CONFIG::max_pages)],
                          hls::stream<word512>& q, hls::stream<word512>& k_new, hls::stream<word512>& v_new,
                          const word512* key_pages, const word512* value_pages, hls::stream<word512>& out) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr int PAGE = contract::kPageTokens;
  typename shape::head_units query;
#pragma HLS ARRAY_PARTITION variable = query type = complete dim = 2
#pragma HLS ARRAY_PARTITION variable = query type = complete dim = 3
  typename shape::own_rows own_keys;
#pragma HLS ARRAY_PARTITION variable = own_keys type = complete dim = 2
  typename shape::own_rows own_values;
#pragma HLS ARRAY_PARTITION variable = own_values type = complete dim = 2
  typename shape::page_units keys;
#pragma HLS ARRAY_PARTITION variable = keys type = complete dim = 2
  typename shape::page_units values;
#pragma HLS ARRAY_PARTITION variable = values type = complete dim = 2
  typename shape::head_values most;
#pragma HLS ARRAY_PARTITION variable = most type = complete dim = 2
  typename shape::head_values page_most;
#pragma HLS ARRAY_PARTITION variable = page_most type = complete dim = 2
  typename shape::head_sums sums;
#pragma HLS ARRAY_PARTITION variable = sums type = complete dim = 3
  typename shape::head_partials partials;
#pragma HLS ARRAY_PARTITION variable = partials type = complete dim = 3
#pragma HLS ARRAY_PARTITION variable = partials type = complete dim = 4
  typename shape::row_values scores;
#pragma HLS ARRAY_PARTITION variable = scores type = complete dim = 2
  typename shape::row_values weights;
#pragma HLS ARRAY_PARTITION variable = weights type = complete dim = 2
  page_rows visible[CONFIG::step_tokens];
  const int tokens = within(header.tokens, CONFIG::step_tokens);

  for (int layer = 0; layer < CONFIG::layers; ++layer) {
#pragma HLS LOOP_FLATTEN off
    const int window = window_of<CONFIG>(layer, 0);
    read_queries<CONFIG>(q, tokens, query);
    // Pages that were whole before the step don't wait for its own rows.
    for (int pass = 0; pass < 2; ++pass) {
#pragma HLS LOOP_FLATTEN off
      if (pass == 1) {
        read_own_rows<CONFIG>(k_new, tokens, own_keys);
        read_own_rows<CONFIG>(v_new, tokens, own_values);
      }
      for (int first = 0; first < tokens; ++first) {
#pragma HLS LOOP_FLATTEN off
        if (seen[first].first != first) continue;  // not a sequence's first token
        const int count = within(seen[first].count, CONFIG::step_tokens);
        const int slot = header.token[first].slot % CONFIG::step_tokens;
        const int start = seen[first].start;
        const int end = seen[first + count - 1].end;
        const page_range range = pages_of_tokens<CONFIG>(seen[first], seen[first + count - 1], window);
        const int whole = start / PAGE < range.first ? range.first
                          : start / PAGE < range.end ? start / PAGE
                                                     : range.end;
        const int from = pass == 0 ? range.first : whole;
        const int to = pass == 0 ? whole : range.end;
        for (int n = 0; n < CONFIG::max_pages && from + n < to; ++n) {
#pragma HLS LOOP_FLATTEN off
          const int page = from + n;
          const int position = page * PAGE;
          const int own_row = within(start - position, PAGE);
          const int own_count = within(within(end - position, PAGE) - own_row, PAGE);
          if (own_row > 0) {
            const int entry = slot * CONFIG::max_pages + CONFIG::page_column(page);
            const int32_t chunk = lane_i32(pages[entry / contract::kLanes], entry % contract::kLanes);
            const int64_t base = pool_offset<CONFIG>(chunk, layer, 0) / contract::kFloat16Lanes;
            load_pages<CONFIG>(key_pages + base, value_pages + base, keys, values);
          }
          place_own_rows<CONFIG>(seen[first].first + position + own_row - start, own_row, own_count, own_keys,
                                 own_values, keys, values);
          for (int t = 0; t < count; ++t) {
#pragma HLS PIPELINE II = 1
            visible[t] = rows_of_page(seen[first + t], window, page);
          }
          const bool fresh = page == range.first;
          score_page<CONFIG>(visible, first, count, fresh, keys, query, most, scores, page_most);
          weigh_scores<CONFIG>(visible, first, count, fresh, scores, most, page_most, weights);
          add_values<CONFIG>(visible, first, count, fresh, values, weights, page_most, most, sums, partials);
        }
      }
    }
    divide_by_sums<CONFIG>(seen, tokens, window, sums, partials, query);
    write_outputs<CONFIG>(query, tokens, out);
  }
}

}  // namespace st

#endif
