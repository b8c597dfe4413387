// SPDX-License-Identifier: Apache-2.0
// Files that a person names on the command line.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace streamtensor::compiler {

// All bytes of `path`. NOT_FOUND where nothing can be read, a folder included; INVALID_ARGUMENT beyond
// `most_bytes`.
absl::StatusOr<std::string> ReadInputFile(const std::string& path, uint64_t most_bytes);

}  // namespace streamtensor::compiler
