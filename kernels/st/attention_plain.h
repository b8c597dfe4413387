// SPDX-License-Identifier: Apache-2.0
// Attention as the card is built from it. Included by attention.h.
//
// Pages come as words from load_pages(). Work items, a token and a page each, pass through one loop of four
// stages, a unit of a row a cycle for all heads of a set: see attend_items().
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

  // A set of heads of an item takes `slots` iterations of attend_items(): a unit of a row each. Two where
  // rows have one, so that sums meet their next term late.
  static constexpr int rows = contract::kPageTokens;
  static constexpr int pace = units == 1 ? 2 : 1;
  static constexpr int slots = rows * units * pace;
  static constexpr int sum_distance = contract::kRowPartials * units * pace;
  // Iterations from what a stage writes to where the next one reads it: its latency, or a little more. What
  // is read is overwritten later still.
  static constexpr int take_lag = 12;
  static constexpr int score_lag = 64;
  static constexpr int weigh_lag = 136;
  // When a stage begins. Units of a page come by rows and are scored by units: that of the last row is needed
  // earliest. Scores of all rows are there before the first is weighed.
  static constexpr int score_begin = (rows - 1) * (units - 1) + take_lag;
  static constexpr int weigh_begin = score_begin + rows * units - 1 + score_lag;
  static constexpr int add_begin = weigh_begin + 1 + weigh_lag;
  // What a stage writes is held until the next has read it: pages until the last one has added their values.
  static constexpr int pages_held = 2 + contract::CeilDiv<int>(add_begin, sets* slots);
  static constexpr int items_held = 8;

  typedef float head_units[CONFIG::step_tokens * sets * units][heads][lanes];
  typedef float head_partials[CONFIG::step_tokens * sets][contract::kRowPartials * units][heads][lanes];
  typedef float head_sums[CONFIG::step_tokens * sets][contract::kRowPartials * units][heads];
  // The largest scores in order_of(), after an even page and after an odd one.
  typedef int32_t head_orders[2 * CONFIG::step_tokens * sets][heads];
  typedef float score_partials[rows][heads][contract::kSumPartials];
  typedef float row_values[items_held * sets * rows][heads];
  typedef float item_values[items_held * sets][heads];
  typedef int32_t row_orders[items_held * sets][heads];
  typedef uint16_t own_rows[CONFIG::step_tokens * CONFIG::kv_heads * units][lanes];
  typedef uint16_t page_units[pages_held * CONFIG::kv_heads * rows * units][lanes];
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

// Where a loop over the words of rows of heads stands, `step` elements at a time: it counts, as a division
// would take it tens of cycles.
struct row_place {
  int t;
  int step;
  int head;
  int d;
};
template <class CONFIG>
inline void next_step(int steps, row_place& at) {
#pragma HLS INLINE
  const bool last = at.step == steps - 1;
  const bool head_ends = at.d == CONFIG::head_dim - attention_shape<CONFIG>::step;
  // What pads the last word is of no head.
  const int next_head = at.head == CONFIG::query_heads - 1 ? at.head : at.head + 1;
  at.d = last || head_ends ? 0 : at.d + attention_shape<CONFIG>::step;
  at.head = last ? 0 : head_ends ? next_head : at.head;
  at.t = last ? at.t + 1 : at.t;
  at.step = last ? 0 : at.step + 1;
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
  row_place from = {0, 0, 0, 0};
  for (int n = 0; n < tokens * STEPS; ++n) {
#pragma HLS PIPELINE II = 1
    if (from.step % shape::steps == 0) word = in.read();
    const int element = shape::step * from.step;
    const int in_word = shape::step * (from.step % shape::steps);
    const int d = from.d;
    const int at = (from.t * shape::sets + places.set[from.head]) * shape::units + d / shape::lanes;
    for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
      for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
        const bool here = element < shape::query_width && g == places.place[from.head] &&
                          l / shape::step == d % shape::lanes / shape::step;
        if (here) query[at][g][l] = lane_f32(word, in_word + l % shape::step);
      }
    }
    next_step<CONFIG>(STEPS, from);
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
  row_place to = {0, 0, 0, 0};
  for (int n = 0; n < tokens * STEPS; ++n) {
#pragma HLS PIPELINE II = 1
    const int element = shape::step * to.step;
    const int in_word = shape::step * (to.step % shape::steps);
    const int d = to.d;
    const int at = (to.t * shape::sets + places.set[to.head]) * shape::units + d / shape::lanes;
    float values[shape::step];
    for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
      for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
        const bool here = g == places.place[to.head] && l / shape::step == d % shape::lanes / shape::step;
        const float before = g == 0 && l < shape::step ? 0.0f : values[l % shape::step];
        values[l % shape::step] = here ? query[at][g][l] : before;
      }
    }
    if (to.step % shape::steps == 0) word = word512(0);
    for (int l = 0; l < shape::step; ++l) {
#pragma HLS UNROLL
      if (element < shape::query_width) set_lane_f32(word, in_word + l, values[l]);
    }
    if (to.step % shape::steps == shape::steps - 1) out.write(word);
    next_step<CONFIG>(STEPS, to);
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

