// SPDX-License-Identifier: Apache-2.0
#include "base/network_address.h"

#include <sys/un.h>

#include <charconv>

namespace streamtensor::base {

bool IsHostAndPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || text.find('/') != std::string_view::npos) return false;
  const std::string_view digits = text.substr(colon + 1);
  int port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc() && end == digits.data() + digits.size() && port >= 1 && port <= 65535;
}

std::string_view UnixSocketPath(std::string_view text) {
  constexpr std::string_view kScheme = "unix:";
  if (!text.starts_with(kScheme)) return {};
  const std::string_view path = text.substr(kScheme.size());
  // The system's limit includes a terminating zero.
  return path.starts_with('/') && path.size() < sizeof(sockaddr_un::sun_path) ? path : std::string_view();
}

}  // namespace streamtensor::base
