// SPDX-License-Identifier: Apache-2.0
// NumPy's .npy files of float32 rows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace streamtensor::compiler {

struct Rows {
  int64_t count = 0;
  int64_t width = 0;
  std::vector<float> values;  // [count][width]
};

// INVALID_ARGUMENT unless the file holds little-endian float32, C order, of 1 (one row) or 2 dimensions.
absl::StatusOr<Rows> ReadNpy(const std::string& path);
// The same from the file's bytes; `name` stands for it in errors.
absl::StatusOr<Rows> ParseNpy(const std::string& bytes, const std::string& name);
absl::Status WriteNpy(const std::string& path, const Rows& rows);

}  // namespace streamtensor::compiler
