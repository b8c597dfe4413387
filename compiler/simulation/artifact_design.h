// SPDX-License-Identifier: Apache-2.0
// The design of an artifact's folder, scheduled.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "compiler/simulation/sized_design.h"

namespace streamtensor::compiler {

// Reads manifest.json and hls/design.cpp of `folder`; of the other files nothing. `platform`: the card
// model's name, or empty for the manifest's. Errors as of SizedDesign::Schedule(), and:
//  NOT_FOUND  a file of the folder, or the card model
absl::StatusOr<SizedDesign> ScheduleArtifact(const std::string& folder, const std::string& platform);

}  // namespace streamtensor::compiler
