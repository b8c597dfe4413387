// SPDX-License-Identifier: Apache-2.0
// st_stream_fifo against StreamFifoCycles. BENCH_DEPTH and BENCH_STAGES are defined by the build.
#include "Vdut.h"
#include "bench.h"

namespace rtl_test {
namespace {

using Element = ap_uint<96>;
using Cycles = StreamFifoCycles<Element>;

class Bench {
 public:
  explicit Bench(uint64_t seed) : random_(seed), model_(BENCH_DEPTH, BENCH_STAGES, &borders_) {}

  int Run(uint64_t seed) {
    Reset();
    // Writer and reader are each alone the faster one for a while: the FIFO fills and empties.
    constexpr struct {
      int write_percent, read_percent, cycles;
    } kPhases[] = {{100, 0, BENCH_DEPTH + 40},
                   {100, 100, 400},
                   {100, 30, 200},
                   {0, 100, BENCH_DEPTH + 40},
                   {100, 100, 400},
                   {30, 100, 600},
                   {50, 50, 3000},
                   {90, 80, 2 * BENCH_DEPTH},
                   {80, 90, 2 * BENCH_DEPTH},
                   {5, 100, 200}};
    while (words_ < 10000) {
      for (const auto& phase : kPhases) {
        for (int i = 0; i < phase.cycles; ++i) {
          Step(random_.Percent(phase.write_percent), random_.Percent(phase.read_percent));
        }
      }
      Reset();  // whatever it holds
    }
    return Finish("st_stream_fifo, " + std::to_string(BENCH_DEPTH) + " deep, " +
                      std::to_string(BENCH_STAGES) + " stages",
                  seed, words_, cycle_, differences_, borders_);
  }

 private:
  void Reset() {
    typename Cycles::In in;
    in.reset = true;
    Cycle(in, false);
  }
  void Step(bool write, bool read) {
    typename Cycles::In in;
    in.write = write;
    in.read = read;
    for (int lane = 0; lane < 3; ++lane) st::set_field(in.element, 32 * lane, 32, random_.Word());
    const typename Cycles::Out out = Cycle(in, true);
    words_ += write && out.full_n;
  }
  typename Cycles::Out Cycle(const typename Cycles::In& in, bool compare) {
    const typename Cycles::Out out = model_.outputs();
    dut_.reset = in.reset;
    Put(dut_.din, in.element);
    // As HLS does: never against the flags.
    dut_.write = in.write && out.full_n;
    dut_.read = in.read && out.empty_n;
    dut_.clk = 0;
    dut_.eval();
    if (compare) {
      differences_.Check(dut_.full_n == out.full_n, cycle_, "full_n");
      differences_.Check(dut_.empty_n == out.empty_n, cycle_, "empty_n");
      if (out.empty_n) differences_.Check(Equal(dut_.dout, out.element), cycle_, "dout");
      ++cycle_;
    }
    dut_.clk = 1;
    dut_.eval();
    model_.tick(in, out);
    return out;
  }

  Random random_;
  Borders borders_;
  Cycles model_;
  Differences differences_;
  Vdut dut_;
  int64_t cycle_ = 0, words_ = 0;
};

}  // namespace
}  // namespace rtl_test

int main(int argc, char** argv) {
  const uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  return rtl_test::Bench(seed).Run(seed);
}
