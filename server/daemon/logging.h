// SPDX-License-Identifier: Apache-2.0
// The daemon's log on stderr: text lines, or one JSON object per line.
#pragma once

#include <cstdint>
#include <functional>

#include "server/config/config.h"

namespace streamtensor::server {

// Sets the program's default logger, which never waits for stderr. Starts a thread, which inherits the
// caller's signal mask. Returns a thread-safe function: how many lines were dropped so far, because stderr
// took none.
std::function<uint64_t()> SetUpLogging(const LogConfig& config);

}  // namespace streamtensor::server
