// SPDX-License-Identifier: Apache-2.0
// The depths that a search looks at: of each FIFO those that cost differently (FifoPrices::Levels).
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "compiler/sizing/fifo_prices.h"

namespace streamtensor::sizing {

class Levels {
 public:
  // From the least depth to what the FIFO holds where none is ever full.
  Levels(const Judge& judge, const FifoPrices& prices) : prices_(prices), problem_(judge.problem()) {
    for (size_t i = 0; i < problem_.fifos.size(); ++i) {
      depths_.push_back(
          prices.Levels(problem_.fifos[i], problem_.fifos[i].least_depth, judge.unbounded_peak()[i]));
    }
  }

  using State = std::vector<size_t>;  // a level by channel

  size_t size() const { return depths_.size(); }
  size_t top(size_t channel) const { return depths_[channel].size() - 1; }
  State AllAtTop() const {
    State state;
    for (size_t i = 0; i < size(); ++i) state.push_back(top(i));
    return state;
  }
  // The lowest that hold at least `depths`, as far as there are such.
  State AtLeast(const Depths& depths) const {
    State state;
    for (size_t i = 0; i < size(); ++i) {
      const auto found = std::lower_bound(depths_[i].begin(), depths_[i].end(), depths[i]);
      state.push_back(std::min(static_cast<size_t>(found - depths_[i].begin()), top(i)));
    }
    return state;
  }
  Depths DepthsOf(const State& state) const {
    Depths depths;
    for (size_t i = 0; i < size(); ++i) depths.push_back(depths_[i][state[i]]);
    return depths;
  }
  double PriceOf(size_t channel, size_t level) const {
    return prices_.Price(problem_.fifos[channel], depths_[channel][level]);
  }
  double PriceOf(const State& state) const {
    double price = 0;
    for (size_t i = 0; i < size(); ++i) price += PriceOf(i, state[i]);
    return price;
  }
  // Channels by what they could save, the most first.
  std::vector<size_t> DearestFirst(const State& state) const {
    std::vector<size_t> order(size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::vector<double> saving;
    for (size_t i = 0; i < size(); ++i) saving.push_back(PriceOf(i, state[i]) - PriceOf(i, 0));
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return saving[a] > saving[b]; });
    return order;
  }

 private:
  const FifoPrices& prices_;
  const Problem& problem_;
  std::vector<Depths> depths_;  // by channel and level, ascending as their prices
};

}  // namespace streamtensor::sizing
