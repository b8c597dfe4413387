// SPDX-License-Identifier: Apache-2.0
// Where card models are found: the files NAME.yaml of $STREAMTENSOR_PLATFORM_DIR, of
// ../share/streamtensor/platforms as seen from the program, and of the source tree's configs/platforms. Of
// files with one name the first folder's counts.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/platform/platform.h"

namespace streamtensor::compiler {

// Reads the card model `name`. NOT_FOUND lists the names there are.
absl::StatusOr<Platform> FindPlatform(const std::string& name);

// The names there are, sorted.
std::vector<std::string> PlatformNames();

// SHA-256, in hex, of all files that FindPlatform would read, with their names: it differs whenever a
// compilation could differ because of a card model. UNAVAILABLE when a file can't be read.
absl::StatusOr<std::string> HashPlatforms();

}  // namespace streamtensor::compiler
