// SPDX-License-Identifier: Apache-2.0
// Runs v++, where there is one, on the sources of an artifact of target hw.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace streamtensor::compiler {

// The program v++ on PATH; empty: there is none.
std::string FindVpp();

// Runs hls/Makefile of the artifact in `folder`: takes hours. Everything it prints goes to hls/build.log.
// INTERNAL names the first error, the log, and how to go on.
absl::Status BuildXclbin(const std::string& folder);

// Where BuildXclbin leaves its result.
std::string BuiltXclbin(const std::string& folder);

// What a user types to complete the artifact in `folder` where there is a v++.
std::string HowToComplete(const std::string& folder);

}  // namespace streamtensor::compiler
