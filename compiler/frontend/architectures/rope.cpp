// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/architectures/rope.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
                                                    "beta_slow",
                                                    "short_factor",
                                                    "long_factor"};

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

absl::Status CheckDivisors(std::string_view name, const std::vector<float>& divisors) {
  for (size_t i = 0; i < divisors.size(); ++i) {
    if (std::isfinite(divisors[i]) && divisors[i] > 0) continue;
    return absl::InvalidArgumentError(
        Message(name, ", element ", i, " is ", divisors[i], ", expected a positive number"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> ReadDivisors(const Checkpoint& checkpoint, std::string_view name,
                                                int64_t head_dim) {
  const CheckpointTensor* tensor = checkpoint.FindTensor(name);
  if (tensor == nullptr) return std::vector<float>();
  const int64_t pairs = head_dim / 2;
  if (tensor->type != GgufTensorType::kF32 || tensor->dims != std::vector<int64_t>{pairs}) {
    return absl::InvalidArgumentError(
        Message("tensor '", name, "' is not F32 of [", pairs, "], a divisor for each pair of a head"));
  }
  std::vector<float> divisors(pairs);
  std::memcpy(divisors.data(), tensor->bytes.data(), pairs * sizeof(float));
  RETURN_IF_ERROR(CheckDivisors(Message("tensor '", name, "'"), divisors));
  return divisors;
}

// LongRoPE's, of which a file has both or neither.
absl::Status ReadShortAndLongDivisors(const Checkpoint& checkpoint, int64_t head_dim, RopeConfig* config) {
  ASSIGN_OR_RETURN(std::vector<float> near, ReadDivisors(checkpoint, kShortRopeDivisors, head_dim));
  ASSIGN_OR_RETURN(std::vector<float> far, ReadDivisors(checkpoint, kLongRopeDivisors, head_dim));
  if (near.empty() && far.empty()) return absl::OkStatus();
  if (near.empty() != far.empty() || !config->divisors.empty()) {
    return absl::InvalidArgumentError(Message("of the tensors '", kShortRopeDivisors, "', '",
                                              kLongRopeDivisors, "' and '", kRopeDivisors,
                                              "' a model has the first two, the last or none"));
  }
  config->divisors = std::move(near);
  config->long_divisors = std::move(far);
  return absl::OkStatus();
}

absl::Status UnknownScaling(const std::string& kind) {
  return absl::UnimplementedError(Message(
      "RoPE scaling ", Quoted(kind), " can't be compiled yet; 'linear', 'yarn', 'dynamic' and divisors of ",
      "the frequencies ('llama3', 'longrope', tensor '", kRopeDivisors, "') can"));
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
  if (kind != "none" && kind != "linear" && kind != "yarn" && kind != "longrope") {
    return UnknownScaling(kind);
  }
  config.magnitude = keys.Float({"rope.scaling.attn_factor", ""}, 1);
  if (kind != "none" && kind != "longrope") {
    // The second is its name in old files.
    config.factor = keys.Float({"rope.scaling.factor", ""}, keys.Float({"rope.scale_linear", ""}, 1));
  }
  config.yarn = kind == "yarn" && config.factor > 1;
  config.original_context =
      keys.Count({"rope.scaling.original_context_length", ""}, kTrainedContextLimit, trained_context);
  RETURN_IF_ERROR(keys.status());
  RETURN_IF_ERROR(CheckYarn(config, keys.Name(kBase)));
  if (config.yarn) config.magnitude *= YarnMagnitude(config.factor);
  ASSIGN_OR_RETURN(config.divisors, ReadDivisors(keys.checkpoint(), kRopeDivisors, head_dim));
  RETURN_IF_ERROR(ReadShortAndLongDivisors(keys.checkpoint(), head_dim, &config));
  if (kind == "longrope" && config.long_divisors.empty()) {
    return absl::InvalidArgumentError(Message("'", keys.Name({"rope.scaling.type", ""}),
                                              "' is 'longrope', but the tensors '", kShortRopeDivisors,
                                              "' and '", kLongRopeDivisors, "' are missing"));
  }
  return config;
}

// Where config.json says it: the key of the base, and what stands before those of the scaling.
struct HuggingFaceRopeKeys {
  std::string base;
  std::string scaling;

  std::string Of(std::string_view key) const { return Message(scaling, key); }
};

// Between which numbers of turns YaRN scales by a share.
void RequireDefaultRamp(Hyperparameters* keys, const HuggingFaceRopeKeys& names) {
  for (const auto& [key, value] : {std::pair<std::string_view, double>("beta_fast", 32),
                                   std::pair<std::string_view, double>("beta_slow", 1)}) {
    const std::string name = names.Of(key);
    if (keys->Float({"", name}, value) != value) keys->Refuse({"", name});
  }
}

// Llama 3's scaling: pairs that turn often within the original context stay, those that turn seldom are
// slowed by `factor`, those between by a share of it.
absl::StatusOr<std::vector<float>> ReadLlama3Divisors(Hyperparameters* keys, const HuggingFaceRopeKeys& names,
                                                      const RopeConfig& config, int64_t head_dim) {
  const double factor = keys->Float({"", names.Of("factor")});
  const double low = keys->Float({"", names.Of("low_freq_factor")});
  const double high = keys->Float({"", names.Of("high_freq_factor")});
  RETURN_IF_ERROR(keys->status());
  if (!(high > low)) {
    return absl::InvalidArgumentError(Message("metadata key '", names.Of("high_freq_factor"), "' is ", high,
                                              ", expected more than low_freq_factor ", low));
  }
  std::vector<float> divisors;
  for (double frequency : RopeFrequencies(config, head_dim)) {
    const double turns = static_cast<double>(config.original_context) * frequency / (2 * M_PI);
    const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    divisors.push_back(static_cast<float>(1 / ((1 - kept) / factor + kept)));
  }
  return divisors;
}

absl::StatusOr<std::vector<float>> ReadFactors(const Hyperparameters& keys, const std::string& key,
                                               int64_t head_dim) {
  if (!keys.checkpoint().Has(key)) {
    return absl::InvalidArgumentError(Message("metadata key '", key, "' is missing"));
  }
  ASSIGN_OR_RETURN(const std::vector<double> factors, keys.checkpoint().GetFloats(key));
  if (static_cast<int64_t>(factors.size()) != head_dim / 2) {
    return absl::InvalidArgumentError(Message("metadata key '", key, "' has ", factors.size(),
                                              " numbers, expected ", head_dim / 2,
                                              ", one for each pair of a head"));
  }
  std::vector<float> divisors(factors.begin(), factors.end());
  RETURN_IF_ERROR(CheckDivisors(Message("metadata key '", key, "'"), divisors));
  return divisors;
}

// LongRoPE: each pair has a divisor for sequences within the original context and one for longer ones, and
// all scores get a temperature.
absl::Status ReadLongRope(Hyperparameters* keys, const HuggingFaceRopeKeys& names, int64_t head_dim,
                          int64_t trained_context, RopeConfig* config) {
  // Some models have it beside the scaling.
  config->original_context = keys->Count(
      {"", names.Of("original_max_position_embeddings")}, kTrainedContextLimit,
      keys->Count({"", "original_max_position_embeddings"}, kTrainedContextLimit, trained_context));
  const double original = static_cast<double>(config->original_context);
  const double factor =
      keys->Float({"", names.Of("factor")}, static_cast<double>(trained_context) / original);
  RETURN_IF_ERROR(keys->status());
  if (factor > 1 && config->original_context < 2) {
    return absl::InvalidArgumentError(Message("'original_max_position_embeddings' is ",
                                              config->original_context,
                                              ", expected more than 1 for LongRoPE"));
  }
  const double temperature = factor > 1 ? std::sqrt(1 + std::log(factor) / std::log(original)) : 1;
  config->magnitude = keys->Float({"", names.Of("attention_factor")}, temperature);
  RETURN_IF_ERROR(keys->status());
  ASSIGN_OR_RETURN(config->divisors, ReadFactors(*keys, names.Of("short_factor"), head_dim));
  ASSIGN_OR_RETURN(config->long_divisors, ReadFactors(*keys, names.Of("long_factor"), head_dim));
  return absl::OkStatus();
}

// The two dialects of config.json are one here (huggingface/model_config.h).
absl::StatusOr<RopeConfig> ReadHuggingFace(Hyperparameters keys, const HuggingFaceRopeKeys& names,
                                           int64_t head_dim, int64_t trained_context) {
  RETURN_IF_ERROR(CheckScalingKeys(keys.checkpoint(), names.scaling, kHuggingFaceScaling));
  RopeConfig config;
  config.base = keys.Float({"", names.base}, 10000);
  config.original_context =
      keys.Count({"", names.Of("original_max_position_embeddings")}, kTrainedContextLimit, trained_context);
  const std::string kind = keys.Text({"", names.Of("rope_type")}, "default");
  RETURN_IF_ERROR(keys.status());
  if (kind == "linear") {
    config.factor = keys.Float({"", names.Of("factor")});
  } else if (kind == "yarn") {
    config.factor = keys.Float({"", names.Of("factor")});
    config.yarn = config.factor > 1;
    config.magnitude =
        keys.Float({"", names.Of("attention_factor")}, config.yarn ? YarnMagnitude(config.factor) : 1);
    RequireDefaultRamp(&keys, names);
  } else if (kind == "llama3") {
    ASSIGN_OR_RETURN(config.divisors, ReadLlama3Divisors(&keys, names, config, head_dim));
  } else if (kind == "longrope" || kind == "su") {
    RETURN_IF_ERROR(ReadLongRope(&keys, names, head_dim, trained_context, &config));
  } else if (kind == "dynamic") {
    // It scales sequences that are longer than the model was trained for, which none is here.
    keys.Float({"", names.Of("factor")});
  } else if (kind != "default") {
    return UnknownScaling(kind);
  }
  RETURN_IF_ERROR(keys.status());
  RETURN_IF_ERROR(CheckYarn(config, names.base));
  return config;
}

const HuggingFaceRopeKeys kOfAllLayers = {"rope_theta", "rope_scaling."};

}  // namespace

absl::StatusOr<RopeConfig> ReadRope(const Hyperparameters& hyperparameters, int64_t head_dim,
                                    int64_t trained_context) {
  if (hyperparameters.is_gguf()) return ReadGguf(hyperparameters, head_dim, trained_context);
  // One for each type of layer.
  RETURN_IF_ERROR(CheckScalingKeys(hyperparameters.checkpoint(), "rope_parameters.", {}));
  return ReadHuggingFace(hyperparameters, kOfAllLayers, head_dim, trained_context);
}

absl::StatusOr<LayerRopes> ReadLayerRopes(const Hyperparameters& hyperparameters, int64_t head_dim,
                                          int64_t trained_context) {
  constexpr HyperparameterKey kLocalBase = {"rope.freq_base_swa", "rope_local_base_freq"};
  const auto read = [&](const HuggingFaceRopeKeys& names) {
    return ReadHuggingFace(hyperparameters, names, head_dim, trained_context);
  };
  LayerRopes ropes;
  if (hyperparameters.is_gguf() || !hyperparameters.Has({"", "rope_parameters"})) {
    ASSIGN_OR_RETURN(ropes.global, ReadRope(hyperparameters, head_dim, trained_context));
    Hyperparameters keys = hyperparameters;
    ropes.local.base = keys.Float(kLocalBase, 10000);
    RETURN_IF_ERROR(keys.status());
    return ropes;
  }
  for (const std::string& key : hyperparameters.checkpoint().keys()) {
    if (absl::StartsWith(key, "rope_parameters.") &&
        !absl::StartsWith(key, "rope_parameters.full_attention.") &&
        !absl::StartsWith(key, "rope_parameters.sliding_attention.")) {
      return absl::UnimplementedError(Message("RoPE scaling by ", Quoted(key), " can't be compiled yet"));
    }
  }
  ASSIGN_OR_RETURN(ropes.global,
                   read({"rope_parameters.full_attention.rope_theta", "rope_parameters.full_attention."}));
  ASSIGN_OR_RETURN(ropes.local, read({"rope_parameters.sliding_attention.rope_theta",
                                      "rope_parameters.sliding_attention."}));
  return ropes;
}

}  // namespace streamtensor::compiler
