// SPDX-License-Identifier: Apache-2.0
// A checkpoint of any dialect, written down in a test.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "compiler/frontend/checkpoint.h"

namespace streamtensor::compiler {

class MemoryCheckpoint : public Checkpoint {
 public:
  using Value =
      std::variant<int64_t, double, bool, std::string, std::vector<std::string>, std::vector<double>>;

  MemoryCheckpoint(CheckpointDialect dialect, std::string architecture)
      : dialect_(dialect), architecture_(std::move(architecture)) {}

  std::map<std::string, Value> metadata;

  // Row-major float32, element i of the tensor being start + i / 1024. Replaces one of the same name.
  void AddFloats(const std::string& name, std::vector<int64_t> dims, float start = 0) {
    int64_t elements = 1;
    for (int64_t dim : dims) elements *= dim;
    std::vector<float> values(elements);
    for (int64_t i = 0; i < elements; ++i) values[i] = start + static_cast<float>(i) / 1024;
    std::vector<uint8_t>& bytes = bytes_.emplace_back(elements * sizeof(float));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    Remove(name);
    CheckpointTensor tensor;
    tensor.name = names_.emplace_back(name);
    tensor.type_name = "F32";
    tensor.type = GgufTensorType::kF32;
    tensor.dims = std::move(dims);
    tensor.bytes = bytes;
    tensors_.push_back(tensor);
  }
  void Remove(std::string_view name) {
    std::erase_if(tensors_, [&](const CheckpointTensor& tensor) { return tensor.name == name; });
  }
  CheckpointTensor* Mutable(std::string_view name) {
    for (CheckpointTensor& tensor : tensors_) {
      if (tensor.name == name) return &tensor;
    }
    return nullptr;
  }

  CheckpointDialect dialect() const override { return dialect_; }
  CheckpointFormat format() const override { return {"memory"}; }
  uint64_t file_bytes() const override { return 0; }
  absl::StatusOr<std::string> architecture() const override { return architecture_; }
  std::string name() const override { return "memory"; }

  bool Has(std::string_view key) const override { return metadata.contains(std::string(key)); }
  absl::StatusOr<int64_t> GetInt(std::string_view key) const override { return Get<int64_t>(key); }
  absl::StatusOr<uint64_t> GetUint(std::string_view key) const override { return Get<int64_t>(key); }
  absl::StatusOr<double> GetFloat(std::string_view key) const override {
    if (const absl::StatusOr<int64_t> integer = Get<int64_t>(key); integer.ok()) return *integer;
    return Get<double>(key);
  }
  absl::StatusOr<bool> GetBool(std::string_view key) const override { return Get<bool>(key); }
  absl::StatusOr<std::string> GetString(std::string_view key) const override { return Get<std::string>(key); }
  absl::StatusOr<std::vector<int64_t>> GetInts(std::string_view key) const override {
    return absl::NotFoundError(absl::StrCat(std::string(key), " is no list of integers"));
  }
  absl::StatusOr<std::vector<double>> GetFloats(std::string_view key) const override {
    return Get<std::vector<double>>(key);
  }
  absl::StatusOr<std::vector<std::string>> GetStrings(std::string_view key) const override {
    return Get<std::vector<std::string>>(key);
  }
  std::vector<std::string> keys() const override {
    std::vector<std::string> keys;
    for (const auto& [key, value] : metadata) keys.push_back(key);
    return keys;
  }
  std::string ValueText(std::string_view) const override { return "a value"; }

  std::span<const CheckpointTensor> tensors() const override { return tensors_; }
  const CheckpointTensor* FindTensor(std::string_view name) const override {
    return const_cast<MemoryCheckpoint*>(this)->Mutable(name);
  }

  absl::StatusOr<artifact::v1::Tokenizer> tokenizer() const override { return artifact::v1::Tokenizer(); }

 private:
  template <typename T>
  absl::StatusOr<T> Get(std::string_view key) const {
    const auto found = metadata.find(std::string(key));
    if (found == metadata.end()) {
      return absl::NotFoundError(absl::StrCat("metadata key '", std::string(key), "' is missing"));
    }
    if (const T* value = std::get_if<T>(&found->second)) return *value;
    return absl::InvalidArgumentError(
        absl::StrCat("metadata key '", std::string(key), "' holds something else"));
  }

  CheckpointDialect dialect_;
  std::string architecture_;
  std::deque<std::string> names_;
  std::deque<std::vector<uint8_t>> bytes_;
  std::vector<CheckpointTensor> tensors_;
};

}  // namespace streamtensor::compiler
