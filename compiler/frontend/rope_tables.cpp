// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/rope_tables.h"

#include <algorithm>
#include <cmath>

#include "kernels/contract/kv_pages.h"

namespace streamtensor::compiler {
namespace {

// YaRN: turns within the original context from which a pair is not scaled, and up to which it is in full.
constexpr double kTurnsUnscaled = 32;
constexpr double kTurnsScaled = 1;

// The pair, counted in fractions, that turns `turns` times within the original context.
double PairThatTurns(double turns, const RopeConfig& config, int64_t head_dim) {
  const double positions_a_turn = static_cast<double>(config.original_context) / (turns * 2 * M_PI);
  return static_cast<double>(head_dim) * std::log(positions_a_turn) / (2 * std::log(config.base));
}

}  // namespace

std::vector<double> RopeFrequencies(const RopeConfig& config, int64_t head_dim) {
  double low = 0, high = 0;
  if (config.yarn) {
    low = std::max(0.0, std::floor(PairThatTurns(kTurnsUnscaled, config, head_dim)));
    high =
        std::min(static_cast<double>(head_dim - 1), std::ceil(PairThatTurns(kTurnsScaled, config, head_dim)));
  }
  std::vector<double> frequencies(head_dim / 2);
  for (int64_t i = 0; i < head_dim / 2; ++i) {
    double frequency = std::pow(config.base, -2.0 * static_cast<double>(i) / head_dim);
    if (!config.divisors.empty()) frequency /= config.divisors[i];
    const double scaled = frequency / config.factor;
    double share = 1;
    if (config.yarn) {
      share = std::clamp((static_cast<double>(i) - low) / std::max(0.001, high - low), 0.0, 1.0);
    }
    frequencies[i] = scaled * share + frequency * (1 - share);
  }
  return frequencies;
}

std::vector<float> RopeTable(const RopeConfig& config, int64_t head_dim, int64_t positions,
                             RopeFunction function) {
  RopeConfig used = config;
  // Tables fill whole pages.
  const int64_t original = contract::PagesOf(config.original_context) * contract::kPageTokens;
  if (!config.long_divisors.empty() && positions > original) used.divisors = config.long_divisors;
  const std::vector<double> frequencies = RopeFrequencies(used, head_dim);
  std::vector<float> table;
  table.reserve(positions * frequencies.size());
  for (int64_t position = 0; position < positions; ++position) {
    for (double frequency : frequencies) {
      const double angle = static_cast<double>(position) * frequency;
      const double value = function == RopeFunction::kCosine ? std::cos(angle) : std::sin(angle);
      table.push_back(static_cast<float>(config.magnitude * value));
    }
  }
  return table;
}

}  // namespace streamtensor::compiler
