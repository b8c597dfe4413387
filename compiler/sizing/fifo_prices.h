// SPDX-License-Identifier: Apache-2.0
// What a FIFO costs: the resources that Vitis HLS takes for it (compiler/schedule/memory_area.h), and one
// number to compare them by.
#pragma once

#include <vector>

#include "compiler/platform/platform.h"
#include "compiler/schedule/memory_area.h"
#include "compiler/sizing/problem.h"

namespace streamtensor::sizing {

// What is to be least.
enum class Objective {
  kPrice,  // the parts of the card's LUTs, FFs, block RAMs and UltraRAMs, added
  kBits,   // depth times width
};
inline constexpr const char* kObjectiveNames[] = {"price", "bits"};

class FifoPrices {
 public:
  FifoPrices(schedule::DeviceCosts costs, const compiler::Platform& platform, Objective objective,
             schedule::FifoStorage storage = schedule::FifoStorage::kAuto);

  Objective objective() const { return objective_; }
  schedule::Area AreaOf(const Fifo& fifo, int64_t depth) const;
  // The part of the card, 1 being as much as a whole resource of it.
  double Share(const schedule::Area& area) const;
  // As the objective says.
  double Price(const Fifo& fifo, int64_t depth) const;
  // Of all.
  schedule::Area AreaOf(const Problem& problem, const Depths& depths) const;
  double Price(const Problem& problem, const Depths& depths) const;
  int64_t Bits(const Problem& problem, const Depths& depths) const;

  // Depths from `least` to `most` worth a look, ascending, and so do their prices: every other depth costs as
  // much as a greater one. The last holds at least `most`. At most kMostLevels: of very deep FIFOs some are
  // left out, evenly.
  std::vector<int64_t> Levels(const Fifo& fifo, int64_t least, int64_t most) const;
  static constexpr size_t kMostLevels = 4096;

 private:
  const schedule::DeviceCosts costs_;
  const Objective objective_;
  const schedule::FifoStorage storage_;
  double luts_ = 0, ffs_ = 0, bram18s_ = 0, urams_ = 0;  // of the card
};

}  // namespace streamtensor::sizing
