// SPDX-License-Identifier: Apache-2.0
// A trained model on disk, whatever its format: metadata, tensors, tokenizer. Free of MLIR.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/frontend/gguf/gguf_types.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

// A tensor as the file stores it. Views the checkpoint's memory.
struct CheckpointTensor {
  std::string_view name;
  GgufTensorType type = GgufTensorType::kF32;  // safetensors have F32, F16 and BF16 of these
  std::vector<int64_t> dims;                   // outermost first, each at least 1; at most 4
  std::span<const uint8_t> bytes;              // row-major, as long as type and dims say
};

// The vocabulary of names that metadata keys and tensors come from. An architecture knows its own names in each.
enum class CheckpointDialect {
  kGguf,         // "llama.block_count", "blk.0.attn_q.weight"
  kHuggingFace,  // "num_hidden_layers", "model.layers.0.self_attn.q_proj.weight"
};

// Immutable once opened: may be used from several threads at once. All views live as long as the checkpoint.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  virtual CheckpointDialect dialect() const = 0;
  // "llama", "qwen2", "gpt2": general.architecture, or model_type of config.json. INVALID_ARGUMENT without one.
  virtual absl::StatusOr<std::string> architecture() const = 0;
  // What people call the model; empty when the files don't say.
  virtual std::string name() const = 0;

  // A value of the metadata in the type one wants. A key of config.json's objects is written with dots
  // ("rope_scaling.factor"). NOT_FOUND without the key (null counts as without); INVALID_ARGUMENT, naming the key
  // and what it holds, when that is something else. Integers may be stored in any integer type.
  virtual bool Has(std::string_view key) const = 0;
  virtual absl::StatusOr<uint64_t> GetUint(std::string_view key) const = 0;
  virtual absl::StatusOr<double> GetFloat(std::string_view key) const = 0;
  virtual absl::StatusOr<bool> GetBool(std::string_view key) const = 0;
  virtual absl::StatusOr<std::string> GetString(std::string_view key) const = 0;
  virtual absl::StatusOr<std::vector<int64_t>> GetInts(std::string_view key) const = 0;
  virtual absl::StatusOr<std::vector<double>> GetFloats(std::string_view key) const = 0;
  virtual absl::StatusOr<std::vector<std::string>> GetStrings(std::string_view key) const = 0;
  // Every key, for checks of what is left unread and for `inspect`.
  virtual std::vector<std::string> keys() const = 0;

  // In file order.
  virtual std::span<const CheckpointTensor> tensors() const = 0;
  virtual const CheckpointTensor* FindTensor(std::string_view name) const = 0;  // nullptr when there is none

  // Vocabulary, merges, special tokens and chat template as the message of tokenizer.bin.
  //  UNIMPLEMENTED     another kind of tokenizer; names it and those that exist
  //  INVALID_ARGUMENT  damaged or incomplete; names what
  virtual absl::StatusOr<artifact::v1::Tokenizer> tokenizer() const = 0;
};

// Chooses the format by content: a GGUF file, or a Hugging Face folder (config.json beside *.safetensors).
//  NOT_FOUND         no such file or folder
//  INVALID_ARGUMENT  damaged or foreign; names file, offset, key or tensor
absl::StatusOr<std::shared_ptr<const Checkpoint>> OpenCheckpoint(const std::string& path);

}  // namespace streamtensor::compiler
