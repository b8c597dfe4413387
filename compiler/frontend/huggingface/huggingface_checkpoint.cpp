// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/huggingface_checkpoint.h"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "compiler/frontend/huggingface/folder_text.h"
#include "compiler/frontend/huggingface/huggingface_tokenizer.h"
#include "compiler/frontend/huggingface/weight_files.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxConfigBytes = size_t{16} << 20;
constexpr size_t kMaxTokenizerBytes = size_t{256} << 20;

absl::Status InFolder(const std::string& folder, const absl::Status& status) {
  return absl::Status(status.code(), Message("'", folder, "': ", status.message()));
}

absl::Status NoTokenizer(const std::string& folder) {
  std::error_code error;
  for (const char* name : {"spiece.model", "vocab.txt", "vocab.json"}) {
    if (fs::exists(fs::path(folder) / name, error)) {
      return absl::UnimplementedError(
          Message("'", folder, "' has ", name,
                  " but neither tokenizer.json nor tokenizer.model, the only tokenizers that can be read"));
    }
  }
  return absl::InvalidArgumentError(Message("'", folder, "' has neither tokenizer.json nor tokenizer.model"));
}

std::optional<std::string_view> View(const std::optional<FolderText>& file) {
  return file.has_value() ? std::optional<std::string_view>(file->text()) : std::nullopt;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const HuggingFaceCheckpoint>> HuggingFaceCheckpoint::Open(
    const std::string& folder, const std::string& config) {
  ASSIGN_OR_RETURN(const std::optional<FolderText> text, FolderText::Open(folder, config, kMaxConfigBytes));
  if (!text.has_value()) {
    return absl::NotFoundError(Message("'", folder, "' is not a model: it has no ", config));
  }
  absl::StatusOr<ModelConfig> values = ModelConfig::Parse(text->text());
  if (!values.ok()) return InFolder(folder, values.status());
  ASSIGN_OR_RETURN(auto files, OpenWeightFiles(folder));
  return std::shared_ptr<const HuggingFaceCheckpoint>(
      new HuggingFaceCheckpoint(folder, config, *std::move(values), std::move(files)));
}

HuggingFaceCheckpoint::HuggingFaceCheckpoint(std::string folder, std::string config_file, ModelConfig config,
                                             std::vector<std::unique_ptr<const SafetensorsFile>> files)
    : folder_(std::move(folder)),
      config_file_(std::move(config_file)),
      config_(std::move(config)),
      files_(std::move(files)) {
  for (const auto& file : files_) {
    for (const SafetensorsTensor& tensor : file->tensors()) {
      tensor_index_.emplace(tensor.name, tensors_.size());
      tensors_.push_back(
          {tensor.name, tensor.dtype, tensor.type, tensor.dims, tensor.bytes, file->OffsetOf(tensor)});
    }
  }
}

uint64_t HuggingFaceCheckpoint::file_bytes() const {
  uint64_t bytes = 0;
  for (const auto& file : files_) bytes += file->file_bytes();
  return bytes;
}

absl::StatusOr<std::string> HuggingFaceCheckpoint::architecture() const {
  absl::StatusOr<std::string> type = config_.GetString("model_type");
  if (!type.ok()) return absl::InvalidArgumentError(type.status().message());
  return type;
}

// config.json's _name_or_path is where its author had the model, which says little.
std::string HuggingFaceCheckpoint::name() const {
  const fs::path path = fs::absolute(folder_).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

const CheckpointTensor* HuggingFaceCheckpoint::FindTensor(std::string_view name) const {
  const auto found = tensor_index_.find(name);
  return found != tensor_index_.end() ? &tensors_[found->second] : nullptr;
}

absl::StatusOr<artifact::v1::Tokenizer> HuggingFaceCheckpoint::tokenizer() const {
  ASSIGN_OR_RETURN(const auto tokenizer, FolderText::Open(folder_, "tokenizer.json", kMaxTokenizerBytes));
  std::optional<FolderText> sentencepiece;
  if (!tokenizer.has_value()) {
    ASSIGN_OR_RETURN(sentencepiece, FolderText::Open(folder_, "tokenizer.model", kMaxTokenizerBytes));
    if (!sentencepiece.has_value()) return NoTokenizer(folder_);
  }
  ASSIGN_OR_RETURN(const auto tokenizer_config,
                   FolderText::Open(folder_, "tokenizer_config.json", kMaxConfigBytes));
  ASSIGN_OR_RETURN(const auto generation,
                   FolderText::Open(folder_, "generation_config.json", kMaxConfigBytes));
  ASSIGN_OR_RETURN(const auto config, FolderText::Open(folder_, config_file_, kMaxConfigBytes));
  ASSIGN_OR_RETURN(const auto chat_template,
                   FolderText::Open(folder_, "chat_template.jinja", kMaxConfigBytes));
  auto message = ReadHuggingFaceTokenizer({.tokenizer = View(tokenizer),
                                           .sentencepiece = View(sentencepiece),
                                           .tokenizer_config = View(tokenizer_config),
                                           .generation_config = View(generation),
                                           .config = View(config),
                                           .chat_template = View(chat_template)});
  if (!message.ok()) return InFolder(folder_, message.status());
  return message;
}

}  // namespace streamtensor::compiler
