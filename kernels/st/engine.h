// SPDX-License-Identifier: Apache-2.0
// The INT4/INT8 x INT8 engine: every matrix product of the design, one after the other, in issue order.
//
// CONFIG (load_weights takes the same):
//   constexpr st::issue engine_issues[] = {st::cut_issue<4>(4, 18, 60, st::ROWS_T), ...};  // namespace scope
//   struct engine_config {
//     static constexpr int channels = 4;       // C
//     static constexpr int lanes = 2;          // rows of activations worked on at a time, 1..kMaxLanes
//     static constexpr int step_tokens = 16;   // bound of T and W; of fixed_rows too
//     static constexpr int max_groups = 48;    // the most groups of any issue
//     static constexpr int layers = 30;
//     static constexpr int fixed_rows = 0;     // rows of ROWS_FIXED issues
//     static constexpr int prologue_issues = 0, layer_issues = 4, epilogue_issues = 1;
//     static constexpr st::issue issue(int i) { return engine_issues[i]; }
//   };
// Each issue: takes one frame, word by word as it comes (the fast host build whole, and holds it to the
// issue's end); takes its words from all weight channels alike; writes row_tiles*rows words, row tiles outer,
// rows inner. With rows = 0 the weights are taken and dropped.
//
// On the card each channel has a slice, and all slices work in step: a word of weights each a cycle. Rounds,
// passes (`lanes` rows each), groups and words of an issue are one loop without a stop: the first pass of a
// round takes words from the channels and keeps them, the others take them from there. So T rows cost
// ceil(T / lanes) passes, and weights are read once. A tile's sums are scaled while the next tile is summed,
// four rows a cycle. What a pass has summed up leaves while the next one runs: results move from slice to
// slice, two a cycle, to the first two, behind which the parts of a row tile are added.
#ifndef ST_ENGINE_H
#define ST_ENGINE_H

#include "contract/tiles.h"
#include "dataflow.h"
#include "dot.h"
#include "header.h"
#include "issue.h"

