// SPDX-License-Identifier: Apache-2.0
#include "compiler/tools/streamtensorc/npy_file.h"

#include <fstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "compiler/tools/streamtensorc/input_file.h"

namespace streamtensor::compiler {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;
constexpr size_t kPreambleBytes = 10;  // magic, version 1.0, length of the header

// The text between `key': ` and what ends it.
std::string Field(const std::string& header, const std::string& key, char end) {
  const size_t at = header.find("'" + key + "':");
  if (at == std::string::npos) return "";
  const size_t from = header.find_first_not_of(' ', at + key.size() + 3);
  const size_t to = header.find(end, from);
  return from == std::string::npos || to == std::string::npos ? "" : header.substr(from, to - from);
}

}  // namespace

absl::StatusOr<Rows> ReadNpy(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadInputFile(path, kMaxFileBytes));
  return ParseNpy(bytes, path);
}

absl::StatusOr<Rows> ParseNpy(const std::string& bytes, const std::string& name) {
  auto wrong = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": ", what));
  };
  if (bytes.size() < kPreambleBytes || bytes.compare(0, 8, std::string("\x93NUMPY\x01\x00", 8)) != 0) {
    return wrong("is not a .npy file of version 1.0");
  }
  const size_t header_bytes =
      static_cast<uint8_t>(bytes[8]) + 256 * static_cast<size_t>(static_cast<uint8_t>(bytes[9]));
  if (bytes.size() < kPreambleBytes + header_bytes) return wrong("ends within its header");
  const std::string header = bytes.substr(kPreambleBytes, header_bytes);
  if (Field(header, "descr", ',') != "'<f4'") return wrong("holds other elements than float32 ('<f4')");
  if (Field(header, "fortran_order", ',') != "False") return wrong("is in Fortran order; C order is needed");
  std::vector<int64_t> shape;
  const std::string dims = Field(header, "shape", ')');
  for (const auto& word : absl::StrSplit(dims.empty() ? dims : dims.substr(1), ',', absl::SkipWhitespace())) {
    int64_t size = 0;
    if (!absl::SimpleAtoi(word, &size) || size < 1 || size > (int64_t{1} << 30))
      return wrong("has a shape that is not a list of sizes");
    shape.push_back(size);
  }
  if (shape.empty() || shape.size() > 2) return wrong("must have 1 or 2 dimensions");
  Rows rows;
  rows.count = shape.size() == 2 ? shape[0] : 1;
  rows.width = shape.back();
  const size_t data_bytes = bytes.size() - kPreambleBytes - header_bytes;
  if (data_bytes != static_cast<size_t>(rows.count) * static_cast<size_t>(rows.width) * sizeof(float)) {
    return wrong(
        absl::StrCat("holds ", data_bytes, " bytes of data for ", rows.count, " x ", rows.width, " float32"));
  }
  rows.values.resize(static_cast<size_t>(rows.count * rows.width));
  bytes.copy(reinterpret_cast<char*>(rows.values.data()), data_bytes, kPreambleBytes + header_bytes);
  return rows;
}

absl::Status WriteNpy(const std::string& path, const Rows& rows) {
  std::string header = absl::StrCat("{'descr': '<f4', 'fortran_order': False, 'shape': (", rows.count, ", ",
                                    rows.width, "), }");
  header.resize((kPreambleBytes + header.size() + 1 + 63) / 64 * 64 - kPreambleBytes - 1, ' ');
  header += '\n';
  std::string preamble("\x93NUMPY\x01\x00", 8);
  preamble += static_cast<char>(header.size() % 256);
  preamble += static_cast<char>(header.size() / 256);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << preamble << header;
  file.write(reinterpret_cast<const char*>(rows.values.data()),
             static_cast<std::streamsize>(rows.values.size() * sizeof(float)));
  if (!file.flush()) return absl::UnavailableError(absl::StrCat(path, ": can't be written"));
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
