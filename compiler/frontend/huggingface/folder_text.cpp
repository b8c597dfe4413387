// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/folder_text.h"

#include <filesystem>

#include "compiler/frontend/message.h"

namespace streamtensor::compiler {

absl::StatusOr<std::optional<FolderText>> FolderText::Open(const std::string& folder, const std::string& name,
                                                           size_t max_bytes) {
  const std::string path = (std::filesystem::path(folder) / name).string();
  absl::StatusOr<artifact::MappedFile> mapping = artifact::MappedFile::Open(path);
  if (absl::IsNotFound(mapping.status())) return std::optional<FolderText>();
  if (!mapping.ok()) return absl::InvalidArgumentError(mapping.status().message());
  if (mapping->bytes().size() > max_bytes) {
    return absl::InvalidArgumentError(
        Message("'", path, "' has ", mapping->bytes().size(), " bytes; at most ", max_bytes, " are allowed"));
  }
  return std::optional<FolderText>(FolderText(*std::move(mapping)));
}

}  // namespace streamtensor::compiler
