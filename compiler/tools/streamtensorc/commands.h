// SPDX-License-Identifier: Apache-2.0
// The commands of streamtensorc. Each takes the words after its name and returns the exit code:
// 0 good, 1 failed, 2 wrong usage. Errors are one line on stderr.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace streamtensor::compiler {

int RunCompileCommand(const std::vector<std::string>& words);
int RunInspectCommand(const std::vector<std::string>& words);
int RunRunCommand(const std::vector<std::string>& words);
int RunPackageCommand(const std::vector<std::string>& words);

// Prints `streamtensorc COMMAND: message`; returns 1.
int Failed(const std::string& command, const absl::Status& status);
// The same with a hint at --help; returns 2.
int WrongUsage(const std::string& command, const absl::Status& status);

}  // namespace streamtensor::compiler
