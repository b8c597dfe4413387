// SPDX-License-Identifier: Apache-2.0
// The last step of target hw: an artifact's sources and the xclbin that v++ made of them become an artifact.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace streamtensor::compiler {

// Completes the artifact of target hw in `folder` with `xclbin`: checks it whole against the manifest
// (compiler/targets/hardware/xclbin_check.h), the weights and the tokenizer against their hashes, copies it,
// hashes every file, and writes manifest.json last. Fails without having changed anything where the xclbin is
// not this artifact's.
//  NOT_FOUND         `folder` is not an artifact of target hw, or the xclbin does not exist
//  INVALID_ARGUMENT  names what does not fit
absl::Status PackageHardware(const std::string& folder, const std::string& xclbin);

}  // namespace streamtensor::compiler
