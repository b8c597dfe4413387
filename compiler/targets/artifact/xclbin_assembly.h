// SPDX-License-Identifier: Apache-2.0
// design.xclbin of target emulation: objects, arguments and the manifest in one container.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "artifact/xclbin/writer.h"
#include "compiler/platform/platform.h"
#include "compiler/targets/artifact/object_build.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::compiler {

// The banks of the card's memory, as a container lists them.
std::vector<artifact::xclbin::WriterBank> MemoryBanks(const Platform& platform);

// The file's bytes. `objects[i]` is the path of the object for `targets[i]`; `argument_types` are the C
// types of the kernel's pointers, by index.
absl::StatusOr<std::string> AssembleXclbin(const artifact::v1::Manifest& manifest, const Platform& platform,
                                           const std::vector<std::string>& argument_types,
                                           const std::vector<ObjectTarget>& targets,
                                           const std::vector<std::string>& objects);

}  // namespace streamtensor::compiler
