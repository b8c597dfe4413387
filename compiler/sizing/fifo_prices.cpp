// SPDX-License-Identifier: Apache-2.0
#include "compiler/sizing/fifo_prices.h"

#include <algorithm>
#include <utility>

namespace streamtensor::sizing {

using schedule::Area;

FifoPrices::FifoPrices(schedule::DeviceCosts costs, const compiler::Platform& platform, Objective objective,
                       schedule::FifoStorage storage)
    : costs_(std::move(costs)), objective_(objective), storage_(storage) {
  for (const auto& slr : platform.slrs) {
    luts_ += static_cast<double>(slr.lut);
    ffs_ += static_cast<double>(slr.ff);
    bram18s_ += 2 * static_cast<double>(slr.bram36);
    urams_ += static_cast<double>(slr.uram);
  }
}

Area FifoPrices::AreaOf(const Fifo& fifo, int64_t depth) const {
  if (fifo.words == 1) return FifoArea(depth, fifo.bits, costs_, storage_);
  const Area packet = MemoryArea(fifo.words, fifo.bits, false, costs_.storage);
  return {.lut = depth * packet.lut,
          .ff = depth * packet.ff,
          .bram18 = depth * packet.bram18,
          .uram = depth * packet.uram};
}

double FifoPrices::Share(const Area& area) const {
  auto part = [](int64_t used, double of) { return of > 0 ? static_cast<double>(used) / of : 0; };
  return part(area.lut, luts_) + part(area.ff, ffs_) + part(area.bram18, bram18s_) + part(area.uram, urams_);
}

double FifoPrices::Price(const Fifo& fifo, int64_t depth) const {
  if (objective_ == Objective::kBits) return static_cast<double>(depth * fifo.words * fifo.bits);
  return Share(AreaOf(fifo, depth));
}

Area FifoPrices::AreaOf(const Problem& problem, const Depths& depths) const {
  Area area;
  for (size_t i = 0; i < depths.size(); ++i) area += AreaOf(problem.fifos[i], depths[i]);
  return area;
}

double FifoPrices::Price(const Problem& problem, const Depths& depths) const {
  double price = 0;
  for (size_t i = 0; i < depths.size(); ++i) price += Price(problem.fifos[i], depths[i]);
  return price;
}

int64_t FifoPrices::Bits(const Problem& problem, const Depths& depths) const {
  int64_t bits = 0;
  for (size_t i = 0; i < depths.size(); ++i)
    bits += depths[i] * problem.fifos[i].words * problem.fifos[i].bits;
  return bits;
}

std::vector<int64_t> FifoPrices::Levels(const Fifo& fifo, int64_t least, int64_t most) const {
  most = std::max(least, most);
  // The last depth of each run of equal prices.
  std::vector<int64_t> ends;
  for (int64_t depth = least; depth <= most; ++depth) {
    const double price = Price(fifo, depth);
    int64_t step = 1;
    while (step <= most && Price(fifo, depth + step) == price) {
      depth += step;
      step *= 2;
    }
    for (; step > 0; step /= 2) {
      if (Price(fifo, depth + step) == price) depth += step;
    }
    ends.push_back(depth);
  }
  // Without those that cost no less than a deeper one: a FIFO of three words may take less than one of two.
  std::vector<int64_t> levels;
  for (size_t i = ends.size(); i-- > 0;) {
    if (levels.empty() || Price(fifo, ends[i]) < Price(fifo, levels.back())) levels.push_back(ends[i]);
  }
  std::reverse(levels.begin(), levels.end());
  if (levels.size() <= kMostLevels) return levels;
  std::vector<int64_t> some;
  for (size_t i = 0; i < kMostLevels; ++i) {
    some.push_back(levels[i * (levels.size() - 1) / (kMostLevels - 1)]);
  }
  return some;
}

}  // namespace streamtensor::sizing
