// SPDX-License-Identifier: Apache-2.0
// Addresses that a program listens on or connects to, as text.
#pragma once

#include <string_view>

namespace streamtensor::base {

// "HOST:PORT" with a port from 1 to 65535, such as "127.0.0.1:50051" or "[::1]:50051". The host's name is not
// resolved.
bool IsHostAndPort(std::string_view text);

// "unix:/PATH": a socket in the file system, by its absolute path. Empty if `text` is no such address.
std::string_view UnixSocketPath(std::string_view text);

}  // namespace streamtensor::base
