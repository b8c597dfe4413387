// SPDX-License-Identifier: Apache-2.0
// st_mac_slice against mac_plane() and MacSliceCycles: every output in every cycle. BENCH_LANES is defined by
// the build.
#include <deque>

#include "Vdut.h"
#include "bench.h"

namespace rtl_test {
namespace {

constexpr int kLanes = BENCH_LANES;
using Cycles = MacSliceCycles<kLanes>;

struct Scenario {
  int passes;       // of a tile
  int most_groups;  // of a row
  int i8_percent;   // of the row tiles
  int weights_percent, activations_percent, room_percent, enable_percent;
  bool extreme;  // values at the ends of their ranges
};

constexpr int kPasses = contract::kMaxStepTokens / kLanes;
constexpr Scenario kScenarios[] = {
    {1, 6, 0, 100, 100, 100, 100, false},       {1, 18, 50, 100, 100, 100, 100, true},
    {2, 7, 30, 70, 100, 100, 100, false},       {kPasses, 8, 30, 90, 60, 100, 100, false},
    {kPasses, 2, 100, 100, 100, 50, 100, true}, {3, 1, 50, 70, 70, 40, 90, false},
    {1, 3, 40, 100, 5, 100, 100, false},        {1, 3, 40, 100, 100, 12, 95, true},
    {1, 4, 0, 100, 2, 100, 100, false},
};

class Bench {
 public:
  Bench(uint64_t seed) : random_(seed), model_(&borders_) {}

  int Run(uint64_t seed) {
    for (const Scenario& scenario : kScenarios) {
      Reset();
      for (int64_t end = words_ + 1300; words_ < end;) Play(scenario);
      Drain(scenario);
    }
    // A reset in the middle of things leaves nothing behind.
    Reset();
    for (int i = 0; i < 60; ++i) Play(kScenarios[1]);
    Reset();
    for (int i = 0; i < 2000; ++i) Play(kScenarios[2]);
    differences_.Check(model_.overflows() == 0, cycle_, "room for scales");
    return Finish("st_mac_slice, " + std::to_string(kLanes) + (kLanes == 1 ? " lane" : " lanes"), seed,
                  words_, cycle_, differences_, borders_);
  }

 private:
  void Reset() {
    weights_.clear();
    activations_.clear();
    offer_weights_ = offer_activations_ = false;
    typename Cycles::In in;
    in.reset = true;
    for (int i = 0; i < 16; ++i) Cycle(in, false);
  }

  // A cycle in which what is offered stays until it is taken.
  void Play(const Scenario& scenario) {
    while (weights_.size() < 20) MakeRowTile(scenario);
    offer_weights_ = offer_weights_ || random_.Percent(scenario.weights_percent);
    offer_activations_ = offer_activations_ || random_.Percent(scenario.activations_percent);
    Step(scenario, random_.Percent(scenario.room_percent), random_.Percent(scenario.enable_percent));
  }
  void Drain(const Scenario& scenario) {
    for (int i = 0; i < 3000; ++i) {
      offer_weights_ = offer_activations_ = true;
      Step(scenario, true, true);
    }
  }
  void Step(const Scenario&, bool room, bool enable) {
    typename Cycles::In in;
    in.enable = enable;
    in.room = room;
    in.weights_there = offer_weights_ && !weights_.empty();
    if (!weights_.empty()) in.weights = weights_.front();
    in.activations_there = offer_activations_ && !activations_.empty();
    if (!activations_.empty()) in.activations = activations_.front();
    const typename Cycles::Out out = Cycle(in, true);
    if (out.weights_read) {
      weights_.pop_front();
      offer_weights_ = false;
      ++words_;
    }
    if (out.activations_read) {
      activations_.pop_front();
      offer_activations_ = false;
    }
  }

