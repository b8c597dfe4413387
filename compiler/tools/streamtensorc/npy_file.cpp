// SPDX-License-Identifier: Apache-2.0
#include "compiler/tools/streamtensorc/npy_file.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "compiler/tools/streamtensorc/input_file.h"

namespace streamtensor::compiler {
namespace {

constexpr uint64_t kMaxFileBytes = uint64_t{1} << 30;
constexpr size_t kPreambleBytes = 10;  // magic, version 1.0, length of the header
constexpr size_t kMaxDimensions = 32;

struct Description {
  const char* text;
  runtime::ElementType element;
};

// The first of a type is what is written.
constexpr Description kDescriptions[] = {
    {"<f4", runtime::ElementType::kFloat32},  {"<f2", runtime::ElementType::kFloat16},
    {"|V2", runtime::ElementType::kBFloat16}, {"<V2", runtime::ElementType::kBFloat16},
    {"<f8", runtime::ElementType::kFloat64},  {"|b1", runtime::ElementType::kBool},
    {"|i1", runtime::ElementType::kInt8},     {"|u1", runtime::ElementType::kInt8},
    {"<i2", runtime::ElementType::kInt16},    {"<i4", runtime::ElementType::kInt32},
    {"<i8", runtime::ElementType::kInt64},    {"<c8", runtime::ElementType::kComplex64}};

// The text between `key': ` and what ends it.
std::string Field(const std::string& header, const std::string& key, char end) {
  const size_t at = header.find("'" + key + "':");
  if (at == std::string::npos) return "";
  const size_t from = header.find_first_not_of(' ', at + key.size() + 3);
  const size_t to = header.find(end, from);
  return from == std::string::npos || to == std::string::npos ? "" : header.substr(from, to - from);
}

}  // namespace

absl::StatusOr<NpyArray> ReadNpy(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadInputFile(path, kMaxFileBytes));
  return ParseNpy(bytes, path);
}

absl::StatusOr<NpyArray> ParseNpy(const std::string& bytes, const std::string& name) {
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
  const std::string descr = Field(header, "descr", ',');
  const auto* const description = std::ranges::find_if(
      kDescriptions, [&](const Description& known) { return descr == absl::StrCat("'", known.text, "'"); });
  if (description == std::end(kDescriptions)) {
    return wrong(
        absl::StrCat("holds elements of type ", base::Printable(descr, 40),
                     "; little-endian bool, int8 to int64, float16, float32, float64 or bfloat16 ('|V2') "
                     "are needed"));
  }
  if (Field(header, "fortran_order", ',') != "False") return wrong("is in Fortran order; C order is needed");
  NpyArray array;
  array.element = description->element;
  const std::string dims = Field(header, "shape", ')');
  if (dims.empty() || dims[0] != '(') return wrong("has no shape");
  uint64_t elements = 1;
  for (const auto& word : absl::StrSplit(dims.substr(1), ',', absl::SkipWhitespace())) {
    int64_t size = 0;
    if (!absl::SimpleAtoi(word, &size) || size < 1 || size > (int64_t{1} << 30))
      return wrong("has a shape that is not a list of sizes");
    array.shape.push_back(size);
    elements *= static_cast<uint64_t>(size);
    if (elements > kMaxFileBytes || array.shape.size() > kMaxDimensions)
      return wrong("has too great a shape");
  }
  const size_t data_bytes = bytes.size() - kPreambleBytes - header_bytes;
  if (data_bytes != elements * runtime::ElementBytes(array.element)) {
    return wrong(absl::StrCat("holds ", data_bytes, " bytes of data for ", elements, " elements of ",
                              runtime::ElementName(array.element)));
  }
  array.bytes.resize(data_bytes);
  bytes.copy(reinterpret_cast<char*>(array.bytes.data()), data_bytes, kPreambleBytes + header_bytes);
  return array;
}

absl::Status WriteNpy(const std::string& path, const NpyArray& array) {
  const auto* const description = std::ranges::find(kDescriptions, array.element, &Description::element);
  std::string header =
      absl::StrCat("{'descr': '", description->text, "', 'fortran_order': False, 'shape': (",
                   absl::StrJoin(array.shape, ", "), array.shape.size() == 1 ? ",), }" : "), }");
  header.resize((kPreambleBytes + header.size() + 1 + 63) / 64 * 64 - kPreambleBytes - 1, ' ');
  header += '\n';
  std::string preamble("\x93NUMPY\x01\x00", 8);
  preamble += static_cast<char>(header.size() % 256);
  preamble += static_cast<char>(header.size() / 256);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << preamble << header;
  file.write(reinterpret_cast<const char*>(array.bytes.data()),
             static_cast<std::streamsize>(array.bytes.size()));
  if (!file.flush()) return absl::UnavailableError(absl::StrCat(path, ": can't be written"));
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
