// SPDX-License-Identifier: Apache-2.0
// The black boxes of a channel, one behind the other, against what the engine is to compute: exact sums of
// weights and activations, from their numbers. The C functions of the black boxes must say the same.
// BENCH_LANES is defined by the build.
#include <array>
#include <deque>
#include <vector>

#include "Vdut.h"
#include "bench.h"
#include "blackbox/blackboxes.h"

namespace rtl_test {
namespace {

constexpr int kLanes = BENCH_LANES;
using Slice = st::slice<kLanes>;

void MacSlice(hls::stream<st::weight_element>& weights, hls::stream<Slice::activation_beat>& activations,
              hls::stream<Slice::sum_beat>& sums) {
#if BENCH_LANES == 1
  st_mac_slice_1(weights, activations, sums);
#else
  st_mac_slice_2(weights, activations, sums);
#endif
}
void ScaleStage(hls::stream<Slice::sum_beat>& sums, hls::stream<Slice::result_beat>& results) {
#if BENCH_LANES == 1
  st_scale_stage_1(sums, results);
#else
  st_scale_stage_2(sums, results);
#endif
}

class Bench {
 public:
  explicit Bench(uint64_t seed) : random_(seed) {}

  int Run(uint64_t seed) {
    while (words_.size() < 12000) MakeRowTile();
    const int64_t words = static_cast<int64_t>(words_.size());
    CompareFunctions();

    Reset();
    const int64_t limit = 100 * words;
    bool offer_word = false, offer_activations = false;
    while (!results_.empty() && cycle_ < limit) {
      // Memory is fast at first, so that the FIFO fills, then slow.
      offer_word = offer_word || random_.Percent(cycle_ < limit / 200 ? 100 : 70);
      offer_activations = offer_activations || (cycle_ > 5000 && random_.Percent(95));
      dut_.words_empty_n = offer_word && !words_.empty();
      if (dut_.words_empty_n) Put(dut_.words_dout, words_.front());
      dut_.activations_empty_n = offer_activations && !activations_.empty();
      if (dut_.activations_empty_n) Put(dut_.activations_dout, activations_.front());
      dut_.results_full_n = random_.Percent(80);
      Clock(0);
      borders_.Meet("the FIFO is full", dut_.words_empty_n && !dut_.words_read);
      borders_.Meet("activations wait for weights",
                    cycle_ > limit / 200 && dut_.activations_empty_n && !dut_.activations_read);
      if (dut_.results_write) {
        differences_.Check(Equal(dut_.results_din, results_.front()), cycle_, "results_din");
        results_.pop_front();
      }
      const bool word_taken = dut_.words_read, activations_taken = dut_.activations_read;
      Clock(1);
      if (word_taken) {
        words_.pop_front();
        offer_word = false;
      }
      if (activations_taken) {
        activations_.pop_front();
        offer_activations = false;
      }
      ++cycle_;
    }
    differences_.Check(results_.empty(), cycle_, "the number of results");
    return Finish("weights FIFO, MAC slice, scale stage, " + std::to_string(kLanes) +
                      (kLanes == 1 ? " lane" : " lanes"),
                  seed, words, cycle_, differences_, borders_);
  }

 private:
  using Row = std::array<int32_t, contract::kGroupElements>;

  void Clock(int level) {
    dut_.ap_clk = level;
    dut_.eval();
  }
  void Reset() {
    dut_.ap_rst = 1;
    dut_.ap_ce = 1;
    dut_.words_empty_n = dut_.activations_empty_n = dut_.results_full_n = 0;
    for (int i = 0; i < 16; ++i) {
      Clock(0);
      Clock(1);
    }
    dut_.ap_rst = 0;
  }

  void CompareFunctions() {
    hls::stream<st::weight_element> words, weights;
    hls::stream<Slice::activation_beat> activations;
    hls::stream<Slice::sum_beat> sums;
    hls::stream<Slice::result_beat> results;
    for (const st::weight_element& word : words_) words.write(word);
    for (const Slice::activation_beat& beat : activations_) activations.write(beat);
    st_weights_fifo(words, weights);
    MacSlice(weights, activations, sums);
    ScaleStage(sums, results);
    for (const Slice::result_beat& result : results_) {
      differences_.Check(!results.empty() && results.read() == result, 0, "the result of the C functions");
    }
    differences_.Check(weights.empty() && results.empty(), 0, "the C functions' number of elements");
  }

