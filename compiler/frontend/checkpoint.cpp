// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/checkpoint.h"

#include <filesystem>
#include <system_error>

#include "compiler/frontend/exported_checkpoint.h"
#include "compiler/frontend/gguf/gguf_checkpoint.h"
#include "compiler/frontend/huggingface/huggingface_checkpoint.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {

namespace fs = std::filesystem;

int64_t CheckpointTensor::elements() const {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  return count;
}

absl::StatusOr<std::shared_ptr<const Checkpoint>> OpenCheckpoint(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return absl::NotFoundError(Message("no such file or folder: '", path, "'"));
  if (fs::is_directory(status)) return HuggingFaceCheckpoint::Open(path);
  return GgufCheckpoint::Open(path);
}

absl::StatusOr<std::shared_ptr<const Checkpoint>> OpenExportedCheckpoint(const std::string& folder) {
  return HuggingFaceCheckpoint::Open(folder, kExportedDescription);
}

}  // namespace streamtensor::compiler
