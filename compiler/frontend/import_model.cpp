// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <system_error>

#include "compiler/frontend/imported_model.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {

namespace fs = std::filesystem;

absl::StatusOr<ImportedModel> ImportModel(const std::string& path, const ImportOptions& options,
                                          mlir::MLIRContext* context) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return absl::NotFoundError(Message("no such file or folder: '", path, "'"));
  if (!fs::is_regular_file(status) && !fs::is_directory(status)) {
    return absl::InvalidArgumentError(Message("'", path, "' is neither a regular file nor a folder"));
  }
  if (fs::is_regular_file(status) && fs::path(path).extension() == ".mlir") {
    return ImportMlir(path, options, context);
  }
  return ImportCheckpoint(path, options, context);
}

}  // namespace streamtensor::compiler