namespace st {

#ifdef ST_FAST
// With few rows memory is what the host waits for, and it delivers more from several channels at a time: so
// many row tiles are worked on block by block. With more rows one after the other, while its sums are in the
// cache.
constexpr int kTogether = 4;
constexpr int kRowsTogether = 8;
static_assert(contract::kSharedRowTiles % kTogether == 0, "threads share whole bundles");

// What run_issue below says, by whole row tiles: their blocks are taken first, which nothing but this
// process waits for, and read where they lie until the launch ends.
template <class CONFIG, class WEIGHTS>
inline void run_issue_by_row_tiles(
    const issue op, int rows,
    hls::stream_of_blocks<word512[CONFIG::step_tokens * CONFIG::max_groups]>& frames,
    WEIGHTS (&weights)[CONFIG::channels], hls::stream<word512>& results) {
  constexpr int FRAME_WORDS = CONFIG::step_tokens * CONFIG::max_groups;
  constexpr int MAX_RESULTS = contract::kSharedRowTiles * CONFIG::step_tokens;
  // Of a row tile: each part may end with a block that is not full.
  constexpr int MAX_BLOCKS =
      (CONFIG::max_groups + most_parts<CONFIG>()) / contract::kI8BlockTiles + 2 * most_parts<CONFIG>();
  hls::read_lock<word512[FRAME_WORDS]> frame_lock(frames);
  const word512(&frame)[FRAME_WORDS] = frame_lock;
  word512 words[MAX_RESULTS];
  const weight_block* blocks[contract::kSharedRowTiles][MAX_BLOCKS];
  word512 prepared[FRAME_WORDS];
  const word512* const wide = prepare(op.bits, frame, rows * op.groups, prepared);

  const int parts = 1 << op.split;
  const int per_block = contract::BlockGroups(op.bits, op.scale_groups);
  const int part_blocks = contract::PartBlocks(op.bits, op.scale_groups, op.part_groups);
  const int scale_word = contract::TileIntegerWords(op.bits, op.scale_groups);
  const int together = rows <= kRowsTogether ? kTogether : 1;
  const int at_once = host::threads() > 1 ? contract::kSharedRowTiles : together;
  const int all = op.rounds * (CONFIG::channels / parts);  // row tiles, with those that are zero
  int channel = 0;
  for (int done = 0; done < all;) {
    const int count = all - done < at_once ? all - done : at_once;
    for (int row_tile = 0; row_tile < count; ++row_tile) {
      for (int part = 0; part < parts; ++part) {
        for (int block = 0; block < part_blocks; ++block) {
          hls::read_lock<weight_block> lock(weights[channel]);
          const weight_block& taken = lock;
          blocks[row_tile][part * part_blocks + block] = &taken;
        }
        channel = channel + 1 == CONFIG::channels ? 0 : channel + 1;
      }
    }
    const int left = op.row_tiles - done;
    const int real = count < left ? count : left > 0 ? left : 0;
    if (rows > 0 && real > 0) {
      host::share(static_cast<uint32_t>(contract::CeilDiv(real, together)), [&](uint32_t bundle) {
        const int first_tile = static_cast<int>(bundle) * together;
        const int tiles = real - first_tile < together ? real - first_tile : together;
        row_tile_scales scales[kTogether];
        row_sums sums[kTogether][CONFIG::step_tokens];
        for (int tile = 0; tile < tiles; ++tile) {
          const weight_block& block = *blocks[first_tile + tile][0];
          scales[tile] = split_unit(block[scale_word]);
        }
        for (int part = 0, first = 0; part < parts && first < op.groups; ++part, first += op.part_groups) {
          const int end = first + op.part_groups < op.groups ? first + op.part_groups : op.groups;
          for (int group = first, block = part * part_blocks; group < end; group += per_block, ++block) {
            const int run = end - group < per_block ? end - group : per_block;
            for (int tile = 0; tile < tiles; ++tile) {
              const word512* const at = *blocks[first_tile + tile][block];
              dot(op.bits, at, run, op.scale_groups, group == 0 ? &scales[tile].scales : at + scale_word,
                  frame + group, wide + group, op.groups, rows, group == 0, sums[tile]);
            }
          }
        }
        for (int tile = 0; tile < tiles; ++tile) {
          for (int row = 0; row < rows; ++row) {
            words[(first_tile + tile) * rows + row] =
                finish(sums[tile][row], scales[tile], frame_scale(frame[row * op.groups]));
          }
        }
      });
      results.write_many(words, real * rows);
    }
    done += count;
  }
}
#else
// The engine's own copies of a frame: one for each part of a row tile, in banks by lane. Row p*LANES + l,
// group g stands at [part * LANES + l][p*groups + g].
template <class CONFIG>
struct frame_copies {
  static constexpr int parts = most_parts<CONFIG>();
  static constexpr int passes = contract::CeilDiv<int>(CONFIG::step_tokens, CONFIG::lanes);
  static constexpr int bank_words = passes * CONFIG::max_groups;
};

#endif

template <class CONFIG>
using engine_frames = typename frame_fifo<CONFIG::step_tokens * CONFIG::max_groups, 1>::port;

template <class CONFIG, class WEIGHTS>
inline void run_issue(const issue op, int rows, engine_frames<CONFIG>& frames,
                      WEIGHTS (&weights)[CONFIG::channels], hls::stream<word512>& results) {
#ifdef ST_FAST
  run_issue_by_row_tiles<CONFIG>(op, rows, frames, weights, results);
#else
  constexpr int CHANNELS = CONFIG::channels, LANES = CONFIG::lanes, ROWS = contract::kTileRows;
  constexpr int PARTS = frame_copies<CONFIG>::parts, PASSES = frame_copies<CONFIG>::passes;
  constexpr int QUAD = contract::kQuadRows, QUADS = contract::kQuads;
  static_assert(contract::kU4IntegerWords >= QUADS, "a tile's rows are scaled before the next one's");
  constexpr int SLICES = CHANNELS + CHANNELS % 2;  // that results move through
  // Results wait for their order only where there are several passes.
  constexpr int HELD = PASSES > 1 ? CHANNELS * CONFIG::step_tokens : 1;

  constexpr int NOWHERE = frame_copies<CONFIG>::bank_words;
  word512 frame[PARTS * LANES][NOWHERE + 1];
#pragma HLS ARRAY_PARTITION variable = frame type = complete dim = 1
  float scales[CONFIG::step_tokens];

  // A slice each: the words of its part, its sums, and those of the pass before.
  word512 kept[CHANNELS][most_part_words<CONFIG>()];
#pragma HLS ARRAY_PARTITION variable = kept type = complete dim = 1
  word512 kept_scales[CHANNELS][most_part_tiles<CONFIG>()];
#pragma HLS ARRAY_PARTITION variable = kept_scales type = complete dim = 1
  int32_t tile_sums[CHANNELS][LANES][ROWS];
#pragma HLS ARRAY_PARTITION variable = tile_sums type = complete dim = 0
  int32_t activation_sums[PARTS][LANES];
#pragma HLS ARRAY_PARTITION variable = activation_sums type = complete dim = 0
  int32_t centre_sums[PARTS][LANES];  // of the nibbles' centres, which the tile's sums still have
#pragma HLS ARRAY_PARTITION variable = centre_sums type = complete dim = 0
  // Of the tile that is scaled, those of the next rows first.
  int32_t scaled_sums[CHANNELS][LANES][ROWS];
#pragma HLS ARRAY_PARTITION variable = scaled_sums type = complete dim = 0
  uint32_t scaled_scales[CHANNELS][ROWS];
#pragma HLS ARRAY_PARTITION variable = scaled_scales type = complete dim = 0
  int32_t scaled_activations[PARTS][LANES];
#pragma HLS ARRAY_PARTITION variable = scaled_activations type = complete dim = 0
  int32_t scaled_centres[PARTS][LANES];
#pragma HLS ARRAY_PARTITION variable = scaled_centres type = complete dim = 0
  int64_t sums[CHANNELS][LANES][ROWS];
#pragma HLS ARRAY_PARTITION variable = sums type = complete dim = 0
  uint8_t units[CHANNELS][ROWS];
#pragma HLS ARRAY_PARTITION variable = units type = complete dim = 0
  int64_t done_sums[SLICES][LANES][ROWS];
#pragma HLS ARRAY_PARTITION variable = done_sums type = complete dim = 0
  uint8_t done_units[SLICES][ROWS];
#pragma HLS ARRAY_PARTITION variable = done_units type = complete dim = 0
  int64_t left_sums[ROWS];  // of the row tile that leaves, of the slices so far
#pragma HLS ARRAY_PARTITION variable = left_sums type = complete
  uint8_t left_units[ROWS];
#pragma HLS ARRAY_PARTITION variable = left_units type = complete
  for (int r = 0; r < ROWS; ++r) {
#pragma HLS UNROLL
    left_sums[r] = 0;
    left_units[r] = 0;
    for (int channel = 0; channel < SLICES; ++channel) {
#pragma HLS UNROLL
      done_units[channel][r] = 0;
      if (channel < CHANNELS) {
        units[channel][r] = 0;
        scaled_scales[channel][r] = 0;
      }
      for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
        done_sums[channel][lane][r] = 0;
        if (channel < CHANNELS) {
          sums[channel][lane][r] = 0;
          tile_sums[channel][lane][r] = 0;
          scaled_sums[channel][lane][r] = 0;
        }
      }
    }
  }
  word512 held[2 * HELD];

