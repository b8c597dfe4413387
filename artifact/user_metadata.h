// SPDX-License-Identifier: Apache-2.0
// The manifest that an xclbin carries as USER_METADATA, without files.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::artifact {

// Checks that an xclbin with this USER_METADATA is the design of `manifest`, read from the file `name`.
// INVALID_ARGUMENT names the first differing field and both values. Files are not compared.
absl::Status CheckUserMetadata(std::string_view user_metadata, v1::Manifest manifest,
                               const std::string& name);

}  // namespace streamtensor::artifact
