// SPDX-License-Identifier: Apache-2.0
// Where the estimator's data is: the cost file of the device family and the stand-ins for Vitis' headers. It
// is in
// ../share/streamtensor/schedule as seen from the program, else in the source tree it was built from.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace streamtensor::schedule {

//  NOT_FOUND  names the places
absl::StatusOr<std::string> FindDeviceCosts();
absl::StatusOr<std::string> FindVitisHeaders();

// SHA-256, in hex, of all these files: it differs whenever an estimate could. UNAVAILABLE when one can't be
// read.
absl::StatusOr<std::string> HashScheduleFiles();

}  // namespace streamtensor::schedule