  const bool is_u4 = op.bits == contract::kU4Bits;
  const int integer_words = is_u4 ? contract::kU4IntegerWords : contract::kI8IntegerWords;
  const int parts = 1 << op.split;
  const int row_tiles = CHANNELS >> op.split;  // of a round
  const int passes = rows > LANES ? contract::CeilDiv<int>(rows, LANES) : 1;
  const bool direct = PASSES == 1 || passes == 1;  // results leave in their order
  int starts[PARTS];
#pragma HLS ARRAY_PARTITION variable = starts type = complete
  for (int part = 0; part < PARTS; ++part) {
#pragma HLS UNROLL
    starts[part] = (part & (parts - 1)) * op.part_groups;
    for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
      activation_sums[part][lane] = 0;
      centre_sums[part][lane] = 0;
      scaled_activations[part][lane] = 0;
      scaled_centres[part][lane] = 0;
    }
  }
  // A row tile's results leave in so many cycles, two slices in each.
  const int beats = op.split == 0 ? 1 : parts >> 1;
  // A pass takes at least as long as its results need to leave.
  const int pass_rows = rows < LANES ? rows : LANES;
  const int leaving = row_tiles * pass_rows * beats;
  const int other_words = op.part_groups * integer_words;
  const int first_words = other_words + tiles_of(op.part_groups, op.scale_groups) * contract::kTileScaleWords;
  const int first_steps = first_words > leaving ? first_words : leaving;
  const int other_steps = other_words > leaving ? other_words : leaving;
  const int last_row_tiles = op.row_tiles - (op.rounds - 1) * row_tiles;
  // A word of the frame comes a cycle: the first pass starts so late that each is there before it is needed.
  // Of its last row that is a group of each part, later as many for each tile.
  const int frame_words = rows * op.groups;
  const int slower = parts > integer_words ? (parts - integer_words) * (op.part_groups - 1) : 0;
  const int first_needs = rows == 0 ? 0 : (pass_rows - 1) * op.groups + parts + slower;
  const int last_needs = passes == 1 ? 0
                                     : (passes * LANES - 1) * op.groups + parts + slower - first_steps -
                                           (passes - 2) * other_steps;
  const int lead = last_needs > first_needs ? last_needs : first_needs;
  // Results of several passes wait until the last pass's of a whole round would have left.
  const int last_pass_rows = rows == 0 ? 0 : rows - (passes - 1) * LANES;
  const int writing_waits = row_tiles * last_pass_rows * beats;
  const int leaves_last = direct ? last_row_tiles * rows * beats : writing_waits + last_row_tiles * rows;
  const int steps = lead + op.rounds * (first_steps + (passes - 1) * other_steps) + QUADS + leaves_last;

  // The frame's words that are still to come, and where the next of them belongs.
  int coming = frame_words;
  int coming_row = 0, coming_lane = 0;
  int coming_at = 0;  // of its row in a bank
  int coming_first = 0, coming_group = 0;
  // Where the loop stands: a word of a group of a pass of a round. Tiles are groups with one word of scales.
  int round = 0, pass = 0, group = 0, word = 0;
  int tile = 0;                   // of the pass
  int group_of_tile = 0;          // of its groups
  int step = 0;                   // of the pass
  int first_row = 0;              // of the pass
  int frame_at = 0;               // of its first row in the frame's banks
  int kept_at = 0;                // of the word among a slice's
  int tiles_left = op.row_tiles;  // from this round on
  int half = 0;                   // of `held`, that this round fills
  // Quads of rows that are still to be scaled, and whether their tile is the pass's first.
  int quads_left = 0;
  bool scales_first = false;
  // The pass that has ended, whose last tile may still be scaled: the cycles ago, a bit each, and what of it
  // leaves.
  int ended = 0;
  int ended_row = 0, ended_lanes = 0, ended_tiles = 0, ended_at = 0;
  bool ended_round = false;
  // The pass whose results leave their slices: beats that are left, and the next of them.
  int leaving_left = 0, leaving_lanes = 0, leaving_lane = 0, leaving_beat = 0;
  int leaving_row = 0;
  int leaving_at = 0;        // of the row tile in `held`
  bool leaving_odd = false;  // the row tile is the second slice's, where each slice has its own
  // Whether the slices' finished sums and units change in this cycle: each lane's pass on when two have left,
  // of row tiles with a slice each when the second has.
  bool takes_results[LANES];
