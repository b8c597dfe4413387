// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace streamtensor::base {

// The folder of this process's program, which also contains the programs that it starts.
std::string ProgramFolder();

}  // namespace streamtensor::base
