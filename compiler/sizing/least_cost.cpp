// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <random>
#include <span>

#include "compiler/sizing/levels.h"
#include "compiler/sizing/methods.h"

namespace streamtensor::sizing {
namespace {

constexpr int kMostAttempts = 1000;

// Lowers FIFOs of a state that keeps pace, as far as it goes on doing so. A deeper FIFO never harms, so a
// level that is too low stays so when others sink after it.
class Descent {
 public:
  Descent(Judge& judge, const Levels& levels) : judge_(judge), levels_(levels) {}

  // In the order given, each to its least with the others as they are: many at once where all of them can go
  // to the bottom.
  void Lower(Levels::State& state, std::span<const size_t> channels) {
    std::vector<size_t> high;
    for (const size_t channel : channels) {
      if (state[channel] > 0) high.push_back(channel);
    }
    if (high.empty()) return;
    Levels::State bottom = state;
    for (const size_t channel : high) bottom[channel] = 0;
    if (Holds(bottom)) {
      state = std::move(bottom);
      return;
    }
    if (high.size() == 1) {
      LowerOne(state, high.front());
      return;
    }
    const std::span<const size_t> all(high);
    Lower(state, all.first(high.size() / 2));
    Lower(state, all.subspan(high.size() / 2));
  }

  bool Holds(const Levels::State& state) { return judge_.KeepsPace(levels_.DepthsOf(state)); }

 private:
  // The bottom is known not to hold.
  void LowerOne(Levels::State& state, size_t channel) {
    size_t low = 0, high = state[channel];
    // Most are at their least already.
    for (size_t probe = high - 1; high - low > 1; probe = (low + high) / 2) {
      state[channel] = probe;
      (Holds(state) ? high : low) = probe;
    }
    state[channel] = high;
  }

  Judge& judge_;
  const Levels& levels_;
};

}  // namespace

Depths Greedy(Judge& judge, const FifoPrices& prices) {
  const Levels levels(judge, prices);
  Levels::State state = levels.AllAtTop();
  Descent(judge, levels).Lower(state, levels.DearestFirst(state));
  return levels.DepthsOf(state);
}

Depths LeastCost(Judge& judge, const FifoPrices& prices, const std::vector<Depths>& starts, uint64_t seed,
                 int64_t moves) {
  const Levels levels(judge, prices);
  Descent descent(judge, levels);
  Levels::State best;
  double best_price = 0;
  auto consider = [&](Levels::State state) {
    const double price = levels.PriceOf(state);
    if (!best.empty() && price >= best_price) return false;
    best = std::move(state);
    best_price = price;
    return true;
  };
  for (const Depths& start : starts) {
    Levels::State state = levels.AtLeast(start);
    if (!descent.Holds(state)) continue;
    descent.Lower(state, levels.DearestFirst(state));
    consider(std::move(state));
  }
  if (best.empty()) return judge.unbounded_peak();
  // A few FIFOs go up, so that others can sink further.
  const int64_t until = judge.moved() + moves;
  std::mt19937_64 random(seed);
  for (int attempt = 0; attempt < kMostAttempts && judge.moved() < until; ++attempt) {
    Levels::State state = best;
    std::vector<size_t> raised;
    for (size_t times = 1 + random() % 3; times > 0; --times) {
      const size_t channel = random() % levels.size();
      if (state[channel] < levels.top(channel)) raised.push_back(channel);
      state[channel] = levels.top(channel);
    }
    if (raised.empty()) continue;
    std::vector<size_t> order = levels.DearestFirst(best);
    if (random() % 2 == 0) {
      for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    }
    std::stable_partition(order.begin(), order.end(), [&](size_t channel) {
      return std::find(raised.begin(), raised.end(), channel) == raised.end();
    });
    descent.Lower(state, order);
    consider(std::move(state));
  }
  return levels.DepthsOf(best);
}

}  // namespace streamtensor::sizing