#pragma HLS ARRAY_PARTITION variable = takes_results type = complete
  for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
    takes_results[lane] = false;
  }
  bool takes_units = false;
  // Words of the round before that still leave `held`, and the next of them; before that, the cycles until
  // the first does, and what they will be.
  int writing_left = 0, writing_at = 0;
  int writing_wait = 0, writing_tiles = 0, writing_half = 0;
  for (int i = 0; i < steps; ++i) {
// Flushable: results leave though a word of the frame is still to come, which waits for none of them.
#pragma HLS PIPELINE II = 1 style = flp
    const bool leaves = leaving_left > 0;
    const bool completes = leaves && leaving_beat + 1 == beats;
    const bool ends_lanes = leaving_lane + 1 == leaving_lanes;
    const bool begins = leaving_beat == 0;
    const float scale = scales[leaving_row + leaving_lane];
    word512 finished(0);
    for (int r = 0; r < ROWS; ++r) {
#pragma HLS UNROLL
      int64_t even = 0, odd = 0;
      for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
        even = lane == leaving_lane ? in_bits<contract::kRowSumBits>(done_sums[0][lane][r]) : even;
        odd = lane == leaving_lane ? in_bits<contract::kRowSumBits>(done_sums[1][lane][r]) : odd;
      }
      const int64_t other = op.split == 0 ? 0 : odd;
      const int64_t before = begins ? 0 : in_bits<contract::kRowSumBits>(left_sums[r]);
      const int64_t sum = before + ((leaving_odd ? odd : even) + other);
      const uint8_t unit = !begins ? left_units[r] : leaving_odd ? done_units[1][r] : done_units[0][r];
      left_sums[r] = sum;
      left_units[r] = unit;
      const int power = unit == 0 ? -kFloatExponents : static_cast<int>(unit) - contract::kFloatExponentBias;
      const float whole = static_cast<float>(in_bits<contract::kRowSumBits>(sum));
      set_lane_f32(finished, r, scale_by_power(whole, power) * scale);
    }
    if (completes && !direct) held[leaving_at + leaving_row + leaving_lane] = finished;
    if (direct ? completes : writing_left > 0) results.write(direct ? finished : held[writing_at]);
    writing_left = writing_left > 0 ? writing_left - 1 : 0;
    ++writing_at;
    if (writing_wait == 1) {
      writing_left = writing_tiles * rows;
      writing_at = writing_half;
    }
    writing_wait = writing_wait > 0 ? writing_wait - 1 : 0;
    leaving_left = leaves ? leaving_left - 1 : 0;
    leaving_beat = !leaves || completes ? 0 : leaving_beat + 1;
    leaving_at = completes && ends_lanes ? leaving_at + rows : leaving_at;
    leaving_odd = completes && ends_lanes && op.split == 0 ? !leaving_odd : leaving_odd;
    leaving_lane = !completes ? leaving_lane : ends_lanes ? 0 : leaving_lane + 1;

    const bool running = i >= lead && round < op.rounds;
    const bool computes = running && group < op.part_groups;
    const bool first_pass = pass == 0;
    const bool is_scales = word == integer_words;
    const bool last_of_tile = group_of_tile + 1 == op.scale_groups;
    const bool ends_group =
        word + 1 == (first_pass && last_of_tile ? integer_words + contract::kTileScaleWords : integer_words);
    const bool ends_tile = ends_group && last_of_tile;
    const bool starts_tile = word == 0 && group_of_tile == 0;
    const bool ends_pass = running && step + 1 == (first_pass ? first_steps : other_steps);
    const bool loads = computes && ends_tile;
    const bool scales_rows = quads_left > 0;
    const bool finishes = (ended >> (QUADS - 1) & 1) != 0;
    slice_operand operands[PARTS][LANES];
