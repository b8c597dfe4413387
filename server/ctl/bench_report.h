// SPDX-License-Identifier: Apache-2.0
// Statistics of a load test.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "server/ctl/load_generator.h"

namespace streamtensor::ctl {

struct Spread {
  double mean = 0;
  double p50 = 0;
  double p90 = 0;
  double p95 = 0;
  double p99 = 0;
  double max = 0;
};

// By nearest rank. All 0 for no values.
Spread SpreadOf(std::vector<double> values);

// One object; figures are grouped under "measured" and "modelled".
nlohmann::ordered_json BenchAsJson(const LoadOptions& options, const LoadResult& result);

// The same as a table.
std::string BenchAsText(const LoadOptions& options, const LoadResult& result);

}  // namespace streamtensor::ctl