// Work of attend_items(): a token and a page that tokens of its sequence see. Those of a page follow one
// another, a sequence's pages ascend.
struct attention_item {
  int token;  // of the step
  int place;  // of the page, on chip
  int low;    // of the rows that the token sees
  int high;
  int stored;  // the page's rows below it come from memory
  int own;     // the others from the step: the token of it that row 0 would be
  bool opens;  // the page's first item
  bool fresh;  // the token has seen no page before
  bool odd;    // of the page
};
constexpr int kItemsAtOnce = 64;
// So many take less time than the stages to fill and drain.
constexpr int kFewItems = 3;
// A page's first row lies less than a page before its first own one.
constexpr int kOwnBias = contract::kPageTokens;

// In bytes, from the lowest on.
inline uint64_t pack_item(const attention_item& item) {
#pragma HLS INLINE
  const int flags = (item.opens ? 1 : 0) + (item.fresh ? 2 : 0) + (item.odd ? 4 : 0);
  const int bytes[7] = {item.token, item.place, item.low, item.high, item.stored, item.own + kOwnBias, flags};
  uint64_t packed = 0;
  for (int i = 0; i < 7; ++i) {
#pragma HLS UNROLL
    packed |= static_cast<uint64_t>(bytes[i] & 0xff) << (8 * i);
  }
  return packed;
}
inline attention_item unpack_item(uint64_t packed) {
#pragma HLS INLINE
  const int flags = static_cast<int>(packed >> 48 & 0xff);
  attention_item item;
  item.token = static_cast<int>(packed & 0xff);
  item.place = static_cast<int>(packed >> 8 & 0xff);
  item.low = static_cast<int>(packed >> 16 & 0xff);
  item.high = static_cast<int>(packed >> 24 & 0xff);
  item.stored = static_cast<int>(packed >> 32 & 0xff);
  item.own = static_cast<int>(packed >> 40 & 0xff) - kOwnBias;
  item.opens = (flags & 1) != 0;
  item.fresh = (flags & 2) != 0;
  item.odd = (flags & 4) != 0;
  return item;
}

// The sequences of a step that have pages in a pass, and the item that comes next.
template <class CONFIG>
struct attention_plan {
  int first[CONFIG::step_tokens];
  int count[CONFIG::step_tokens];
  int from[CONFIG::step_tokens];
  int to[CONFIG::step_tokens];
};
struct plan_cursor {
  int sequences;
  int sequence;
  int page;
  int t;
  int place;  // of the page, on chip
};

template <class CONFIG>
inline void plan_pass(const visible_rows (&seen)[MAX_STEP_TOKENS], int tokens, int window, int pass,
                      attention_plan<CONFIG>& plan, plan_cursor& at) {
#pragma HLS INLINE
  int sequences = 0;
  for (int first = 0; first < tokens; ++first) {
#pragma HLS PIPELINE
    const bool begins = seen[first].first == first;
    const int count = begins ? within(seen[first].count, CONFIG::step_tokens - first) : 1;
    const page_range range = pages_of_pass<CONFIG>(seen[first], seen[first + count - 1], window, pass);
    plan.first[sequences] = first;
    plan.count[sequences] = count;
    plan.from[sequences] = range.first;
    plan.to[sequences] = range.end;
    sequences = begins && range.first < range.end ? sequences + 1 : sequences;
  }
  at.sequences = sequences;
  at.sequence = 0;
  at.page = sequences > 0 ? plan.from[0] : 0;
  at.t = 0;
}