  // A row tile of U4 or I8 with its groups, a step's tokens, and their results.
  void MakeRowTile() {
    const bool i8 = random_.Percent(30);
    const int groups = random_.Between(1, 20), tokens = random_.Between(1, contract::kMaxStepTokens);
    const int passes = contract::CeilDiv(tokens, kLanes);
    std::vector<std::array<int64_t, contract::kTileRows>> totals(static_cast<size_t>(passes * kLanes));
    std::array<uint32_t, contract::kTileRows> units{};
    for (auto& total : totals) total.fill(0);
    for (int group = 0; group < groups; ++group) {
      std::array<Row, contract::kTileRows> weights;
      std::array<int32_t, contract::kTileRows> d, m;
      st::weight_element scales(0);
      st::set_field(scales, contract::kScalesFlag, 1, 1);
      for (int r = 0; r < contract::kTileRows; ++r) {
        for (int32_t& weight : weights[r]) weight = i8 ? random_.Between(-128, 127) : random_.Between(-8, 7);
        d[r] = random_.Between(-1023, 1023);
        m[r] = random_.Between(-2047, 2047);
        const uint32_t unit = random_.Word() & 0xffu;
        if (group == 0) units[r] = unit;
        st::set_field(scales, 32 * r, 12, static_cast<uint32_t>(d[r]));
        st::set_field(scales, 32 * r + 12, 4, unit & 15u);
        st::set_field(scales, 32 * r + 16, 12, static_cast<uint32_t>(m[r]));
        st::set_field(scales, 32 * r + 28, 4, unit >> 4);
      }
      PutPlanes(weights, i8);
      words_.push_back(scales);
      for (int pass = 0; pass < passes; ++pass) {
        Slice::activation_beat beat(0);
        for (int n = 0; n < kLanes; ++n) {
          Row activations;
          int32_t asum = 0;
          const int lane = n * contract::kActivationLaneBits, shift = random_.Below(4);
          for (int k = 0; k < contract::kGroupElements; ++k) {
            activations[k] = random_.Between(-127, 127);
            asum += activations[k];
            st::set_field(beat, lane + 8 * k, 8, static_cast<uint32_t>(activations[k]));
          }
          st::set_field(beat, lane + contract::kLaneActivationSum, contract::kActivationSumBits,
                        static_cast<uint32_t>(asum));
          st::set_field(beat, lane + contract::kLaneGroupShift, contract::kGroupShiftBits,
                        static_cast<uint32_t>(shift));
          for (int r = 0; r < contract::kTileRows; ++r) {
            int64_t isum = 0;
            for (int k = 0; k < contract::kGroupElements; ++k) isum += weights[r][k] * activations[k];
            totals[static_cast<size_t>(pass * kLanes + n)][r] += (d[r] * isum + m[r] * asum) * (1 << shift);
          }
        }
        const int tag = kLanes * contract::kActivationLaneBits;
        st::set_field(beat, tag + contract::kActivationPass, contract::kPassBits,
                      static_cast<uint32_t>(pass));
        st::set_field(beat, tag + contract::kActivationFirst, 1, group == 0);
        st::set_field(beat, tag + contract::kActivationLast, 1, group == groups - 1);
        st::set_field(beat, tag + contract::kActivationEndsTile, 1, pass == passes - 1);
        st::set_field(beat, tag + contract::kActivationTwoPlanes, 1, i8);
        activations_.push_back(beat);
      }
    }
    for (int pass = 0; pass < passes; ++pass) {
      for (int quad = 0; quad < contract::kQuads; ++quad) {
        Slice::result_beat result(0);
        const int tag = kLanes * contract::kResultLaneBits;
        for (int r = 0; r < contract::kQuadRows; ++r) {
          const int row = contract::kQuadRows * quad + r;
          for (int n = 0; n < kLanes; ++n) {
            const int64_t total = totals[static_cast<size_t>(pass * kLanes + n)][row];
            const int at = n * contract::kResultLaneBits + contract::kRowSumBits * r;
            st::set_field(result, at, 32, static_cast<uint32_t>(total));
            st::set_field(result, at + 32, 16, static_cast<uint32_t>(total >> 32));
          }
          st::set_field(result, tag + 8 * r, 8, units[row]);
        }
        st::set_field(result, tag + contract::kResultQuad, contract::kQuadBits, static_cast<uint32_t>(quad));
        st::set_field(result, tag + contract::kResultPass, contract::kPassBits, static_cast<uint32_t>(pass));
        results_.push_back(result);
      }
    }
  }

  // The nibble words of a tile: U4's, or the two planes of I8.
  void PutPlanes(const std::array<Row, contract::kTileRows>& weights, bool i8) {
    for (int plane = 0; plane < (i8 ? 2 : 1); ++plane) {
      for (int w = 0; w < contract::kPlaneWords; ++w) {
        st::weight_element element(0);
        for (int r = 0; r < contract::kTileRows; ++r) {
          for (int b = 0; b < 4; ++b) {
            for (int half = 0; half < 2; ++half) {
              const uint32_t raw = static_cast<uint32_t>(weights[r][16 * half + 4 * w + b] + (i8 ? 128 : 8));
              st::set_field(element, 8 * (4 * r + b) + 4 * half, 4, raw >> (4 * plane) & 15u);
            }
          }
        }
        words_.push_back(element);
      }
    }
  }

  Random random_;
  Borders borders_;
  Differences differences_;
  Vdut dut_;
  int64_t cycle_ = 0;
  std::deque<st::weight_element> words_;
  std::deque<Slice::activation_beat> activations_;
  std::deque<Slice::result_beat> results_;
};

}  // namespace
}  // namespace rtl_test

int main(int argc, char** argv) {
  const uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  return rtl_test::Bench(seed).Run(seed);
}
