// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <random>

#include "compiler/sizing/levels.h"
#include "compiler/sizing/methods.h"

namespace streamtensor::sizing {
namespace {

// In units of the start's energy: it begins where most states are accepted and ends where hardly any is.
constexpr double kHot = 0.1, kCold = 1e-4;
// A part of the cycles more costs as much as so many times the start's price.
constexpr double kStallWeight = 10;
constexpr double kDeadlock = 1e9;

// std::uniform_*_distribution differ between libraries.
double Unit(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }
size_t Below(std::mt19937_64& random, size_t bound) { return random() % bound; }

}  // namespace

Depths Anneal(Judge& judge, const FifoPrices& prices, uint64_t seed, int64_t replays) {
  const Levels levels(judge, prices);
  Levels::State state = levels.AllAtTop(), best = state;
  std::vector<size_t> movable;
  for (size_t i = 0; i < levels.size(); ++i) {
    if (levels.top(i) > 0) movable.push_back(i);
  }
  if (movable.empty()) return levels.DepthsOf(state);
  const double start_price = levels.PriceOf(state);
  double energy = 1, best_price = start_price;
  std::mt19937_64 random(seed);
  for (int64_t replay = 0; replay < replays; ++replay) {
    const double heat =
        kHot * std::pow(kCold / kHot, static_cast<double>(replay) / static_cast<double>(replays));
    Levels::State next = state;
    const size_t channel = movable[Below(random, movable.size())];
    next[channel] = Below(random, levels.top(channel) + 1);
    const compiler::NetworkTiming run = judge.Time(levels.DepthsOf(next));
    const double price = levels.PriceOf(next);
    const double slower = run.completed ? run.cycles / judge.unbounded_cycles() - 1 : kDeadlock;
    const double next_energy = price / start_price + kStallWeight * std::max(slower, 0.0);
    if (next_energy <= energy || Unit(random) < std::exp((energy - next_energy) / heat)) {
      state = next;
      energy = next_energy;
    }
    if (price < best_price && judge.KeepsPace(levels.DepthsOf(next))) {
      best = next;
      best_price = price;
    }
  }
  return levels.DepthsOf(best);
}

}  // namespace streamtensor::sizing
