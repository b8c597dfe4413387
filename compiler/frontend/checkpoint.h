// SPDX-License-Identifier: Apache-2.0
// A trained model on disk, in any format: metadata, tensors, tokenizer. Free of MLIR.
#pragma once

#include <cstddef>
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
  // The element type as the format spells it: "Q4_1", "BF16", "F8_E4M3".
  std::string_view type_name;
  // The same for types with a layout that the compiler knows. nullopt: the tensor may be listed but not read.
  std::optional<GgufTensorType> type;
  std::vector<int64_t> dims;       // outermost first; none for a scalar; 0 only in safetensors
  std::span<const uint8_t> bytes;  // row-major, as long as type and dims say; of any alignment
  uint64_t offset = 0;             // of its first byte in its file

  int64_t elements() const;
};

struct CheckpointFormat {
  std::string_view name;  // "gguf", "safetensors"
  uint32_t version = 0;   // 0 where the format has none
  size_t files = 1;       // that hold tensors
};

// The vocabulary of names that metadata keys and tensors come from. An architecture knows its own names in
// each.
enum class CheckpointDialect {
  kGguf,         // "ARCHITECTURE.block_count", "blk.0.attn_q.weight"
  kHuggingFace,  // "num_hidden_layers", "model.layers.0.self_attn.q_proj.weight"
};

// Immutable once opened: may be used from several threads at once. All views live as long as the checkpoint.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;

  virtual CheckpointDialect dialect() const = 0;
  virtual CheckpointFormat format() const = 0;
  // Of all files that hold tensors.
  virtual uint64_t file_bytes() const = 0;
  // Its name: general.architecture, or model_type of config.json. INVALID_ARGUMENT without one.
  virtual absl::StatusOr<std::string> architecture() const = 0;
  // What people call the model: the name in the files, else that of the file (without extension) or folder.
  virtual std::string name() const = 0;

  // A value of the metadata in the type one wants. A key of config.json's objects is written with dots
  // ("rope_scaling.factor"). NOT_FOUND without the key (null counts as without); INVALID_ARGUMENT, naming the
  // key and what it holds, when that is something else. Integers may be stored in any integer type;
  // config.json writes a float without a fraction as an integer, which GetFloat() and GetFloats() take.
  virtual bool Has(std::string_view key) const = 0;
  virtual absl::StatusOr<int64_t> GetInt(std::string_view key) const = 0;
  virtual absl::StatusOr<uint64_t> GetUint(std::string_view key) const = 0;
  virtual absl::StatusOr<double> GetFloat(std::string_view key) const = 0;
  virtual absl::StatusOr<bool> GetBool(std::string_view key) const = 0;
  virtual absl::StatusOr<std::string> GetString(std::string_view key) const = 0;
  virtual absl::StatusOr<std::vector<int64_t>> GetInts(std::string_view key) const = 0;
  virtual absl::StatusOr<std::vector<double>> GetFloats(std::string_view key) const = 0;
  virtual absl::StatusOr<std::vector<std::string>> GetStrings(std::string_view key) const = 0;
  // Every key with a value in file order, for checks of what is left unread and for `inspect`.
  virtual std::vector<std::string> keys() const = 0;
  // The value for people: strings quoted and escaped, arrays by length and first elements. Empty without the
  // key.
  virtual std::string ValueText(std::string_view key) const = 0;

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
//  UNIMPLEMENTED     a version or variant of the format that can't be read
absl::StatusOr<std::shared_ptr<const Checkpoint>> OpenCheckpoint(const std::string& path);

}  // namespace streamtensor::compiler
