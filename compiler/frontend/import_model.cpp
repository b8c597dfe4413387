// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <system_error>

#include "compiler/frontend/exported/exported_decoder.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {

namespace fs = std::filesystem;

std::string_view QuantisationName(Quantisation quantise) {
  switch (quantise) {
    case Quantisation::kW8A8:
      return "w8a8";
    case Quantisation::kW4A8:
      return "w4a8";
    case Quantisation::kNone:
      break;
  }
  return "none";
}

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
  const bool is_exported = IsExportedDecoder(path);
  if (is_exported && options.quantise == Quantisation::kW4A8) {
    return absl::UnimplementedError(
        Message("'", path, "': the products of an exported decoder have weights of 8 bits; --quantise w4a8 ",
                "is for other .mlir modules"));
  }
  if (is_exported) return ImportExportedDecoder(path, options, context);
  if (options.quantise != Quantisation::kNone) {
    return absl::InvalidArgumentError(Message("'", path,
                                              "': --quantise is for .mlir modules; a checkpoint's matrices ",
                                              "are in the formats that its file has"));
  }
  return ImportCheckpoint(path, options, context);
}

}  // namespace streamtensor::compiler
