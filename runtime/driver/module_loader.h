// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "runtime/driver/module_abi.h"

namespace streamtensor::runtime::driver {

// The table of module `name` ("xrt", "emulated") in `folder`. Modules stay loaded until the program
// ends. The first load of card_xrt.so sets XILINX_XRT if it is unset: XRT finds its parts by it; so the
// first open must not race with other threads that use the environment.
//  NOT_FOUND: no such file. FAILED_PRECONDITION: it can't be loaded, or is of another version.
absl::StatusOr<const st_card_module_table*> LoadModule(const std::string& folder, const std::string& name);

// The folder of the running program.
std::string ProgramFolder();

}  // namespace streamtensor::runtime::driver
