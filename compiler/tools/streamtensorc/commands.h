// SPDX-License-Identifier: Apache-2.0
// The commands of streamtensorc. Each adds itself to the program; what it runs returns the exit code.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "base/program.h"

namespace streamtensor::compiler {

// `program` outlives its run.
void AddCompileCommand(base::Program& program);
void AddInspectCommand(base::Program& program);
void AddRunCommand(base::Program& program);
void AddPackageCommand(base::Program& program);
void AddReportCommand(base::Program& program);
void AddExplainCommand(base::Program& program);

// Prints `streamtensorc COMMAND: message` on stderr; returns 1.
int Failed(const std::string& command, const absl::Status& status);

}  // namespace streamtensor::compiler
