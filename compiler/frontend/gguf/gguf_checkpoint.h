// SPDX-License-Identifier: Apache-2.0
// A GGUF file as a Checkpoint. Free of MLIR.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/gguf/gguf_file.h"

namespace streamtensor::compiler {

class GgufCheckpoint : public Checkpoint {
 public:
  //  NOT_FOUND, INVALID_ARGUMENT, UNIMPLEMENTED  as GgufFile::Open
  static absl::StatusOr<std::shared_ptr<const GgufCheckpoint>> Open(const std::string& path);

  // `default_name` is the model's where the file has none.
  GgufCheckpoint(std::shared_ptr<const GgufFile> file, std::string default_name);

  CheckpointDialect dialect() const override { return CheckpointDialect::kGguf; }
  CheckpointFormat format() const override {
    return {.name = "gguf", .version = file_->version(), .files = 1};
  }
  uint64_t file_bytes() const override { return file_->file_bytes(); }
  absl::StatusOr<std::string> architecture() const override;
  std::string name() const override;

  bool Has(std::string_view key) const override { return file_->FindValue(key) != nullptr; }
  absl::StatusOr<int64_t> GetInt(std::string_view key) const override { return file_->GetInt(key); }
  absl::StatusOr<uint64_t> GetUint(std::string_view key) const override { return file_->GetUint(key); }
  absl::StatusOr<double> GetFloat(std::string_view key) const override { return file_->GetFloat(key); }
  absl::StatusOr<bool> GetBool(std::string_view key) const override { return file_->GetBool(key); }
  absl::StatusOr<std::string> GetString(std::string_view key) const override;
  absl::StatusOr<std::vector<int64_t>> GetInts(std::string_view key) const override {
    return file_->GetInts(key);
  }
  absl::StatusOr<std::vector<double>> GetFloats(std::string_view key) const override {
    return file_->GetFloats(key);
  }
  absl::StatusOr<std::vector<std::string>> GetStrings(std::string_view key) const override;
  std::vector<std::string> keys() const override;
  std::string ValueText(std::string_view key) const override;

  std::span<const CheckpointTensor> tensors() const override { return tensors_; }
  const CheckpointTensor* FindTensor(std::string_view name) const override;

  absl::StatusOr<artifact::v1::Tokenizer> tokenizer() const override;

 private:
  std::shared_ptr<const GgufFile> file_;
  std::string default_name_;
  std::vector<CheckpointTensor> tensors_;  // in the order of file_->tensors()
};

}  // namespace streamtensor::compiler
