// SPDX-License-Identifier: Apache-2.0
// The daemon's log on stderr: text lines, or one JSON object per line.
#pragma once

#include "server/config/config.h"

namespace streamtensor::server {

// Sets the program's default logger. Call before any thread starts.
void SetUpLogging(const LogConfig& config);

}  // namespace streamtensor::server
