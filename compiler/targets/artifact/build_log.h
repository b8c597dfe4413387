// SPDX-License-Identifier: Apache-2.0
// What a compiler or a build wrote to its log.
#pragma once

#include <string>

namespace streamtensor::compiler {

// The first line of the log that speaks of an error, or its first line; "no message" when it is empty.
std::string FirstError(const std::string& log);

}  // namespace streamtensor::compiler
