// SPDX-License-Identifier: Apache-2.0
// st_scale_stage against scale_beat() and ScaleStageCycles. BENCH_LANES is defined by the build.
#include <deque>

#include "Vdut.h"
#include "bench.h"

namespace rtl_test {
namespace {

constexpr int kLanes = BENCH_LANES;
using Cycles = ScaleStageCycles<kLanes>;

struct Scenario {
  int passes;
  int groups;      // of a row; more than one of them at the ends of all ranges tests the width of the sums
  int i8_percent;  // of the row tiles
  int sums_percent, room_percent, enable_percent;
  bool extreme;
};

constexpr int kPasses = contract::kMaxStepTokens / kLanes;
constexpr Scenario kScenarios[] = {
    {1, 6, 50, 100, 100, 100, false},     {kPasses, 5, 50, 100, 100, 100, true},
    {2, 1, 0, 100, 60, 100, false},       {3, 2, 30, 70, 20, 100, true},
    {kPasses, 1, 50, 80, 100, 80, false}, {1, 300, 100, 100, 100, 100, true},
    {2, 9, 50, 100, 30, 90, false},
};

class Bench {
 public:
  explicit Bench(uint64_t seed) : random_(seed), model_(&borders_) {}

  int Run(uint64_t seed) {
    for (const Scenario& scenario : kScenarios) {
      Reset();
      for (int64_t end = beats_ + 2500; beats_ < end;) {
        while (sums_.size() < 20) MakeRowTile(scenario);
        offer_ = offer_ || random_.Percent(scenario.sums_percent);
        Step(random_.Percent(scenario.room_percent), random_.Percent(scenario.enable_percent));
      }
      for (int i = 0; i < 200; ++i) Step(true, true);
    }
    return Finish("st_scale_stage, " + std::to_string(kLanes) + (kLanes == 1 ? " lane" : " lanes"), seed,
                  beats_, cycle_, differences_, borders_);
  }

 private:
  void Reset() {
    sums_.clear();
    offer_ = false;
    typename Cycles::In in;
    in.reset = true;
    for (int i = 0; i < 16; ++i) Cycle(in, false);
  }
  void Step(bool room, bool enable) {
    typename Cycles::In in;
    in.room = room;
    in.enable = enable;
    in.sums_there = offer_ && !sums_.empty();
    if (!sums_.empty()) in.sums = sums_.front();
    if (Cycle(in, true).sums_read) {
      sums_.pop_front();
      offer_ = false;
      ++beats_;
    }
  }
  typename Cycles::Out Cycle(const typename Cycles::In& in, bool compare) {
    dut_.ap_rst = in.reset;
    dut_.ap_ce = in.enable;
    Put(dut_.sums_dout, in.sums);
    dut_.sums_empty_n = in.sums_there;
    dut_.results_full_n = in.room;
    dut_.ap_clk = 0;
    dut_.eval();
    const typename Cycles::Out out = model_.outputs(in);
    if (compare) {
      differences_.Check(dut_.sums_read == out.sums_read, cycle_, "sums_read");
      differences_.Check(dut_.results_write == out.results_write, cycle_, "results_write");
      if (out.results_write) differences_.Check(Equal(dut_.results_din, out.results), cycle_, "results_din");
      ++cycle_;
    }
    dut_.ap_clk = 1;
    dut_.eval();
    model_.tick(in, out);
    return out;
  }

  int32_t Number(const Scenario& scenario, int32_t least, int32_t most) {
    if (scenario.extreme) return random_.Below(16) == 0 ? least : most;
    return random_.Between(least, most);
  }

  // Beats as a slice sends them: groups, passes, planes, quads.
  void MakeRowTile(const Scenario& scenario) {
    const bool i8 = random_.Percent(scenario.i8_percent);
    for (int group = 0; group < scenario.groups; ++group) {
      uint32_t scales[contract::kTileRows];
      for (uint32_t& lane : scales) {
        lane = scenario.extreme ? (static_cast<uint32_t>(Number(scenario, -2048, 2047)) & 0xfffu) |
                                      (static_cast<uint32_t>(Number(scenario, -2048, 2047)) & 0xfffu) << 16 |
                                      (random_.Word() & 0xf000f000u)
                                : random_.Word();
      }
      for (int pass = 0; pass < scenario.passes; ++pass) {
        int32_t asum[kLanes], shift[kLanes];
        for (int n = 0; n < kLanes; ++n) {
          asum[n] = Number(scenario, -4064, 4064);
          shift[n] = scenario.extreme ? 3 : random_.Below(4);
        }
        for (int plane = 0; plane < (i8 ? 2 : 1); ++plane) {
          for (int quad = 0; quad < contract::kQuads; ++quad) {
            typename Cycles::SumBeat beat(0);
            for (int n = 0; n < kLanes; ++n) {
              const int lane = n * contract::kSumLaneBits;
              for (int r = 0; r < contract::kQuadRows; ++r) {
                st::set_field(beat, lane + contract::kPlaneSumBits * r, contract::kPlaneSumBits,
                              static_cast<uint32_t>(Number(scenario, -65535, 65535)));
              }
              st::set_field(beat, lane + contract::kLanePlaneActivationSum, contract::kActivationSumBits,
                            static_cast<uint32_t>(asum[n]));
              st::set_field(beat, lane + contract::kLanePlaneShift, contract::kGroupShiftBits,
                            static_cast<uint32_t>(shift[n]));
            }
            const int tag = kLanes * contract::kSumLaneBits;
            for (int r = 0; r < contract::kQuadRows; ++r) {
              st::set_field(beat, tag + 32 * r, 32, scales[contract::kQuadRows * quad + r]);
            }
            st::set_field(beat, tag + contract::kSumQuad, contract::kQuadBits, static_cast<uint32_t>(quad));
            st::set_field(beat, tag + contract::kSumPass, contract::kPassBits, static_cast<uint32_t>(pass));
            st::set_field(beat, tag + contract::kSumFirst, 1, group == 0 && plane == 0);
            st::set_field(beat, tag + contract::kSumLast, 1,
                          group == scenario.groups - 1 && (plane == 1 || !i8));
            st::set_field(beat, tag + contract::kSumHighPlane, 1, plane);
            sums_.push_back(beat);
          }
        }
      }
    }
  }

  Random random_;
  Borders borders_;
  Cycles model_;
  Differences differences_;
  Vdut dut_;
  int64_t cycle_ = 0, beats_ = 0;
  bool offer_ = false;
  std::deque<typename Cycles::SumBeat> sums_;
};

}  // namespace
}  // namespace rtl_test

int main(int argc, char** argv) {
  const uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  return rtl_test::Bench(seed).Run(seed);
}
