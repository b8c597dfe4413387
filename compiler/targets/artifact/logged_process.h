// SPDX-License-Identifier: Apache-2.0
// Programs that the compile job starts, their output in a file.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace streamtensor::compiler {

// Starts `command`, found on PATH, in `folder` ("": this process's); what it prints goes to the file `log`,
// its input is empty. FAILED_PRECONDITION: it can't be started.
absl::StatusOr<pid_t> StartLogged(const std::vector<std::string>& command, const std::string& log,
                                  const std::string& folder = "");

// Waits for its end. INTERNAL: "<what> was ended by signal 9", "<what> ended with 2".
absl::Status AwaitLogged(pid_t process, const std::string& what);

// The first line of `log` that speaks of an error; else its first line.
std::string FirstError(const std::string& log);

}  // namespace streamtensor::compiler
