// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace streamtensor::server {

// Why HOST:PORT cannot be bound, in the system's words: the server libraries do not report it.
std::string ListenErrorReason(const std::string& listen);

}  // namespace streamtensor::server