// Adds the plan's next items to the `count` that there are; returns how many there are then.
template <class CONFIG>
inline int add_items(const visible_rows (&seen)[MAX_STEP_TOKENS], int window,
                     const attention_plan<CONFIG>& plan, plan_cursor& at, int count,
                     uint64_t (&items)[kItemsAtOnce]) {
#pragma HLS INLINE
  constexpr int PAGE = contract::kPageTokens;
  plan_cursor next = at;
  int n = within(count, kItemsAtOnce);
  for (int i = 0; i < kItemsAtOnce && n < kItemsAtOnce && next.sequence < next.sequences; ++i) {
#pragma HLS PIPELINE
    const int first = plan.first[next.sequence];
    const visible_rows& begin = seen[first];
    const page_rows rows = rows_of_page(seen[first + next.t], window, next.page);
    attention_item item;
    item.token = first + next.t;
    item.place = next.place;
    item.low = rows.low;
    item.high = rows.high;
    item.stored = within(begin.start - next.page * PAGE, PAGE);
    item.own = within(first + next.page * PAGE - begin.start + kOwnBias, 0xff) - kOwnBias;
    item.opens = next.t == 0;
    item.fresh = next.page == first_visible(begin, window) / PAGE;
    item.odd = next.page % 2 != 0;
    items[n] = pack_item(item);
    ++n;
    const bool last = next.t == plan.count[next.sequence] - 1;
    const bool ends = last && next.page == plan.to[next.sequence] - 1;
    const int place = next.place == attention_shape<CONFIG>::pages_held - 1 ? 0 : next.place + 1;
    const int from = plan.from[within(next.sequence + 1, CONFIG::step_tokens - 1)];
    next.t = last ? 0 : next.t + 1;
    next.place = last ? place : next.place;
    next.page = !last ? next.page : ends ? from : next.page + 1;
    next.sequence = ends ? next.sequence + 1 : next.sequence;
  }
  at = next;
  return n;
}

// Where a stage of attend_items() is: it passes through a set's slots, then takes the item's next set.
struct stage_place {
  int slot;
  int set;
  int item;
};
template <class CONFIG>
inline void next_slot(bool on, stage_place& at) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  const bool last_slot = at.slot == shape::slots - 1;
  const bool last_set = last_slot && at.set == shape::sets - 1;
  at.slot = !on ? at.slot : last_slot ? 0 : at.slot + 1;
  at.item = on && last_set ? at.item + 1 : at.item;
  at.set = !(on && last_slot) ? at.set : last_set ? 0 : at.set + 1;
}

// A unit of a page of keys and of values: from memory, or from the step's own rows.
template <class CONFIG>
inline void take_page(bool on, const stage_place& at, const attention_item& item,
                      hls::stream<word512>& key_words, hls::stream<word512>& value_words, word512& key_word,
                      word512& value_word, const typename attention_shape<CONFIG>::own_rows& own_keys,
                      const typename attention_shape<CONFIG>::own_rows& own_values,
                      typename attention_shape<CONFIG>::page_units& keys,
                      typename attention_shape<CONFIG>::page_units& values) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr int UNITS = contract::kFloat16Lanes / shape::lanes;  // of a word
  constexpr int PAGE = contract::kPageTokens * shape::units;
  const bool takes = on && item.opens && at.set % shape::sets_a_group == 0 && at.slot < PAGE;
  const int head = at.set / shape::sets_a_group;
  const int r = at.slot / shape::units;
  const int in_word = at.slot % UNITS * shape::lanes;
  const int own = within(item.own + r, CONFIG::step_tokens - 1);
  const int own_at = (own * CONFIG::kv_heads + head) * shape::units + at.slot % shape::units;
  if (takes && item.stored > 0 && at.slot % UNITS == 0) {
    key_word = key_words.read();
    value_word = value_words.read();
  }
  const int to = (item.place * CONFIG::kv_heads + head) * PAGE + at.slot % PAGE;
  for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
    const uint16_t key = r < item.stored ? lane_u16(key_word, in_word + l) : own_keys[own_at][l];
    const uint16_t value = r < item.stored ? lane_u16(value_word, in_word + l) : own_values[own_at][l];
    if (takes) {
      keys[to][l] = key;
      values[to][l] = value;
    }
  }
}

