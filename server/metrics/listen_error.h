// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace streamtensor::server {

// Why HOST:PORT can not be listened on, in the system's words: the libraries that listen do not tell.
std::string WhyNotBound(const std::string& listen);

}  // namespace streamtensor::server
