// SPDX-License-Identifier: Apache-2.0
// NumPy's .npy files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "streamtensor/runtime/executable.h"

namespace streamtensor::compiler {

struct NpyArray {
  runtime::ElementType element = runtime::ElementType::kFloat32;
  std::vector<int64_t> shape;    // none for a scalar
  std::vector<std::byte> bytes;  // of all elements, row-major
};

// bfloat16, which NumPy doesn't have, is two bytes without a meaning ('|V2'), as the package ml_dtypes writes
// it. INVALID_ARGUMENT unless the file holds little-endian elements of an ElementType in C order, none of its
// sizes 0.
absl::StatusOr<NpyArray> ReadNpy(const std::string& path);
// The same from the file's bytes; `name` stands for it in errors.
absl::StatusOr<NpyArray> ParseNpy(const std::string& bytes, const std::string& name);
absl::Status WriteNpy(const std::string& path, const NpyArray& array);

}  // namespace streamtensor::compiler
