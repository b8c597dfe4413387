// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/start_times.h"

#include <functional>

#include "tests/compiler/sizing/random_problem.h"

namespace streamtensor::sizing {
namespace {

// Reads a row, then writes one.
void RowWise(Problem& problem, int32_t process, int32_t in, int32_t out, int64_t rows, int64_t width) {
  compiler::ProgramBuilder builder(problem.network.processes[process]);
  builder.Loop(rows, [&] {
    builder.Read(in, width);
    builder.Write(out, width);
  });
}

TEST(OwnSchedules, AreThoseOfTheProcessesAlone) {
  Problem problem;
  problem.network.processes = {{"load", {}}, {"norm", {}}, {"store", {}}};
  const int32_t x = Connect(problem, 0, 1), y = Connect(problem, 1, 2);
  compiler::ProgramBuilder(problem.network.processes[0]).Write(x, 40, 3);
  RowWise(problem, 1, x, y, 4, 10);
  compiler::ProgramBuilder(problem.network.processes[2]).Read(y, 40, 1);
  const OwnSchedules own = FindOwnSchedules(problem);
  const double handover = problem.timing.handover_cycles;
  EXPECT_EQ(own.writes[x].tokens, 40);
  EXPECT_EQ(own.writes[x].ii, 3);
  EXPECT_EQ(own.processes[0].initial_delay, 3 + handover);
  EXPECT_EQ(own.processes[0].latency, 120);
  // The norm doesn't wait for the slow load.
  EXPECT_EQ(own.processes[1].initial_delay, handover + 10 + 1 + handover);
  EXPECT_EQ(own.processes[1].latency, handover + 80);
  EXPECT_NE(own.cycle[0], own.cycle[1]);
}

TEST(OwnSchedules, ACycleRunsTogether) {
  Problem problem;
  problem.network.processes = {{"carry", {}}, {"layer", {}}, {"store", {}}};
  const int32_t to = Connect(problem, 0, 1), back = Connect(problem, 1, 0), out = Connect(problem, 0, 2);
  {
    compiler::ProgramBuilder builder(problem.network.processes[0]);
    builder.Loop(3, [&] {
      builder.Write(to, 4);
      builder.Read(back, 4);
    });
    builder.Write(out, 4);
  }
  {
    compiler::ProgramBuilder builder(problem.network.processes[1]);
    builder.Loop(3, [&] {
      builder.Read(to, 4);
      builder.Compute(50);
      builder.Write(back, 4);
    });
  }
  compiler::ProgramBuilder(problem.network.processes[2]).Read(out, 4);
  const OwnSchedules own = FindOwnSchedules(problem);
  EXPECT_EQ(own.cycle[0], own.cycle[1]);
  EXPECT_NE(own.cycle[0], own.cycle[2]);
  EXPECT_GT(own.processes[0].latency, 3 * 50);  // it waits for the layer
  const FifoPrices prices = PricesOf(Objective::kBits);
  const auto times = FindStartTimes(problem, own, prices, Equalisation::kNormal);
  ASSERT_TRUE(times.ok()) << times.status();
  Judge judge(problem);
  EXPECT_TRUE(judge.KeepsPace(times->depths));
  EXPECT_TRUE(judge.Completes(times->depths));
}

// fork -> slow (a row at a time) -> add, and fork -> add: the short way holds what the long one delays.
TEST(StartTimes, AReconvergentPathHoldsARow) {
  Problem problem;
  problem.network.processes = {{"load", {}}, {"fork", {}}, {"norm", {}}, {"add", {}}};
  const int32_t x = Connect(problem, 0, 1), a = Connect(problem, 1, 2), b = Connect(problem, 1, 3),
                y = Connect(problem, 2, 3);
  constexpr int64_t kRows = 6, kWidth = 16;
  compiler::ProgramBuilder(problem.network.processes[0]).Write(x, kRows * kWidth);
  {
    compiler::ProgramBuilder builder(problem.network.processes[1]);
    builder.Loop(kRows * kWidth, [&] {
      builder.Read(x, 1, 0);
      builder.Write(a, 1, 0);
      builder.Write(b, 1, 0);
      builder.Compute(1);
    });
  }
  RowWise(problem, 2, a, y, kRows, kWidth);
  {
    compiler::ProgramBuilder builder(problem.network.processes[3]);
    builder.Loop(kRows * kWidth, [&] {
      builder.Read(y, 1, 0);
      builder.Read(b, 1, 0);
      builder.Compute(1);
    });
  }
  const FifoPrices prices = PricesOf(Objective::kBits);
  const OwnSchedules own = FindOwnSchedules(problem);
  for (const Equalisation equalisation : {Equalisation::kNormal, Equalisation::kConservative}) {
    const auto times = FindStartTimes(problem, own, prices, equalisation);
    ASSERT_TRUE(times.ok()) << times.status();
    EXPECT_GE(times->depths[b], kWidth);
    EXPECT_LE(times->depths[x], 8);
    if (equalisation == Equalisation::kConservative) {
      EXPECT_LE(times->depths[b], 3 * kWidth);
    }
    EXPECT_TRUE(Judge(problem).Completes(times->depths));
  }
}

// No starts within the same time make the program's objective smaller.
TEST(StartTimes, AreTheBestOfAllStarts) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    Problem problem = RandomProblem(random, 4, 4, false);
    problem.timing.handover_cycles = 0;
    for (Fifo& fifo : problem.fifos) fifo.bits = 8;
    const OwnSchedules own = FindOwnSchedules(problem);
    const auto times = FindStartTimes(problem, own, PricesOf(Objective::kBits), Equalisation::kNormal);
    ASSERT_TRUE(times.ok()) << times.status();
    auto weight = [&](size_t channel) {
      const auto& ends = problem.network.channels[channel];
      const double longest = std::max(own.processes[ends.source].latency, own.processes[ends.sink].latency);
      return longest > 0 ? 1 / longest : 0;
    };
    auto objective = [&](const std::vector<double>& start) {
      double sum = 0;
      for (size_t c = 0; c < problem.fifos.size(); ++c) {
        const auto& ends = problem.network.channels[c];
        sum += weight(c) * (start[ends.sink] - start[ends.source]);
      }
      return sum;
    };
    double best = std::numeric_limits<double>::infinity();
    std::vector<double> start(4, 0);
    // Sources come before their sinks.
    std::function<void(size_t)> choose = [&](size_t process) {
      if (process == start.size()) {
        best = std::min(best, objective(start));
        return;
      }
      double least = 0;
      for (size_t c = 0; c < problem.fifos.size(); ++c) {
        const auto& ends = problem.network.channels[c];
        if (ends.sink != static_cast<int32_t>(process)) continue;
        least = std::max(least, start[ends.source] + LeastDistance(own.curves[c], 1, 1));
      }
      for (double at = least; at + own.processes[process].latency <= times->cycles; ++at) {
        start[process] = at;
        choose(process + 1);
      }
    };
    choose(0);
    EXPECT_NEAR(objective(times->start), best, 1e-6);
  }
}

// The depths follow from a run, so that the network is no later than it.
TEST(StartTimes, TheNetworkIsNoLater) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const Problem problem =
        RandomProblem(random, 3 + static_cast<int32_t>(random() % 6), 16, random() % 2 == 0);
    const OwnSchedules own = FindOwnSchedules(problem);
    Judge judge(problem);
    for (const Equalisation equalisation : {Equalisation::kNormal, Equalisation::kConservative}) {
      const auto times = FindStartTimes(problem, own, PricesOf(Objective::kPrice), equalisation);
      ASSERT_TRUE(times.ok()) << times.status();
      EXPECT_TRUE(judge.Completes(times->depths));
      EXPECT_LE(judge.Time(times->depths).cycles, times->cycles + problem.timing.handover_cycles + 1e-3);
    }
  }
}

}  // namespace
}  // namespace streamtensor::sizing
