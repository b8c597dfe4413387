// SPDX-License-Identifier: Apache-2.0
// A folder as Hugging Face's libraries save a model, as a Checkpoint: config.json, safetensors,
// tokenizer.json. Free of MLIR.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/huggingface/model_config.h"
#include "compiler/frontend/huggingface/safetensors_file.h"

namespace streamtensor::compiler {

class HuggingFaceCheckpoint : public Checkpoint {
 public:
  // `config` is the file that describes the model.
  //  NOT_FOUND         it is missing, or there are no weights
  //  INVALID_ARGUMENT  damaged; names file, and key or tensor
  static absl::StatusOr<std::shared_ptr<const HuggingFaceCheckpoint>> Open(
      const std::string& folder, const std::string& config = "config.json");

  CheckpointDialect dialect() const override { return CheckpointDialect::kHuggingFace; }
  CheckpointFormat format() const override {
    return {.name = "safetensors", .version = 0, .files = files_.size()};
  }
  uint64_t file_bytes() const override;
  absl::StatusOr<std::string> architecture() const override;
  std::string name() const override;

  // config.json's values in one dialect: see ModelConfig.
  bool Has(std::string_view key) const override { return config_.Has(key); }
  absl::StatusOr<int64_t> GetInt(std::string_view key) const override { return config_.GetInt(key); }
  absl::StatusOr<uint64_t> GetUint(std::string_view key) const override { return config_.GetUint(key); }
  absl::StatusOr<double> GetFloat(std::string_view key) const override { return config_.GetFloat(key); }
  absl::StatusOr<bool> GetBool(std::string_view key) const override { return config_.GetBool(key); }
  absl::StatusOr<std::string> GetString(std::string_view key) const override {
    return config_.GetString(key);
  }
  absl::StatusOr<std::vector<int64_t>> GetInts(std::string_view key) const override {
    return config_.GetInts(key);
  }
  absl::StatusOr<std::vector<double>> GetFloats(std::string_view key) const override {
    return config_.GetFloats(key);
  }
  absl::StatusOr<std::vector<std::string>> GetStrings(std::string_view key) const override {
    return config_.GetStrings(key);
  }
  std::vector<std::string> keys() const override { return config_.keys(); }
  std::string ValueText(std::string_view key) const override { return config_.ValueText(key); }

  std::span<const CheckpointTensor> tensors() const override { return tensors_; }
  const CheckpointTensor* FindTensor(std::string_view name) const override;

  // Reads the folder's tokenizer files again.
  absl::StatusOr<artifact::v1::Tokenizer> tokenizer() const override;

 private:
  HuggingFaceCheckpoint(std::string folder, std::string config_file, ModelConfig config,
                        std::vector<std::unique_ptr<const SafetensorsFile>> files);

  std::string folder_;
  std::string config_file_;
  ModelConfig config_;
  std::vector<std::unique_ptr<const SafetensorsFile>> files_;
  std::vector<CheckpointTensor> tensors_;  // file by file; views files_
  std::map<std::string_view, size_t> tensor_index_;
};

}  // namespace streamtensor::compiler
