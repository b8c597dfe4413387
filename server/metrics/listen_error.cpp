// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/listen_error.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/network_address.h"

namespace streamtensor::server {

namespace {

// `path` fits: UnixSocketPath() says so.
sockaddr_un UnixAddress(std::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  return address;
}

// What `call` (bind or connect) says of the socket at `path`; 0: success.
int ErrorOf(int (*call)(int, const sockaddr*, socklen_t), std::string_view path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const sockaddr_un address = UnixAddress(path);
  const int error = call(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
  close(fd);
  return error;
}

}  // namespace

bool IsSocketInUse(const std::string& listen) {
  const std::string_view path = base::UnixSocketPath(listen);
  return !path.empty() && ErrorOf(&connect, path) == 0;
}

std::string ListenErrorReason(const std::string& listen) {
  if (const std::string_view path = base::UnixSocketPath(listen); !path.empty()) {
    if (IsSocketInUse(listen)) return std::strerror(EADDRINUSE);
    const int error = ErrorOf(&bind, path);
    if (error == 0) unlink(std::string(path).c_str());
    return error == 0 ? "it could not be bound" : std::strerror(error);
  }
  const size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), listen.substr(colon + 1).c_str(), &hints, &found);
      error != 0) {
    return gai_strerror(error);
  }
  std::string reason = "it could not be bound";
  const int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
  if (fd >= 0) {
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0) reason = std::strerror(errno);
    close(fd);
  }
  freeaddrinfo(found);
  return reason;
}

}  // namespace streamtensor::server
