// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "artifact/artifact.h"
#include "runtime/session/step_card.h"
#include "streamtensor/runtime/module.h"

namespace streamtensor::runtime {

// A general module on the card that `open` opens. Takes the artifact, which must not be a decoder's.
absl::StatusOr<std::unique_ptr<Module>> OpenCardModule(std::unique_ptr<artifact::Artifact> artifact,
                                                       const StepCardOpener& open);

}  // namespace streamtensor::runtime
