// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace streamtensor::compiler {

// Checks the card model in the file `path` and says all that it holds, and what follows from it: as JSON, or
// a line a value.
absl::StatusOr<std::string> InspectPlatform(const std::string& path, bool json);

}  // namespace streamtensor::compiler