#pragma HLS ARRAY_PARTITION variable = operands type = complete dim = 0
    for (int part = 0; part < PARTS; ++part) {
#pragma HLS UNROLL
      for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
        const bool exists = computes && first_row + lane < rows && starts[part] + group < op.groups;
        const int at = exists ? frame_at + starts[part] + group : 0;
        const slice_operand operand =
            operand_of(frame[part * LANES + lane][at], exists && !is_scales, is_u4, word);
        operands[part][lane] = operand;
        const int32_t added = word == 0 ? shifted(operand.sum, operand.shift) : 0;
        activation_sums[part][lane] = (starts_tile ? 0 : activation_sums[part][lane]) + added;
        centre_sums[part][lane] = (starts_tile ? 0 : centre_sums[part][lane]) + operand.centres;
      }
    }
    for (int channel = 0; channel < CHANNELS; ++channel) {
#pragma HLS UNROLL
      word512 taken(0);
      if (computes && first_pass) taken = weights[channel].read();
      const word512 integers = PASSES == 1 || first_pass ? taken : kept[channel][kept_at];
      const word512 of_tile = first_pass ? taken : kept_scales[channel][tile];
      if (PASSES > 1 && computes && first_pass) {
        if (is_scales) {
          kept_scales[channel][tile] = taken;
        } else {
          kept[channel][kept_at] = taken;
        }
      }
      int32_t products[LANES][ROWS];
#pragma HLS ARRAY_PARTITION variable = products type = complete dim = 0
      for (int r = 0; r < ROWS; r += 2) {
#pragma HLS UNROLL
        const nibble_pairs pairs = pairs_of(integers, r, is_u4);
        for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
          int32_t two[2];
          pair_products(pairs, operands[channel % PARTS][lane], two);
          products[lane][r] = two[0];
          products[lane][r + 1] = two[1];
        }
      }
      // Four rows of the tile before are scaled: their sums go to the end, so that the next come first.
      for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
        for (int r = 0; r < QUAD; ++r) {
#pragma HLS UNROLL
          const int part = channel % PARTS;
          // The centres taken out, it fits its bits: so it may overflow before.
          const int32_t products = scaled_sums[channel][lane][r] - scaled_centres[part][lane];
          const int64_t term = tile_term(scaled_scales[channel][r], products, scaled_activations[part][lane]);
          const int64_t before = in_bits<contract::kRowSumBits>(sums[channel][lane][r]);
          const int64_t sum = in_bits<contract::kRowSumBits>((scales_first ? 0 : before) + term);
          if (scales_rows) {
            for (int q = 0; q + 1 < QUADS; ++q) {
#pragma HLS UNROLL
              sums[channel][lane][QUAD * q + r] = sums[channel][lane][QUAD * (q + 1) + r];
            }
            sums[channel][lane][ROWS - QUAD + r] = sum;
          }
        }
      }
      for (int r = 0; r < ROWS; ++r) {
#pragma HLS UNROLL
        const int next = r + QUAD < ROWS ? r + QUAD : r;
        for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
          const int32_t tile_before = in_bits<contract::kTileSumBits>(tile_sums[channel][lane][r]);
          const int32_t tile_sum =
              in_bits<contract::kTileSumBits>((starts_tile ? 0 : tile_before) + products[lane][r]);
          tile_sums[channel][lane][r] = tile_sum;
          scaled_sums[channel][lane][r] = loads ? tile_sum : scaled_sums[channel][lane][next];
        }
        scaled_scales[channel][r] = loads ? lane_u32(of_tile, r) : scaled_scales[channel][next];
        if (is_scales && tile == 0) units[channel][r] = tile_unit_exponent(of_tile, r);
      }
    }
    // A pass's sums leave when its last tile has been scaled.
    for (int channel = 0; channel < SLICES; ++channel) {
#pragma HLS UNROLL
      const int slice = channel < CHANNELS ? channel : 0;
      const int next = channel + 2 < SLICES ? channel + 2 : channel;
      for (int r = 0; r < ROWS; ++r) {
#pragma HLS UNROLL
        for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
          const int64_t finished_sum = in_bits<contract::kRowSumBits>(sums[slice][lane][r]);
          const int64_t moved_sum = in_bits<contract::kRowSumBits>(done_sums[next][lane][r]);
          if (takes_results[lane]) done_sums[channel][lane][r] = finishes ? finished_sum : moved_sum;
        }
        if (takes_units) done_units[channel][r] = finishes ? units[slice][r] : done_units[next][r];
      }
    }
    for (int part = 0; part < PARTS; ++part) {
#pragma HLS UNROLL
      for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
        if (loads) {
          scaled_activations[part][lane] = activation_sums[part][lane];
          scaled_centres[part][lane] = centre_sums[part][lane];
        }
      }
    }
    scales_first = loads ? tile == 0 : scales_first;
    quads_left = loads ? QUADS : scales_rows ? quads_left - 1 : 0;

    // After the operands were taken: what comes is for later steps. Each bank is written in every step, if
    // with nothing in a place of its own: stores under conditions may become one store to any bank.
    word512 quantised(0);
    if (coming > 0) quantised = frames.read();
    for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
      const int to = coming > 0 && lane == coming_lane ? coming_at + coming_group : NOWHERE;
      for (int part = 0; part < PARTS; ++part) {
#pragma HLS UNROLL
        frame[part * LANES + lane][to] = quantised;
      }
    }
    if (coming > 0 && coming_group == 0) scales[coming_row] = frame_scale(quantised);
    const bool ends_parts = coming_group + op.part_groups >= op.groups;
    const bool ends_row = ends_parts && coming_first + 1 == op.part_groups;
    const bool ends_pass_rows = ends_row && coming_lane + 1 == LANES;
    coming = coming > 0 ? coming - 1 : 0;
    coming_first = ends_row ? 0 : ends_parts ? coming_first + 1 : coming_first;
    coming_group = ends_parts ? coming_first : coming_group + op.part_groups;
    coming_row = ends_row ? coming_row + 1 : coming_row;
    coming_at = ends_pass_rows ? coming_at + op.groups : coming_at;
    coming_lane = ends_pass_rows ? 0 : ends_row ? coming_lane + 1 : coming_lane;

    const bool ends_round = ends_pass && pass + 1 == passes;
    if (finishes) {
      leaving_lanes = ended_lanes;
      leaving_left = ended_tiles * ended_lanes * beats;
      leaving_lane = 0;
      leaving_beat = 0;
      leaving_odd = false;
      leaving_row = ended_row;
      leaving_at = ended_at;
      if (ended_round && !direct) {
        writing_wait = writing_waits;
        writing_tiles = ended_tiles;
        writing_half = ended_at;
      }
    }
    ended = (ended << 1 | (ends_pass ? 1 : 0)) & ((1 << QUADS) - 1);
    const bool next_finishes = (ended >> (QUADS - 1) & 1) != 0;
    const bool next_moves = leaving_left > 0 && (op.split != 0 || leaving_odd);
    takes_units = next_finishes || (next_moves && leaving_lane + 1 == leaving_lanes);
    for (int lane = 0; lane < LANES; ++lane) {
#pragma HLS UNROLL
      takes_results[lane] = next_finishes || (next_moves && lane == leaving_lane);
    }
    if (ends_pass) {
      const int rows_left = rows - first_row;
      ended_lanes = rows_left < LANES ? rows_left : LANES;
      ended_tiles = tiles_left < row_tiles ? tiles_left : row_tiles;
      ended_row = first_row;
      ended_at = half;
      ended_round = ends_round;
    }
    kept_at = ends_pass ? 0 : computes && !is_scales ? kept_at + 1 : kept_at;
    group = ends_pass ? 0 : computes && ends_group ? group + 1 : group;
    tile = ends_pass ? 0 : computes && ends_tile ? tile + 1 : tile;
    group_of_tile = !computes || ends_tile ? 0 : ends_group ? group_of_tile + 1 : group_of_tile;
    word = !computes || ends_group ? 0 : word + 1;
    step = ends_pass || !running ? 0 : step + 1;
    first_row = ends_round ? 0 : ends_pass ? first_row + LANES : first_row;
    frame_at = ends_round ? 0 : ends_pass ? frame_at + op.groups : frame_at;
    pass = ends_round ? 0 : ends_pass ? pass + 1 : pass;
    tiles_left = ends_round ? tiles_left - row_tiles : tiles_left;
    half = ends_round ? (half == 0 ? HELD : 0) : half;
    round = ends_round ? round + 1 : round;
  }
#endif
}

// Process. Reads the header, then runs every issue as said above.
template <class CONFIG, class WEIGHTS>
void engine(hls::stream<header_word>& headers, engine_frames<CONFIG>& frames,
            WEIGHTS (&weights)[CONFIG::channels], hls::stream<word512>& results) {
  step_header header;
  read_header<CONFIG::step_tokens>(headers, header);
  issue_order<CONFIG> order;
  for (int i = 0; i < issue_order<CONFIG>::count; ++i) {
#pragma HLS LOOP_FLATTEN off
    const issue op = CONFIG::issue(order.kind);
    run_issue<CONFIG>(op, count_rows(op.rows, CONFIG::fixed_rows, header), frames, weights, results);
    order.advance();
  }
}

}  // namespace st

#endif
