// SPDX-License-Identifier: Apache-2.0
// The daemon's log on stderr: text lines, or one JSON object a line.
#pragma once

#include "server/config/config.h"

namespace streamtensor::server {

// Sets the program's default logger. Before any thread starts.
void SetUpLogging(const LogConfig& config);

}  // namespace streamtensor::server
