// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::compiler {

// Size and SHA-256 of the file `name` in `folder`. UNAVAILABLE when it can't be read.
absl::StatusOr<artifact::v1::File> DescribeFile(const std::string& folder, const std::string& name);

}  // namespace streamtensor::compiler
