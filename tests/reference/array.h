// SPDX-License-Identifier: Apache-2.0
// Dense arrays in memory, and .npy files of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::reference {

enum class Element { kF32, kF16, kI32, kI8, kU4 };  // kU4: one byte an element, 0..15

constexpr int64_t BytesPerElement(Element element) {
  switch (element) {
    case Element::kF32:
    case Element::kI32:
      return 4;
    case Element::kF16:
      return 2;
    case Element::kI8:
    case Element::kU4:
      return 1;
  }
  return 0;
}

// Row-major. data.size() == elements() * BytesPerElement(element).
struct Array {
  Element element = Element::kF32;
  std::vector<int64_t> dims;
  std::vector<uint8_t> data;

  static Array Zeros(Element element, std::vector<int64_t> dims);

  int64_t elements() const;
  template <class T>
  T* as() {
    return reinterpret_cast<T*>(data.data());
  }
  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(data.data());
  }
};

// f4, f2, i4 and i1 arrays in C order, versions 1 and 2.
//  NOT_FOUND, INVALID_ARGUMENT (damaged, or a kind that is none of these)
absl::StatusOr<Array> ReadNpy(const std::string& path);
absl::Status WriteNpy(const std::string& path, const Array& array);

}  // namespace streamtensor::reference
