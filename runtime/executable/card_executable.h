// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "artifact/artifact.h"
#include "streamtensor/runtime/driver.h"
#include "streamtensor/runtime/executable.h"

namespace streamtensor::runtime {

// An executable on the card that `open` opens. Takes the artifact, which must not be a decoder's.
absl::StatusOr<std::unique_ptr<Executable>> OpenCardExecutable(const CardOpener& open,
                                                               std::unique_ptr<artifact::Artifact> artifact);

}  // namespace streamtensor::runtime
