// SPDX-License-Identifier: Apache-2.0
#include "compiler/tools/streamtensorc/input_file.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace streamtensor::compiler {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadInputFile(const std::string& path, uint64_t most_bytes) {
  const absl::Status too_large =
      absl::InvalidArgumentError(absl::StrCat(path, ": has more than ", most_bytes, " bytes"));
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return absl::NotFoundError(absl::StrCat(path, ": is a folder; a file is needed"));
  }
  if (fs::is_regular_file(path, error) && fs::file_size(path, error) > most_bytes && !error) return too_large;
  std::ifstream file(path, std::ios::binary);
  std::string bytes;
  // Pieces: a pipe or a device doesn't say how much there is.
  std::vector<char> piece(size_t{1} << 16);
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    bytes.append(piece.data(), static_cast<size_t>(file.gcount()));
    if (bytes.size() > most_bytes) return too_large;
  }
  if (!file.is_open() || file.bad()) return absl::NotFoundError(absl::StrCat(path, ": can't be read"));
  return bytes;
}

}  // namespace streamtensor::compiler
