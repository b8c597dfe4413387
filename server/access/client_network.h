// SPDX-License-Identifier: Apache-2.0
// Which addresses are one client.
#pragma once

#include <netinet/in.h>

#include <algorithm>

namespace streamtensor::server {

// An IPv6 client has 2^64 addresses of its own: the first one stands for all. Loopback stays what it is.
inline in6_addr ClientNetwork(in6_addr address) {
  if (!IN6_IS_ADDR_LOOPBACK(&address)) std::fill(address.s6_addr + 8, address.s6_addr + 16, 0);
  return address;
}

}  // namespace streamtensor::server
