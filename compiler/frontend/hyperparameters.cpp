// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/hyperparameters.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "compiler/frontend/message.h"
#include "compiler/frontend/weight_names.h"

namespace streamtensor::compiler {

std::string Hyperparameters::Name(const HyperparameterKey& key) const {
  if (!is_gguf()) return std::string(key.hugging_face);
  return key.gguf.empty() ? "" : Message(architecture_, ".", key.gguf);
}

bool Hyperparameters::Has(const HyperparameterKey& key) const {
  const std::string name = Name(key);
  return !name.empty() && checkpoint_.Has(name);
}

int64_t Hyperparameters::Count(const HyperparameterKey& key, int64_t limit, int64_t fallback) {
  if (fallback >= 0 && !Has(key)) return fallback;
  const std::string name = Name(key);
  const absl::StatusOr<uint64_t> value = checkpoint_.GetUint(name);
  if (!value.ok()) {
    Fail(absl::InvalidArgumentError(value.status().message()));
    return 1;
  }
  if (*value < 1 || *value > static_cast<uint64_t>(limit)) {
    Fail(absl::InvalidArgumentError(
        Message("metadata key '", name, "' is ", *value, ", expected 1 to ", limit)));
    return 1;
  }
  return static_cast<int64_t>(*value);
}

double Hyperparameters::Float(const HyperparameterKey& key, double fallback) {
  if (!std::isnan(fallback) && !Has(key)) return fallback;
  const std::string name = Name(key);
  const absl::StatusOr<double> value = checkpoint_.GetFloat(name);
  if (!value.ok()) {
    Fail(absl::InvalidArgumentError(value.status().message()));
    return 1;
  }
  // The card computes in float32: a smaller number would be 0 there.
  if (!(*value >= std::numeric_limits<float>::min() && *value <= std::numeric_limits<float>::max())) {
    Fail(absl::InvalidArgumentError(
        Message("metadata key '", name, "' is ", *value, ", expected a positive number within float32")));
    return 1;
  }
  return *value;
}

bool Hyperparameters::Flag(const HyperparameterKey& key, bool fallback) {
  if (!Has(key)) return fallback;
  const absl::StatusOr<bool> value = checkpoint_.GetBool(Name(key));
  if (!value.ok()) Fail(absl::InvalidArgumentError(value.status().message()));
  return value.value_or(fallback);
}

std::string Hyperparameters::Text(const HyperparameterKey& key, std::string_view fallback) {
  if (!Has(key)) return std::string(fallback);
  absl::StatusOr<std::string> value = checkpoint_.GetString(Name(key));
  if (!value.ok()) Fail(absl::InvalidArgumentError(value.status().message()));
  return std::move(value).value_or(std::string(fallback));
}

void Hyperparameters::Refuse(const HyperparameterKey& key) {
  if (!Has(key)) return;
  Fail(absl::UnimplementedError(
      Message("metadata key '", Name(key), "' asks for what can't be compiled yet")));
}

void Hyperparameters::RequireFlag(const HyperparameterKey& key, bool allowed) {
  if (Flag(key, allowed) == allowed) return;
  Fail(absl::UnimplementedError(Message("metadata key '", Name(key), "' is ", allowed ? "false" : "true",
                                        ", which can't be compiled yet")));
}

void Hyperparameters::RequireText(const HyperparameterKey& key,
                                  std::initializer_list<std::string_view> allowed) {
  const std::string text = Text(key, *allowed.begin());
  if (std::find(allowed.begin(), allowed.end(), text) != allowed.end()) return;
  std::string can;
  for (std::string_view name : allowed) can += Message(can.empty() ? "'" : "', '", name);
  Fail(absl::UnimplementedError(Message("metadata key '", Name(key), "' is ", Quoted(text),
                                        ", which can't be compiled yet; ", can, "' can")));
}

namespace {

// 0 and false mean that the model does without.
void RefuseCount(Hyperparameters* keys, const HyperparameterKey& key, std::string_view what) {
  if (!keys->Has(key)) return;
  const absl::StatusOr<uint64_t> count = keys->checkpoint().GetUint(keys->Name(key));
  if (!count.ok()) return keys->Fail(absl::InvalidArgumentError(count.status().message()));
  if (*count == 0) return;
  keys->Fail(absl::UnimplementedError(Message("mixture of ", *count, " ", what, " can't be compiled yet")));
}

// GGUF may say it by the embedding's rows alone.
absl::StatusOr<int64_t> ReadVocabulary(Hyperparameters* keys) {
  constexpr HyperparameterKey kVocabulary = {"vocab_size", "vocab_size"};
  if (!keys->is_gguf()) return keys->Count(kVocabulary, kVocabularyLimit);
  const Checkpoint& checkpoint = keys->checkpoint();
  const CheckpointTensor* embedding = checkpoint.FindTensor(kTokenEmbedding);
  if (embedding == nullptr) {
    return absl::InvalidArgumentError(Message("tensor '", kTokenEmbedding, "' is missing"));
  }
  if (embedding->dims.size() != 2 || embedding->dims[0] > kVocabularyLimit) {
    return absl::InvalidArgumentError(Message("tensor '", kTokenEmbedding,
                                              "' has other dimensions than [hidden, vocabulary up to ",
                                              kVocabularyLimit, "]"));
  }
  const int64_t rows = embedding->dims[0];
  const int64_t stated = keys->Count(kVocabulary, kVocabularyLimit, rows);
  if (stated != rows) {
    keys->Fail(absl::InvalidArgumentError(Message(keys->Name(kVocabulary), " is ", stated, ", but tensor '",
                                                  kTokenEmbedding, "' has ", rows, " rows")));
  }
  return rows;
}

absl::Status CheckSizes(const DecoderSizes& sizes, const Hyperparameters& names,
                        const DecoderSizeKeys& keys) {
  const auto not_a_multiple = [&](const HyperparameterKey& key, int64_t value, const HyperparameterKey& of,
                                  int64_t divisor) {
    return absl::InvalidArgumentError(
        Message(names.Name(key), " is ", value, ", not a multiple of ", names.Name(of), " ", divisor));
  };
  if (sizes.query_heads % sizes.kv_heads != 0) {
    return not_a_multiple(keys.query_heads, sizes.query_heads, keys.kv_heads, sizes.kv_heads);
  }
  if (!names.Has(keys.head_dim) && sizes.hidden % sizes.query_heads != 0) {
    return not_a_multiple(keys.hidden, sizes.hidden, keys.query_heads, sizes.query_heads);
  }
  if (sizes.head_dim < 2 || sizes.head_dim > kHeadDimLimit || sizes.head_dim % 2 != 0) {
    return absl::InvalidArgumentError(
        Message("heads are ", sizes.head_dim, " wide; expected an even number from 2 to ", kHeadDimLimit));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DecoderSizes> ReadDecoderSizes(Hyperparameters* hyperparameters, const DecoderSizeKeys& keys) {
  DecoderSizes sizes;
  sizes.layers = hyperparameters->Count(keys.layers, kLayersLimit);
  sizes.hidden = hyperparameters->Count(keys.hidden, kWidthLimit);
  sizes.query_heads = hyperparameters->Count(keys.query_heads, kHeadsLimit);
  sizes.kv_heads = hyperparameters->Count(keys.kv_heads, kHeadsLimit, sizes.query_heads);
  sizes.head_dim = hyperparameters->Count(keys.head_dim, kHeadDimLimit, sizes.hidden / sizes.query_heads);
  sizes.trained_context = hyperparameters->Count(keys.trained_context, kTrainedContextLimit);
  RETURN_IF_ERROR(hyperparameters->status());
  RETURN_IF_ERROR(CheckSizes(sizes, *hyperparameters, keys));
  ASSIGN_OR_RETURN(sizes.vocabulary, ReadVocabulary(hyperparameters));
  RETURN_IF_ERROR(hyperparameters->status());
  return sizes;
}

void RefuseUnsupportedDecoders(Hyperparameters* keys) {
  for (std::string_view key : {"num_local_experts", "num_experts"}) RefuseCount(keys, {"", key}, "experts");
  RefuseCount(keys, {"expert_count", ""}, "experts");
  if (!keys->Flag({"attention.causal", ""}, true)) {
    keys->Fail(absl::UnimplementedError(
        Message("'", keys->Name({"attention.causal", ""}),
                "' is false: a model that attends to later tokens can't be compiled")));
  }
  keys->RequireFlag({"", "use_bidirectional_attention"}, false);
  for (std::string_view key : {"attention.scale", "logit_scale", "embedding_scale", "residual_scale",
                               "attention.clamp_kqv", "attn_logit_softcapping", "final_logit_softcapping"}) {
    keys->Refuse({key, ""});
  }
  for (std::string_view key : {"quantization_config.quant_method", "attn_logit_softcapping",
                               "final_logit_softcapping", "embedding_multiplier", "logits_scaling"}) {
    keys->Refuse({"", key});
  }
}

void RefuseWindows(Hyperparameters* keys) {
  keys->Refuse({"attention.sliding_window", ""});
  // Some configurations name a window that they don't use.
  if (keys->Flag({"", "use_sliding_window"}, keys->Has({"", "sliding_window"}))) {
    keys->Refuse({"", "sliding_window"});
  }
  const std::string layer_types = keys->Name({"", "layer_types"});
  if (layer_types.empty() || !keys->checkpoint().Has(layer_types)) return;
  const absl::StatusOr<std::vector<std::string>> types = keys->checkpoint().GetStrings(layer_types);
  if (!types.ok()) return keys->Fail(absl::InvalidArgumentError(types.status().message()));
  for (const std::string& type : *types) {
    if (type == "full_attention") continue;
    keys->Fail(absl::UnimplementedError(
        Message("layers with ", Quoted(type), " (layer_types) can't be compiled yet")));
  }
}

}  // namespace streamtensor::compiler
