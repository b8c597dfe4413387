// SPDX-License-Identifier: Apache-2.0
#include "tests/reference/array.h"

#include <cstring>
#include <fstream>
#include <iterator>
#include <regex>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace streamtensor::reference {
namespace {

constexpr char kMagic[] = "\x93NUMPY";

const char* TypeName(Element element) {
  switch (element) {
    case Element::kF32:
      return "<f4";
    case Element::kF16:
      return "<f2";
    case Element::kI32:
      return "<i4";
    case Element::kI8:
      return "|i1";
    case Element::kU4:
      return "|u1";
  }
  return "";
}

}  // namespace

Array Array::Zeros(Element element, std::vector<int64_t> dims) {
  Array array{element, std::move(dims), {}};
  array.data.resize(array.elements() * BytesPerElement(element));
  return array;
}

int64_t Array::elements() const {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  return count;
}

absl::StatusOr<Array> ReadNpy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": no such file"));
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto bad = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", what));
  };
  if (bytes.size() < 12 || bytes.compare(0, 6, kMagic, 6) != 0) return bad("not a .npy file");
  const int major = bytes[6];
  uint32_t header_size = 0;
  size_t at = 8;
  if (major == 1) {
    uint16_t size = 0;
    std::memcpy(&size, bytes.data() + at, sizeof size);
    header_size = size;
    at += sizeof size;
  } else if (major == 2) {
    std::memcpy(&header_size, bytes.data() + at, sizeof header_size);
    at += sizeof header_size;
  } else {
    return bad(absl::StrCat("version ", major, ", expected 1 or 2"));
  }
  if (header_size > bytes.size() - at) return bad("header beyond the end of the file");
  const std::string header = bytes.substr(at, header_size);
  at += header_size;

  std::smatch match;
  Array array;
  if (!std::regex_search(header, match, std::regex("'descr': *'([^']*)'")))
    return bad("header without 'descr'");
  const std::string type = match[1];
  bool known = false;
  for (Element element : {Element::kF32, Element::kF16, Element::kI32, Element::kI8}) {
    if (type != TypeName(element)) continue;
    array.element = element;
    known = true;
  }
  if (!known) return bad(absl::StrCat("element type ", type, ", expected <f4, <f2, <i4 or |i1"));
  if (header.find("'fortran_order': False") == std::string::npos) return bad("expected an array in C order");
  if (!std::regex_search(header, match, std::regex("'shape': *\\(([^)]*)\\)")))
    return bad("header without 'shape'");
  for (absl::string_view part : absl::StrSplit(match[1].str(), ',')) {
    int64_t dim = 0;
    if (part.find_first_not_of(' ') == absl::string_view::npos) continue;
    if (!absl::SimpleAtoi(part, &dim) || dim < 0 || dim > (int64_t{1} << 32)) return bad("damaged shape");
    array.dims.push_back(dim);
  }
  const size_t expected = array.elements() * BytesPerElement(array.element);
  if (bytes.size() - at != expected)
    return bad(absl::StrCat("holds ", bytes.size() - at, " bytes of values, its shape needs ", expected));
  array.data.assign(bytes.begin() + at, bytes.end());
  return array;
}

absl::Status WriteNpy(const std::string& path, const Array& array) {
  std::string header =
      absl::StrCat("{'descr': '", TypeName(array.element), "', 'fortran_order': False, 'shape': (");
  for (int64_t dim : array.dims) absl::StrAppend(&header, dim, ",");
  header += "), }";
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  const uint16_t size = header.size();
  std::ofstream file(path, std::ios::binary);
  file.write(kMagic, 6).write("\x01\x00", 2).write(reinterpret_cast<const char*>(&size), sizeof size);
  file.write(header.data(), header.size());
  file.write(reinterpret_cast<const char*>(array.data.data()), array.data.size());
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat("can't write ", path));
  return absl::OkStatus();
}

}  // namespace streamtensor::reference
