// SPDX-License-Identifier: Apache-2.0
// A design against the dies (SLRs) of a card.
#pragma once

#include <string>
#include <vector>

#include "compiler/platform/platform.h"
#include "compiler/schedule/estimator.h"

namespace streamtensor::schedule {

struct SlrUse {
  Area area;
  std::vector<std::string> processes;
};

// One resource of a die that is asked for more than the platform's limits leave.
struct SlrExcess {
  size_t slr = 0;
  std::string resource;  // as in the platform's file
  double share = 0;      // of what the die has
  double limit = 0;
};

struct SlrFit {
  std::vector<SlrUse> slrs;
  std::vector<SlrExcess> excess;  // empty: it fits
};

// Puts each process into the first die that has room for it within the limits, in the text's order, else into
// the die that it fills least; channels after them. It is no placement that Vivado would find.
SlrFit FitSlrs(const DesignEstimate& design, const compiler::Platform& platform);

std::string SlrText(const SlrFit& fit, const compiler::Platform& platform);

}  // namespace streamtensor::schedule
