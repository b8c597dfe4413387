// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/gguf/gguf_checkpoint.h"

#include <filesystem>
#include <utility>

#include "base/status_macros.h"
#include "compiler/frontend/gguf/gguf_tokenizer.h"

namespace streamtensor::compiler {
namespace {

CheckpointTensor View(const GgufFile& file, const GgufTensor& tensor) {
  CheckpointTensor view;
  view.name = tensor.name;
  view.type_name = FindGgufTensorLayout(tensor.type)->name;  // the parser refuses types without a layout
  view.type = CompiledTensorType(tensor.type);
  for (uint32_t i = tensor.rank; i > 0; --i) view.dims.push_back(static_cast<int64_t>(tensor.dims[i - 1]));
  view.bytes = file.TensorBytes(tensor);
  view.offset = tensor.offset;
  return view;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const GgufCheckpoint>> GgufCheckpoint::Open(const std::string& path) {
  ASSIGN_OR_RETURN(std::shared_ptr<const GgufFile> file, GgufFile::Open(path));
  return std::make_shared<const GgufCheckpoint>(std::move(file), std::filesystem::path(path).stem().string());
}

GgufCheckpoint::GgufCheckpoint(std::shared_ptr<const GgufFile> file, std::string default_name)
    : file_(std::move(file)), default_name_(std::move(default_name)) {
  tensors_.reserve(file_->tensors().size());
  for (const GgufTensor& tensor : file_->tensors()) tensors_.push_back(View(*file_, tensor));
}

absl::StatusOr<std::string> GgufCheckpoint::architecture() const {
  absl::StatusOr<std::string> name = GetString("general.architecture");
  if (!name.ok()) return absl::InvalidArgumentError(name.status().message());
  return name;
}

std::string GgufCheckpoint::name() const {
  const absl::StatusOr<std::string_view> name = file_->GetString("general.name");
  return name.ok() && !name->empty() ? std::string(*name) : default_name_;
}

absl::StatusOr<std::string> GgufCheckpoint::GetString(std::string_view key) const {
  ASSIGN_OR_RETURN(const std::string_view text, file_->GetString(key));
  return std::string(text);
}

absl::StatusOr<std::vector<std::string>> GgufCheckpoint::GetStrings(std::string_view key) const {
  ASSIGN_OR_RETURN(const std::span<const std::string_view> texts, file_->GetStrings(key));
  return std::vector<std::string>(texts.begin(), texts.end());
}

std::vector<std::string> GgufCheckpoint::keys() const {
  std::vector<std::string> keys;
  keys.reserve(file_->metadata().size());
  for (const auto& [key, value] : file_->metadata()) keys.emplace_back(key);
  return keys;
}

std::string GgufCheckpoint::ValueText(std::string_view key) const {
  const GgufValue* value = file_->FindValue(key);
  return value != nullptr ? GgufValueText(*value) : "";
}

const CheckpointTensor* GgufCheckpoint::FindTensor(std::string_view name) const {
  const GgufTensor* tensor = file_->FindTensor(name);
  return tensor != nullptr ? &tensors_[static_cast<size_t>(tensor - file_->tensors().data())] : nullptr;
}

absl::StatusOr<artifact::v1::Tokenizer> GgufCheckpoint::tokenizer() const {
  return ReadGgufTokenizer(*file_);
}

}  // namespace streamtensor::compiler