  typename Cycles::Out Cycle(const typename Cycles::In& in, bool compare) {
    dut_.ap_rst = in.reset;
    dut_.ap_ce = in.enable;
    Put(dut_.weights_dout, in.weights);
    dut_.weights_empty_n = in.weights_there;
    Put(dut_.activations_dout, in.activations);
    dut_.activations_empty_n = in.activations_there;
    dut_.sums_full_n = in.room;
    dut_.ap_clk = 0;
    dut_.eval();
    const typename Cycles::Out out = model_.outputs(in);
    if (compare) {
      differences_.Check(dut_.weights_read == out.weights_read, cycle_, "weights_read");
      differences_.Check(dut_.activations_read == out.activations_read, cycle_, "activations_read");
      differences_.Check(dut_.sums_write == out.sums_write, cycle_, "sums_write");
      if (out.sums_write) differences_.Check(Equal(dut_.sums_din, out.sums), cycle_, "sums_din");
      ++cycle_;
    }
    dut_.ap_clk = 1;
    dut_.eval();
    model_.tick(in, out);
    return out;
  }

  // The tiles of a row tile, group by group, and their passes.
  void MakeRowTile(const Scenario& scenario) {
    const bool i8 = random_.Percent(scenario.i8_percent);
    const int groups = random_.Between(1, scenario.most_groups);
    for (int group = 0; group < groups; ++group) {
      for (int w = 0; w < (i8 ? 2 : 1) * contract::kPlaneWords; ++w)
        weights_.push_back(Word(scenario, false));
      weights_.push_back(Word(scenario, true));
      for (int pass = 0; pass < scenario.passes; ++pass) {
        typename Cycles::ActivationBeat beat(0);
        for (int n = 0; n < kLanes; ++n) {
          int sum = 0;
          const int lane = n * contract::kActivationLaneBits;
          for (int k = 0; k < contract::kGroupElements; ++k) {
            const int value =
                scenario.extreme ? (random_.Below(8) == 0 ? 127 : -127) : random_.Between(-127, 127);
            sum += value;
            st::set_field(beat, lane + contract::kActivationBits * k, contract::kActivationBits,
                          static_cast<uint32_t>(value));
          }
          st::set_field(beat, lane + contract::kLaneActivationSum, contract::kActivationSumBits,
                        static_cast<uint32_t>(sum));
          st::set_field(beat, lane + contract::kLaneGroupShift, contract::kGroupShiftBits, random_.Word());
        }
        const int tag = kLanes * contract::kActivationLaneBits;
        st::set_field(beat, tag + contract::kActivationPass, contract::kPassBits,
                      static_cast<uint32_t>(pass));
        st::set_field(beat, tag + contract::kActivationFirst, 1, group == 0);
        st::set_field(beat, tag + contract::kActivationLast, 1, group == groups - 1);
        st::set_field(beat, tag + contract::kActivationEndsTile, 1, pass == scenario.passes - 1);
        st::set_field(beat, tag + contract::kActivationTwoPlanes, 1, i8);
        activations_.push_back(beat);
      }
    }
  }
  st::weight_element Word(const Scenario& scenario, bool scales) {
    st::weight_element element(0);
    for (int low = 0; low < contract::kWordBits; low += contract::kNibbleBits) {
      const uint32_t nibble = scenario.extreme ? (random_.Below(4) == 0 ? 0 : 15) : random_.Word();
      st::set_field(element, low, contract::kNibbleBits, nibble);
    }
    st::set_field(element, contract::kScalesFlag, 1, scales);
    return element;
  }

  Random random_;
  Borders borders_;
  Cycles model_;
  Differences differences_;
  Vdut dut_;
  int64_t cycle_ = 0, words_ = 0;
  bool offer_weights_ = false, offer_activations_ = false;
  std::deque<st::weight_element> weights_;
  std::deque<typename Cycles::ActivationBeat> activations_;
};

}  // namespace
}  // namespace rtl_test

int main(int argc, char** argv) {
  const uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  return rtl_test::Bench(seed).Run(seed);
}
