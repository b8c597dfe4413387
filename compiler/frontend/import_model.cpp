// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "compiler/frontend/imported_model.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

absl::Status RefuseFolder(const std::string& path) {
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == ".safetensors") {
      return absl::UnimplementedError(
          Message("'", path, "' holds safetensors, which can't be compiled yet; a GGUF file can"));
    }
  }
  if (error) return absl::InvalidArgumentError(Message("cannot read folder '", path, "': ", error.message()));
  return absl::InvalidArgumentError(
      Message("'", path, "' is a folder without a model; expected a .gguf or .mlir file"));
}

}  // namespace

absl::StatusOr<ImportedModel> ImportModel(const std::string& path, const ImportOptions& options,
                                          mlir::MLIRContext* context) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return absl::NotFoundError(Message("no such file: '", path, "'"));
  if (fs::is_directory(status)) return RefuseFolder(path);
  if (!fs::is_regular_file(status)) {
    return absl::InvalidArgumentError(Message("'", path, "' is not a regular file"));
  }
  char magic[4] = {};
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::InvalidArgumentError(Message("cannot open '", path, "': ", std::strerror(errno)));
  stream.read(magic, sizeof(magic));
  const std::string extension = fs::path(path).extension();
  if (std::memcmp(magic, "GGUF", 4) == 0 || extension == ".gguf") return ImportGguf(path, options, context);
  if (extension == ".mlir") return ImportMlir(path, options, context);
  return absl::InvalidArgumentError(
      Message("'", path, "' is not a model: neither a GGUF file nor MLIR text with the extension .mlir"));
}

}  // namespace streamtensor::compiler
