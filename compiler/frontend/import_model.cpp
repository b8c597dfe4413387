// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <system_error>

#include "compiler/frontend/exported/exported_decoder.h"
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
  const bool is_module = fs::is_regular_file(status) && fs::path(path).extension() == ".mlir";
  const bool is_exported = !is_module && IsExportedDecoder(path);
  if ((is_module || is_exported) && IsOfCheckpoints(options.quantise)) {
    return absl::InvalidArgumentError(Message("'", path, "': --quantise ", QuantisationName(options.quantise),
                                              " is for checkpoints; a .mlir module takes w8a8 or w4a8"));
  }
  if (is_module) {
    return ImportMlir(path, options, context);
  }
  if (is_exported) return ImportExportedDecoder(path, options, context);
  if (options.quantise != Quantisation::kNone && !IsOfCheckpoints(options.quantise)) {
    return absl::InvalidArgumentError(
        Message("'", path, "': --quantise ", QuantisationName(options.quantise),
                " is for .mlir modules and exported decoders; a checkpoint takes w4g128 or w8"));
  }
  return ImportCheckpoint(path, options, context);
}

}  // namespace streamtensor::compiler
