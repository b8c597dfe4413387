// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "runtime/driver_library/driver_abi.h"

namespace streamtensor::runtime {

// The table of driver library card_`name`.so in `folder`. Libraries stay loaded until the program ends.
//  NOT_FOUND            no such file
//  FAILED_PRECONDITION  it can't be loaded, or is of another version
// Thread-safe.
absl::StatusOr<const st_driver_table*> LoadDriverLibrary(const std::string& folder, const std::string& name);

// The folder of the running program.
std::string ProgramDir();

}  // namespace streamtensor::runtime
