// SPDX-License-Identifier: Apache-2.0
// Reads a model's hyperparameters and checks their bounds, for every checkpoint format. Free of MLIR.
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/decoder_model.h"

namespace streamtensor::compiler {

// Bounds that keep every product of sizes within 63 bits and every table within reason.
inline constexpr int64_t kLayersLimit = 1024;
inline constexpr int64_t kWidthLimit = 1 << 18;
inline constexpr int64_t kHeadsLimit = 1024;
inline constexpr int64_t kHeadDimLimit = 512;
inline constexpr int64_t kVocabularyLimit = 1 << 22;
inline constexpr int64_t kTrainedContextLimit = 1 << 24;

// One hyperparameter's key in both dialects; empty where the dialect has none.
struct HyperparameterKey {
  std::string_view gguf = {};  // without the architecture before it: "block_count"
  std::string_view hugging_face = {};
};

// Keeps the first error, so that a list of reads needs one check of status().
class Hyperparameters {
 public:
  // `checkpoint` outlives this. `architecture` is what its keys begin with in GGUF.
  Hyperparameters(const Checkpoint& checkpoint, std::string_view architecture)
      : checkpoint_(checkpoint), architecture_(architecture) {}

  const Checkpoint& checkpoint() const { return checkpoint_; }
  const std::string& architecture() const { return architecture_; }
  bool is_gguf() const { return checkpoint_.dialect() == CheckpointDialect::kGguf; }

  // The key as the checkpoint spells it ("ARCHITECTURE.block_count", "num_hidden_layers"); empty without one.
  std::string Name(const HyperparameterKey& key) const;
  bool Has(const HyperparameterKey& key) const;

  // From 1 to `limit`. Without the key: `fallback`, or an error when that is negative.
  int64_t Count(const HyperparameterKey& key, int64_t limit, int64_t fallback = -1);
  // Positive and within float32. Without the key: `fallback`, or an error when that is not a number.
  double Float(const HyperparameterKey& key, double fallback = std::nan(""));
  bool Flag(const HyperparameterKey& key, bool fallback);
  std::string Text(const HyperparameterKey& key, std::string_view fallback);

  // UNIMPLEMENTED, naming the key, when the checkpoint has it and it holds anything but `allowed`.
  void Refuse(const HyperparameterKey& key);
  void RequireFlag(const HyperparameterKey& key, bool allowed);
  void RequireText(const HyperparameterKey& key, std::initializer_list<std::string_view> allowed);

  const absl::Status& status() const { return status_; }
  void Fail(const absl::Status& status) { status_.Update(status); }

 private:
  const Checkpoint& checkpoint_;
  std::string architecture_;
  absl::Status status_;
};

// What a decoder's sizes are called in both dialects. Without `kv_heads`: the query heads; without
// `head_dim`: the width by the heads.
struct DecoderSizeKeys {
  HyperparameterKey layers;
  HyperparameterKey hidden;
  HyperparameterKey query_heads;
  HyperparameterKey kv_heads = {};
  HyperparameterKey head_dim = {};
  HyperparameterKey trained_context;
};

// Reads them and the size of the vocabulary, and checks them against each other.
//  UNIMPLEMENTED, INVALID_ARGUMENT  names what is missing or wrong
absl::StatusOr<DecoderSizes> ReadDecoderSizes(Hyperparameters* hyperparameters, const DecoderSizeKeys& keys);

// Refuses what no graph that we build computes: experts, attention to later tokens, scales and caps of scores
// and logits, weights quantised by a scheme of the checkpoint's own.
void RefuseUnsupportedDecoders(Hyperparameters* hyperparameters);

// For architectures without attention windows.
void RefuseWindows(Hyperparameters* hyperparameters);

}  // namespace streamtensor::compiler
