// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace streamtensor::server {

// Whether a server answers at `listen`, if that is "unix:/PATH". Binding it would take its place without an
// error; for HOST:PORT the system refuses that by itself.
bool IsSocketInUse(const std::string& listen);

// Why HOST:PORT or unix:/PATH cannot be bound, in the system's words: the server libraries do not report it.
std::string ListenErrorReason(const std::string& listen);

}  // namespace streamtensor::server