// A unit of the scores of a row, and the largest of the item's rows so far: of every other row, as a
// comparison may take two cycles.
template <class CONFIG>
inline void score_rows(bool on, const stage_place& at, const attention_item& item,
                       const typename attention_shape<CONFIG>::page_units& keys,
                       const typename attention_shape<CONFIG>::head_units& query,
                       typename attention_shape<CONFIG>::score_partials& partials,
                       int32_t (&newer)[attention_shape<CONFIG>::heads],
                       int32_t (&older)[attention_shape<CONFIG>::heads],
                       typename attention_shape<CONFIG>::row_values& scores,
                       typename attention_shape<CONFIG>::row_orders& page_most) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr int ROWS = contract::kPageTokens;
  constexpr int SUMS = contract::kSumPartials;
  const int r = at.slot % ROWS;
  const int u = at.slot / ROWS % shape::units;
  const bool takes = on && at.slot < ROWS * shape::units;
  const bool counts = u == shape::units - 1 && r >= item.low && r < item.high;
  const int held = at.item % shape::items_held * shape::sets + at.set;
  const int page = item.place * CONFIG::kv_heads + at.set / shape::sets_a_group;
  const int unit = (item.token * shape::sets + at.set) * shape::units + u;
  float key[shape::lanes];
  for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
    key[l] = f32_of_f16(keys[(page * ROWS + r) * shape::units + u][l]);
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
      p[i] = p[i] + query[unit][g][l] * key[l];
    }
    for (int i = 0; i < SUMS; ++i) {
#pragma HLS UNROLL
      partials[r][g][i] = p[i];
    }
    // What units before the last leave here is overwritten.
    const float score = CONFIG::scale * sum_tree(p);
    const int32_t order = counts ? order_of(score) : INT32_MIN;
    const int32_t next = order > older[g] ? order : older[g];
    const int32_t largest = u == 0 && r < 2 ? order : next;
    const int32_t before = newer[g];
    if (takes) {
      older[g] = before;
      newer[g] = largest;
      scores[held * ROWS + r][g] = score;
      page_most[held][g] = largest > before ? largest : before;
    }
  }
}

// First what earlier sums are multiplied by, then the weights of the rows, 0 where a row is not seen.
template <class CONFIG>
inline void weigh_scores(bool on, const stage_place& at, const attention_item& item,
                         const typename attention_shape<CONFIG>::row_values& scores,
                         const typename attention_shape<CONFIG>::row_orders& page_most,
                         typename attention_shape<CONFIG>::head_orders& most,
                         typename attention_shape<CONFIG>::row_values& weights,
                         typename attention_shape<CONFIG>::item_values& factors) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr int ROWS = contract::kPageTokens;
  const int r = at.slot - 1;
  const bool takes = on && at.slot > 0 && at.slot <= ROWS;
  const bool counts = at.slot == 0 ? item.low < item.high : r >= item.low && r < item.high;
  const int held = at.item % shape::items_held * shape::sets + at.set;
  const int state = item.token * shape::sets + at.set;
  constexpr int STATES = CONFIG::step_tokens * shape::sets;
  const int before_at = item.odd ? state : STATES + state;
  const int after_at = item.odd ? STATES + state : state;
  for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
    const int32_t before = item.fresh ? order_of(-__builtin_inff()) : most[before_at][g];
    const int32_t page = page_most[held][g];
    const int32_t after = page > before ? page : before;
    const float score = scores[held * ROWS + (at.slot + ROWS - 1) % ROWS][g];
    const float least = (at.slot == 0 ? float_of_order(before) : score) - float_of_order(after);
    const float weight = exp_approx(counts ? least : 0.0f);
    if (on && at.slot == 0) {
      most[after_at][g] = after;
      factors[held][g] = weight;
    }
    if (takes) weights[held * ROWS + (at.slot + ROWS - 1) % ROWS][g] = counts ? weight : 0.0f;
  }
}

