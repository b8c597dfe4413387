// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/architectures/rope.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "base/status_macros.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

// Keys of scaling that are read here; any other would change the angles.
constexpr std::string_view kGgufScaling[] = {"type", "factor", "original_context_length", "attn_factor",
                                             "finetuned"};
constexpr std::string_view kHuggingFaceScaling[] = {"type",
                                                    "rope_type",
                                                    "rope_theta",
                                                    "factor",
                                                    "original_max_position_embeddings",
                                                    "attention_factor",
                                                    "low_freq_factor",
                                                    "high_freq_factor",
                                                    "beta_fast",
                                                    "beta_slow"};

absl::Status CheckScalingKeys(const Checkpoint& checkpoint, const std::string& prefix,
                              std::span<const std::string_view> known) {
  for (const std::string& key : checkpoint.keys()) {
    if (!absl::StartsWith(key, prefix)) continue;
    const std::string_view rest = std::string_view(key).substr(prefix.size());
    if (std::find(known.begin(), known.end(), rest) == known.end()) {
      return absl::UnimplementedError(Message("RoPE scaling by ", Quoted(key), " can't be compiled yet"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> ReadDivisors(const Checkpoint& checkpoint, int64_t head_dim) {
  const CheckpointTensor* tensor = checkpoint.FindTensor(kRopeDivisors);
  if (tensor == nullptr) return std::vector<float>();
  const int64_t pairs = head_dim / 2;
  if (tensor->type != GgufTensorType::kF32 || tensor->dims != std::vector<int64_t>{pairs}) {
    return absl::InvalidArgumentError(Message("tensor '", kRopeDivisors, "' is not F32 of [", pairs,
                                              "], a divisor for each pair of a head"));
  }
  std::vector<float> divisors(pairs);
  std::memcpy(divisors.data(), tensor->bytes.data(), pairs * sizeof(float));
  for (int64_t i = 0; i < pairs; ++i) {
    if (std::isfinite(divisors[i]) && divisors[i] > 0) continue;
    return absl::InvalidArgumentError(Message("tensor '", kRopeDivisors, "', element ", i, " is ",
                                              divisors[i], ", expected a positive number"));
  }
  return divisors;
}

absl::Status UnknownScaling(const std::string& kind) {
  return absl::UnimplementedError(Message("RoPE scaling ", Quoted(kind),
                                          " can't be compiled yet; 'linear', 'yarn' and divisors of the ",
                                          "frequencies ('llama3', tensor '", kRopeDivisors, "') can"));
}

// YaRN's temperature of the scores, which queries and keys get alike.
double YarnMagnitude(double factor) { return 1 + 0.1 * std::log(factor); }

absl::Status CheckYarn(const RopeConfig& config, const std::string& base_key) {
  if (!config.yarn || config.base > 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Message("metadata key '", base_key, "' is ", config.base, ", expected more than 1 for YaRN"));
}

absl::StatusOr<RopeConfig> ReadGguf(Hyperparameters keys, int64_t head_dim, int64_t trained_context) {
  RETURN_IF_ERROR(CheckScalingKeys(keys.checkpoint(), keys.Name({"rope.scaling.", ""}), kGgufScaling));
  constexpr HyperparameterKey kBase = {"rope.freq_base", ""};
  RopeConfig config;
  config.base = keys.Float(kBase, 10000);
  const std::string kind = keys.Text({"rope.scaling.type", ""}, "linear");
  RETURN_IF_ERROR(keys.status());
  if (kind != "none" && kind != "linear" && kind != "yarn") return UnknownScaling(kind);
  config.magnitude = keys.Float({"rope.scaling.attn_factor", ""}, 1);
  if (kind != "none") {
    // The second is its name in old files.
    config.factor = keys.Float({"rope.scaling.factor", ""}, keys.Float({"rope.scale_linear", ""}, 1));
  }
  config.yarn = kind == "yarn" && config.factor > 1;
  config.original_context =
      keys.Count({"rope.scaling.original_context_length", ""}, kTrainedContextLimit, trained_context);
  RETURN_IF_ERROR(keys.status());
  RETURN_IF_ERROR(CheckYarn(config, keys.Name(kBase)));
  if (config.yarn) config.magnitude *= YarnMagnitude(config.factor);
  ASSIGN_OR_RETURN(config.divisors, ReadDivisors(keys.checkpoint(), head_dim));
  return config;
}

// Llama 3's scaling: pairs that turn often within the original context stay, those that turn seldom are
// slowed by `factor`, those between by a share of it.
std::vector<float> Llama3Divisors(const RopeConfig& config, double factor, double low, double high,
                                  int64_t head_dim) {
  std::vector<float> divisors;
  for (double frequency : RopeFrequencies(config, head_dim)) {
    const double turns = static_cast<double>(config.original_context) * frequency / (2 * M_PI);
    const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    divisors.push_back(static_cast<float>(1 / ((1 - kept) / factor + kept)));
  }
  return divisors;
}

absl::StatusOr<RopeConfig> ReadHuggingFace(Hyperparameters keys, int64_t head_dim, int64_t trained_context) {
  // Since version 5 of transformers the object has another name and holds the base too.
  const std::string prefix =
      keys.checkpoint().Has("rope_parameters.rope_type") ? "rope_parameters." : "rope_scaling.";
  RETURN_IF_ERROR(CheckScalingKeys(keys.checkpoint(), prefix, kHuggingFaceScaling));
  const auto scaling = [&](std::string_view name) { return prefix + std::string(name); };
  const auto number = [&](std::string_view name, double fallback) {
    return keys.Float({"", scaling(name)}, fallback);
  };
  RopeConfig config;
  config.base = number("rope_theta", keys.Float({"", "rope_theta"}, 10000));
  const std::string kind = keys.Text({"", scaling("rope_type")}, keys.Text({"", scaling("type")}, "default"));
  config.original_context =
      keys.Count({"", scaling("original_max_position_embeddings")}, kTrainedContextLimit, trained_context);
  RETURN_IF_ERROR(keys.status());
  if (kind == "default") return config;
  const double factor = number("factor", std::nan(""));
  if (kind == "linear") {
    config.factor = factor;
  } else if (kind == "yarn") {
    config.factor = factor;
    config.yarn = factor > 1;
    config.magnitude = number("attention_factor", config.yarn ? YarnMagnitude(factor) : 1);
    if (number("beta_fast", 32) != 32 || number("beta_slow", 1) != 1) {
      return absl::UnimplementedError(
          "RoPE scaling 'yarn' with beta_fast other than 32 or beta_slow other than 1 can't be compiled yet");
    }
  } else if (kind == "llama3") {
    const double low = number("low_freq_factor", std::nan(""));
    const double high = number("high_freq_factor", std::nan(""));
    RETURN_IF_ERROR(keys.status());
    if (!(high > low)) {
      return absl::InvalidArgumentError(Message("metadata key '", scaling("high_freq_factor"), "' is ", high,
                                                ", expected more than low_freq_factor ", low));
    }
    config.divisors = Llama3Divisors(config, factor, low, high, head_dim);
  } else {
    return UnknownScaling(kind);
  }
  RETURN_IF_ERROR(keys.status());
  RETURN_IF_ERROR(CheckYarn(config, "rope_theta"));
  return config;
}

}  // namespace

absl::StatusOr<RopeConfig> ReadRope(const Hyperparameters& hyperparameters, int64_t head_dim,
                                    int64_t trained_context) {
  return hyperparameters.is_gguf() ? ReadGguf(hyperparameters, head_dim, trained_context)
                                   : ReadHuggingFace(hyperparameters, head_dim, trained_context);
}

}  // namespace streamtensor::compiler
