// SPDX-License-Identifier: Apache-2.0
// The commands of streamtensorctl. Each gets the arguments after its name and returns the exit code:
// 0 good, 1 failed, 2 wrong usage.
#pragma once

#include <string>
#include <vector>

#include "server/ctl/client.h"

namespace streamtensor::ctl {

using Words = std::vector<std::string>;

int Generate(const Target& target, const Words& arguments);
int Bench(const Target& target, const Words& arguments);
int Chat(const Target& target, const Words& arguments);
int Tokenize(const Target& target, const Words& arguments);
int Models(const Target& target, const Words& arguments);
int Cards(const Target& target, const Words& arguments);
int Doctor(const Target& target, const Words& arguments);

// Prints "streamtensorctl COMMAND: MESSAGE; see ..." on stderr and returns 2.
int WrongUsage(const std::string& command, const std::string& message);

}  // namespace streamtensor::ctl
