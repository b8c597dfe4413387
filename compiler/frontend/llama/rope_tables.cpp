// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/llama/rope_tables.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

constexpr int64_t kContextLimit = 1 << 24;
// YaRN: turns within the original context from which a pair is not scaled, and up to which it is in full.
constexpr double kTurnsUnscaled = 32;
constexpr double kTurnsScaled = 1;

// What is known of scaling; other keys would change the angles.
constexpr std::string_view kScalingKeys[] = {"type", "factor", "original_context_length", "attn_factor",
                                             "finetuned"};

absl::Status CheckScalingKeys(const LlamaKeys& keys) {
  const std::string prefix = keys.Name("rope.scaling.");
  for (const auto& [key, value] : keys.file().metadata()) {
    if (key.substr(0, prefix.size()) != prefix) continue;
    const std::string_view rest = key.substr(prefix.size());
    if (std::find(std::begin(kScalingKeys), std::end(kScalingKeys), rest) == std::end(kScalingKeys)) {
      return absl::UnimplementedError(Message("RoPE scaling by ", Quoted(key), " can't be compiled yet"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> ReadDivisors(const GgufFile& file, int64_t head_dim) {
  const GgufTensor* tensor = file.FindTensor(kRopeDivisors);
  if (tensor == nullptr) return std::vector<float>();
  const auto pairs = static_cast<uint64_t>(head_dim / 2);
  if (static_cast<GgufTensorType>(tensor->type) != GgufTensorType::kF32 || tensor->rank != 1 ||
      tensor->dims[0] != pairs) {
    return absl::InvalidArgumentError(Message("tensor '", kRopeDivisors, "' is not F32 of [", pairs,
                                              "], a divisor for each pair of a head"));
  }
  std::vector<float> divisors(pairs);
  std::memcpy(divisors.data(), file.TensorBytes(*tensor).data(), pairs * sizeof(float));
  for (uint64_t i = 0; i < pairs; ++i) {
    if (std::isfinite(divisors[i]) && divisors[i] > 0) continue;
    return absl::InvalidArgumentError(Message("tensor '", kRopeDivisors, "', element ", i, " is ",
                                              divisors[i], ", expected a positive number"));
  }
  return divisors;
}

// The pair, counted in fractions, that turns `turns` times within the original context.
double PairThatTurns(double turns, const RopeConfig& config, int64_t head_dim) {
  const double positions_a_turn = static_cast<double>(config.original_context) / (turns * 2 * M_PI);
  return static_cast<double>(head_dim) * std::log(positions_a_turn) / (2 * std::log(config.base));
}

}  // namespace

absl::StatusOr<RopeConfig> ReadRopeConfig(LlamaKeys keys, int64_t head_dim, int64_t trained_context) {
  if (absl::Status status = CheckScalingKeys(keys); !status.ok()) return status;
  RopeConfig config;
  config.base = keys.Float("rope.freq_base", 10000);
  std::string_view kind = "linear";
  if (keys.Has("rope.scaling.type")) {
    absl::StatusOr<std::string_view> stored = keys.file().GetString(keys.Name("rope.scaling.type"));
    if (!stored.ok()) return absl::InvalidArgumentError(stored.status().message());
    kind = *stored;
  }
  if (kind != "none" && kind != "linear" && kind != "yarn") {
    return absl::UnimplementedError(Message("RoPE scaling ", Quoted(kind),
                                            " can't be compiled yet; 'linear', 'yarn' and tensor '",
                                            kRopeDivisors, "' can"));
  }
  config.magnitude = keys.Float("rope.scaling.attn_factor", 1);
  if (kind != "none") {
    // The second is its name in old files.
    config.factor = keys.Float("rope.scaling.factor", keys.Float("rope.scale_linear", 1));
  }
  config.yarn = kind == "yarn" && config.factor > 1;
  config.original_context =
      keys.Count("rope.scaling.original_context_length", kContextLimit, trained_context);
  if (!keys.status().ok()) return keys.status();
  if (config.yarn) {
    if (config.base <= 1) {
      return absl::InvalidArgumentError(Message("metadata key '", keys.Name("rope.freq_base"), "' is ",
                                                config.base, ", expected more than 1 for YaRN"));
    }
    // The scores' temperature, which YaRN puts on queries and keys alike.
    config.magnitude *= 1 + 0.1 * std::log(config.factor);
  }
  absl::StatusOr<std::vector<float>> divisors = ReadDivisors(keys.file(), head_dim);
  if (!divisors.ok()) return divisors.status();
  config.divisors = *std::move(divisors);
  return config;
}

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

RopeTables MakeRopeTables(const RopeConfig& config, int64_t head_dim, int64_t positions) {
  const std::vector<double> frequencies = RopeFrequencies(config, head_dim);
  RopeTables tables;
  tables.cosines.reserve(positions * frequencies.size());
  tables.sines.reserve(positions * frequencies.size());
  for (int64_t position = 0; position < positions; ++position) {
    for (double frequency : frequencies) {
      const double angle = static_cast<double>(position) * frequency;
      tables.cosines.push_back(static_cast<float>(config.magnitude * std::cos(angle)));
      tables.sines.push_back(static_cast<float>(config.magnitude * std::sin(angle)));
    }
  }
  return tables;
}

}  // namespace streamtensor::compiler
