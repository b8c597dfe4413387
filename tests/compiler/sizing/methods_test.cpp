// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/methods.h"

#include <functional>
#include <limits>

#include "compiler/sizing/graph_file.h"
#include "compiler/sizing/paper_program.h"
#include "tests/compiler/sizing/random_problem.h"

namespace streamtensor::sizing {
namespace {

constexpr Method kThatKeepPace[] = {Method::kUnboundedPeak, Method::kGreedy, Method::kAnnealing,
                                    Method::kLeastCost};

// The least price of depths that keep pace, by trying all.
double LeastPrice(Judge& judge, const FifoPrices& prices) {
  const Problem& problem = judge.problem();
  double best = std::numeric_limits<double>::infinity();
  Depths depths(problem.fifos.size(), 1);
  std::function<void(size_t)> choose = [&](size_t channel) {
    if (channel < depths.size()) {
      for (int64_t depth = problem.fifos[channel].least_depth; depth <= judge.unbounded_peak()[channel];
           ++depth) {
        depths[channel] = depth;
        choose(channel + 1);
      }
      return;
    }
    const double price = prices.Price(problem, depths);
    if (price < best && judge.KeepsPace(depths)) best = price;
  };
  choose(0);
  return best;
}

TEST(LeastCost, IsTheLeastOfAllDepthsOfSmallNetworks) {
  int shallower = 0;  // than the peaks
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const Problem problem = RandomProblem(random, 4, 8, seed % 3 == 0);
    Judge judge(problem);
    double all = 1;
    for (const int64_t peak : judge.unbounded_peak()) all *= static_cast<double>(peak);
    if (all > 2000) continue;
    const FifoPrices prices = PricesOf(Objective::kBits);
    const double best = LeastPrice(judge, prices);
    const auto found =
        FindDepths(Method::kLeastCost, judge, prices, {.seed = seed, .least_cost_moves = 20'000});
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(prices.Price(problem, *found), best);
    EXPECT_TRUE(judge.KeepsPace(*found));
    shallower += best < prices.Price(problem, judge.unbounded_peak());
  }
  EXPECT_GT(shallower, 5);
}

TEST(LeastToComplete, CantLoseAnElement) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const Problem problem = RandomProblem(random, 3 + static_cast<int32_t>(random() % 5), 16, seed % 2 == 0);
    Judge judge(problem);
    Depths depths = LeastToComplete(judge, PricesOf(Objective::kBits));
    EXPECT_TRUE(judge.Completes(depths));
    for (int64_t& depth : depths) {
      if (depth == 1) continue;
      --depth;
      EXPECT_FALSE(judge.Completes(depths));
      ++depth;
    }
  }
}

TEST(Methods, ThatPromiseToKeepPaceDo) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    const Problem problem = RandomProblem(random, 3 + static_cast<int32_t>(random() % 8), 32, seed % 2 == 0);
    Judge judge(problem);
    const FifoPrices prices = PricesOf(Objective::kPrice);
    const MethodOptions options{.seed = seed, .annealing_replays = 100, .least_cost_moves = 10'000};
    for (const Method method : kThatKeepPace) {
      SCOPED_TRACE(kMethodNames[static_cast<size_t>(method)]);
      const auto depths = FindDepths(method, judge, prices, options);
      ASSERT_TRUE(depths.ok()) << depths.status();
      EXPECT_TRUE(judge.KeepsPace(*depths));
      EXPECT_TRUE(judge.Completes(*depths));
      EXPECT_EQ(*depths, *FindDepths(method, judge, prices, options)) << "not repeatable";
    }
  }
}

TEST(LeastCost, CostsNoMoreThanTheOthersThatKeepPace) {
  for (const char* graph : {"atax", "gesummv", "residual_block"}) {
    SCOPED_TRACE(graph);
    const auto problem = ReadGraph(std::string(ST_GRAPHS_DIR "/") + graph + ".yaml");
    ASSERT_TRUE(problem.ok()) << problem.status();
    Judge judge(*problem);
    const FifoPrices prices = PricesOf(Objective::kPrice);
    const MethodOptions options{.seed = 1, .annealing_replays = 30, .least_cost_moves = 500'000};
    const auto least = FindDepths(Method::kLeastCost, judge, prices, options);
    ASSERT_TRUE(least.ok()) << least.status();
    for (const Method method : kThatKeepPace) {
      const auto depths = FindDepths(method, judge, prices, options);
      ASSERT_TRUE(depths.ok()) << depths.status();
      EXPECT_LE(prices.Price(*problem, *least), prices.Price(*problem, *depths) + 1e-12)
          << kMethodNames[static_cast<size_t>(method)];
    }
  }
}

TEST(Paper, TokensAsItsFormulaSays) {
  // 100 tokens, the first after 10 cycles.
  TokenStream fast{.first = 10, .ii = 1, .tokens = 100}, slow{.first = 10, .ii = 4, .tokens = 100};
  // A target that takes one in 4 cycles has taken (109 - 50) / 4 of them when the last comes.
  EXPECT_EQ(PaperTokens(fast, slow, 109, 10, 50), 100 - (109 - 50) / 4);
  EXPECT_EQ(PaperTokens(fast, slow, 109, 10, 500), 100);  // it begins when all are there
  // A slow source has written (50 - 10) / 4 of them when the target begins.
  EXPECT_EQ(PaperTokens(slow, fast, 406, 10, 50), 10);
  EXPECT_EQ(PaperTokens(slow, fast, 406, 10, 5), 0);
  EXPECT_EQ(PaperTokens({}, fast, 0, 0, 5), 0);
}

// Two ways of unequal delay: the short one gets the difference.
TEST(Paper, DelaysTheShortPath) {
  Problem problem;
  problem.network.processes = {{"fork", {}}, {"slow", {}}, {"add", {}}};
  const int32_t a = Connect(problem, 0, 1), b = Connect(problem, 0, 2), y = Connect(problem, 1, 2);
  constexpr int64_t kTokens = 100;
  {
    compiler::ProgramBuilder builder(problem.network.processes[0]);
    builder.Loop(kTokens, [&] {
      builder.Write(a, 1, 0);
      builder.Write(b, 1, 1);
    });
  }
  {
    compiler::ProgramBuilder builder(problem.network.processes[1]);
    builder.Read(a, 40, 1);
    builder.Loop(kTokens - 40, [&] {
      builder.Read(a, 1, 0);
      builder.Write(y, 1, 1);
    });
    builder.Write(y, 40, 1);
  }
  {
    compiler::ProgramBuilder builder(problem.network.processes[2]);
    builder.Loop(kTokens, [&] {
      builder.Read(y, 1, 0);
      builder.Read(b, 1, 1);
    });
  }
  const OwnSchedules own = FindOwnSchedules(problem);
  const auto depths = PaperDepths(problem, own, Equalisation::kNormal, UnboundedDepths(problem));
  ASSERT_TRUE(depths.ok()) << depths.status();
  EXPECT_NEAR(static_cast<double>((*depths)[b]), 44, 6);
  EXPECT_LE((*depths)[y], 4);
}

}  // namespace
}  // namespace streamtensor::sizing