// Adds the weights and the weighed values of a slot's unit to the sums.
template <class CONFIG>
inline void add_values(bool on, const stage_place& at, const attention_item& item,
                       const typename attention_shape<CONFIG>::page_units& values,
                       const typename attention_shape<CONFIG>::row_values& weights,
                       const typename attention_shape<CONFIG>::item_values& factors,
                       typename attention_shape<CONFIG>::head_sums& sums,
                       typename attention_shape<CONFIG>::head_partials& out) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  constexpr int ROWS = contract::kPageTokens;
  constexpr int UNITS = contract::kRowPartials * shape::units;
  const int x = at.slot / shape::pace;
  const int r = x / shape::units;
  const int y = x % UNITS;
  const bool takes = on && x < ROWS * shape::units && at.slot % shape::pace == 0;
  const bool counts = r >= item.low && r < item.high;
  const int sum_at = item.token * shape::sets + at.set;
  const int page = item.place * CONFIG::kv_heads + at.set / shape::sets_a_group;
  const int held = at.item % shape::items_held * shape::sets + at.set;
  float value[shape::lanes];
  for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
    value[l] = f32_of_f16(values[page * ROWS * shape::units + x % (ROWS * shape::units)][l]);
  }
  for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
    const float weight = weights[held * ROWS + r % ROWS][g];
    const float factor = factors[held][g];
    // Each unit has its own copy of the weights' sums.
    const float old = sums[sum_at][y][g];
    const float scaled = item.fresh ? 0.0f : old * factor;
    const float sum = (x < UNITS ? scaled : old) + weight;
    if (takes) sums[sum_at][y][g] = sum;
    for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
      const float before = out[sum_at][y][g][l];
      const float kept = item.fresh ? 0.0f : before * factor;
      const float base = x < UNITS ? kept : before;
      const float added = base + weight * value[l];
      const float partial = counts ? added : base;
      if (takes) out[sum_at][y][g][l] = partial;
    }
  }
}

// All sets of `count` items: one loop, in which four stages follow one another. A page's units are taken, its
// rows are scored, the scores become weights, the weighed values are added. A stage reads what the one before
// wrote some iterations ago, so the last one comes first: none waits within an iteration.
template <class CONFIG>
inline void attend_items(const uint64_t (&items)[kItemsAtOnce], int count, hls::stream<word512>& key_words,
                         hls::stream<word512>& value_words,
                         const typename attention_shape<CONFIG>::own_rows& own_keys,
                         const typename attention_shape<CONFIG>::own_rows& own_values,
                         const typename attention_shape<CONFIG>::head_units& query,
                         typename attention_shape<CONFIG>::page_units& keys,
                         typename attention_shape<CONFIG>::page_units& values,
                         typename attention_shape<CONFIG>::head_orders& most,
                         typename attention_shape<CONFIG>::head_sums& sums,
                         typename attention_shape<CONFIG>::head_partials& out) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
  typename shape::score_partials partials;
#pragma HLS ARRAY_PARTITION variable = partials type = complete dim = 2
#pragma HLS ARRAY_PARTITION variable = partials type = complete dim = 3
  typename shape::row_values scores;
#pragma HLS ARRAY_PARTITION variable = scores type = complete dim = 2
  typename shape::row_values weights;
#pragma HLS ARRAY_PARTITION variable = weights type = complete dim = 2
  typename shape::item_values factors;
#pragma HLS ARRAY_PARTITION variable = factors type = complete dim = 2
  typename shape::row_orders page_most;
#pragma HLS ARRAY_PARTITION variable = page_most type = complete dim = 2
  int32_t newer[shape::heads];
#pragma HLS ARRAY_PARTITION variable = newer type = complete
  int32_t older[shape::heads];
