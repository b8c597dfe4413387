// SPDX-License-Identifier: Apache-2.0
// Whether an xclbin that v++ made is the one that an artifact describes.
#pragma once

#include <cstddef>
#include <span>

#include "absl/status/status.h"
#include "compiler/platform/platform.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::compiler {

// INVALID_ARGUMENT names the first thing that is wrong, what it is and what it must be: a damaged container,
// one for an emulated card or XRT's emulation, another platform, kernel, argument or bank, a bank that is too
// small, or another design's manifest inside.
absl::Status CheckHardwareXclbin(const artifact::v1::Manifest& manifest, const Platform& platform,
                                 std::span<const std::byte> file);

}  // namespace streamtensor::compiler
