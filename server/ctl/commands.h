// SPDX-License-Identifier: Apache-2.0
// The commands of streamtensorctl. Each adds itself to the program; what it runs returns the exit code.
#pragma once

#include "base/program.h"
#include "server/ctl/client.h"

namespace streamtensor::ctl {

// `target` is complete when a command runs. Both outlive the program's run.
void AddGenerateCommand(base::Program& program, const Target& target);
void AddChatCommand(base::Program& program, const Target& target);
void AddRunCommand(base::Program& program);
void AddTokenizeCommand(base::Program& program, const Target& target);
void AddModelsCommand(base::Program& program, const Target& target);
void AddCardsCommand(base::Program& program, const Target& target);
void AddDoctorCommand(base::Program& program, const Target& target);
void AddBenchCommand(base::Program& program, const Target& target);

}  // namespace streamtensor::ctl