#pragma HLS ARRAY_PARTITION variable = older type = complete
  for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
    newer[g] = INT32_MIN;
    older[g] = INT32_MIN;
  }
  word512 key_word(0);
  word512 value_word(0);
  stage_place take = {0, 0, 0};
  stage_place score = {0, 0, 0};
  stage_place weigh = {0, 0, 0};
  stage_place add = {0, 0, 0};
  const int slots = count * shape::sets * shape::slots;
  for (int n = 0; n < slots + shape::add_begin; ++n) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = keys type = inter distance = shape::take_lag dependent = true
#pragma HLS DEPENDENCE variable = values type = inter distance = shape::take_lag dependent = true
#pragma HLS DEPENDENCE variable = partials type = inter distance = shape::rows dependent = true
#pragma HLS DEPENDENCE variable = scores type = inter distance = shape::score_lag dependent = true
#pragma HLS DEPENDENCE variable = page_most type = inter distance = shape::score_lag dependent = true
#pragma HLS DEPENDENCE variable = most type = inter distance = shape::slots dependent = true
#pragma HLS DEPENDENCE variable = weights type = inter distance = shape::weigh_lag dependent = true
#pragma HLS DEPENDENCE variable = factors type = inter distance = shape::weigh_lag dependent = true
#pragma HLS DEPENDENCE variable = sums type = inter distance = shape::sum_distance dependent = true
#pragma HLS DEPENDENCE variable = out type = inter distance = shape::sum_distance dependent = true
    const bool adds = n >= shape::add_begin;
    const bool weighs = n >= shape::weigh_begin && n < slots + shape::weigh_begin;
    const bool scores_rows = n >= shape::score_begin && n < slots + shape::score_begin;
    const bool takes = n < slots;
    add_values<CONFIG>(adds, add, unpack_item(items[add.item % kItemsAtOnce]), values, weights, factors, sums,
                       out);
    weigh_scores<CONFIG>(weighs, weigh, unpack_item(items[weigh.item % kItemsAtOnce]), scores, page_most,
                         most, weights, factors);
    score_rows<CONFIG>(scores_rows, score, unpack_item(items[score.item % kItemsAtOnce]), keys, query,
                       partials, newer, older, scores, page_most);
    take_page<CONFIG>(takes, take, unpack_item(items[take.item % kItemsAtOnce]), key_words, value_words,
                      key_word, value_word, own_keys, own_values, keys, values);
    next_slot<CONFIG>(adds, add);
    next_slot<CONFIG>(weighs, weigh);
    next_slot<CONFIG>(scores_rows, score);
    next_slot<CONFIG>(takes, take);
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
  for (int t = 0; t < tokens; ++t) {
    for (int s = 0; s < shape::sets; ++s) {
      for (int u = 0; u < shape::units; ++u) {
#pragma HLS PIPELINE II = 8
        // A mask that hides every row leaves nothing to divide.
        const bool sees = first_visible(seen[t], window) < seen[t].end;
        for (int g = 0; g < shape::heads; ++g) {
#pragma HLS UNROLL
          float w[PARTIALS];
          for (int i = 0; i < PARTIALS; ++i) {
#pragma HLS UNROLL
            w[i] = sums[t * shape::sets + s][i * shape::units + u][g];
          }
          const float share = 1.0f / row_tree(w);
          for (int l = 0; l < shape::lanes; ++l) {
#pragma HLS UNROLL
            float p[PARTIALS];
            for (int i = 0; i < PARTIALS; ++i) {
#pragma HLS UNROLL
              p[i] = out[t * shape::sets + s][i * shape::units + u][g][l];
            }
            const float shared = row_tree(p) * share;
            query[(t * shape::sets + s) * shape::units + u][g][l] = sees ? shared : 0.0f;
          }
        }
      }
    }
  }
}

template <class CONFIG>
inline void load_layers(const step_header& header, const visible_rows (&seen)[MAX_STEP_TOKENS],
                        const word512 (&pages)[contract::WordsOf(CONFIG::step_tokens * CONFIG::max_pages)],
                        const word512* key_pages, const word512* value_pages, hls::stream<word512>& key_words,
                        hls::stream<word512>& value_words) {
#pragma HLS INLINE
  constexpr int WORDS = CONFIG::kv_heads * CONFIG::head_dim * contract::kPageTokens / contract::kFloat16Lanes;
  const int tokens = within(header.tokens, CONFIG::step_tokens);
  for (int layer = 0; layer < CONFIG::layers; ++layer) {
#pragma HLS LOOP_FLATTEN off
    const int window = window_of<CONFIG>(layer, 0);
    for (int pass = 0; pass < 2; ++pass) {
#pragma HLS LOOP_FLATTEN off
      for (int first = 0; first < tokens; ++first) {
#pragma HLS LOOP_FLATTEN off
        if (seen[first].first != first) continue;  // not a sequence's first token
        const int count = within(seen[first].count, CONFIG::step_tokens - first);
        const int row = header.token[first].slot % CONFIG::step_tokens * CONFIG::max_pages;
        const page_range range = pages_of_pass<CONFIG>(seen[first], seen[first + count - 1], window, pass);
        // Those with rows in memory.
        const int end = within(contract::PagesOf(seen[first].start), range.end);
        for (int n = 0; n < CONFIG::max_pages && range.first + n < end; ++n) {
#pragma HLS LOOP_FLATTEN off
          const int entry = row + CONFIG::page_column(range.first + n);
          const int32_t page = lane_i32(pages[entry / contract::kLanes], entry % contract::kLanes);
          const int64_t base = pool_offset<CONFIG>(page, layer, 0) / contract::kFloat16Lanes;
          for (int w = 0; w < WORDS; ++w) {
#pragma HLS PIPELINE II = 1
            key_words.write(key_pages[base + w]);
            value_words.write(value_pages[base + w]);
          }
        }
      }
    }
  }
}

template <class CONFIG>
inline void attend_layers(const step_header& header, const visible_rows (&seen)[MAX_STEP_TOKENS],
                          hls::stream<word512>& key_words, hls::stream<word512>& value_words,
                          hls::stream<word512>& q, hls::stream<word512>& k_new, hls::stream<word512>& v_new,
                          hls::stream<word512>& out) {
#pragma HLS INLINE
  typedef attention_shape<CONFIG> shape;
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
  typename shape::head_orders most;
#pragma HLS ARRAY_PARTITION variable = most type = complete dim = 2
  typename shape::head_sums sums;
#pragma HLS ARRAY_PARTITION variable = sums type = complete dim = 3
  typename shape::head_partials partials;
#pragma HLS ARRAY_PARTITION variable = partials type = complete dim = 3
#pragma HLS ARRAY_PARTITION variable = partials type = complete dim = 4
  uint64_t items[kItemsAtOnce];
#pragma HLS BIND_STORAGE variable = items type = ram_1wnr impl = lutram
  attention_plan<CONFIG> plan;
  plan_cursor at = {0, 0, 0, 0, 0};
  const int tokens = within(header.tokens, CONFIG::step_tokens);

  for (int layer = 0; layer < CONFIG::layers; ++layer) {
#pragma HLS LOOP_FLATTEN off
    const int window = window_of<CONFIG>(layer, 0);
    // Pages that were whole before the step don't wait for its own rows, unless they are few.
    int count = 0;
    for (int pass = 0; pass < 2; ++pass) {
#pragma HLS LOOP_FLATTEN off
      plan_pass<CONFIG>(seen, tokens, window, pass, plan, at);
      count = add_items<CONFIG>(seen, window, plan, at, count, items);
      if (pass == 0) {
        read_queries<CONFIG>(q, tokens, query);
        if (count <= kFewItems) continue;
      } else {
        read_own_rows<CONFIG>(k_new, tokens, own_keys);
        read_own_rows<CONFIG>(v_new, tokens, own_values);
      }
      for (int batch = 0; batch < CONFIG::step_tokens * CONFIG::max_pages && count > 0; ++batch) {
#pragma HLS LOOP_FLATTEN off
        attend_items<CONFIG>(items, count, key_words, value_words, own_keys, own_values, query, keys, values,
                             most, sums, partials);
        count = add_items<CONFIG>(seen, window, plan, at, 0, items);
      }
    }
    divide_by_sums<CONFIG>(seen, tokens, window, sums, partials, query);
    write_outputs<CONFIG>(query, tokens, out);
  }
}

}  // namespace st

#endif
