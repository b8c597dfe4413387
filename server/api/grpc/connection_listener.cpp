// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/connection_listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/network_address.h"
#include "base/status_macros.h"
#include "server/access/client_network.h"

namespace streamtensor::server {
namespace {

// Delay after a failed accept, usually for lack of descriptors.
constexpr std::chrono::milliseconds kAcceptPause(100);
// How long a refused client may take to read why, and how many at once may.
constexpr std::chrono::seconds kRefusalTime(1);
constexpr size_t kMaxRefused = 64;

// The address of a client, without its port; empty: it is on this host, by a socket in the file system.
std::string AddressOf(const sockaddr_storage& peer) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else if (peer.ss_family == AF_INET6) {
    const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      inet_ntop(AF_INET, &v6.s6_addr[12], text.data(), text.size());
    } else {
      const in6_addr network = ClientNetwork(v6);
      inet_ntop(AF_INET6, &network, text.data(), text.size());
    }
  }
  return text.data();
}

// A client as gRPC writes it.
std::string PeerOf(const sockaddr_storage& peer) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return absl::StrCat("ipv4:", text.data(), ":", ntohs(v4.sin_port));
  }
  if (peer.ss_family != AF_INET6) return "unix:";
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
  const int port = ntohs(v6.sin6_port);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text.data(), text.size());
    return absl::StrCat("ipv4:", text.data(), ":", port);
  }
  inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  // %25 precedes the number of the interface of an address that is valid there alone.
  const std::string scope = v6.sin6_scope_id != 0 ? absl::StrCat("%25", v6.sin6_scope_id) : "";
  return absl::StrCat("ipv6:%5B", text.data(), scope, "%5D:", port);
}

// In HTTP/1.1, which every HTTP/2 client knows as an error: after frames, gRPC's clients would take the
// connection for good and try again at once, without end.
std::string Refusal(const std::string& why) {
  return absl::StrCat("HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: ",
                      why.size() + 1, "\r\nConnection: close\r\n\r\n", why, "\n");
}

bool IsSocketFile(const std::string& path) {
  struct stat status{};
  return lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

}  // namespace

absl::Status ConnectionListener::Cannot(const std::string& why) const {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", options_.listen, " (gRPC): ", why));
}

absl::StatusOr<std::unique_ptr<ConnectionListener>> ConnectionListener::Bind(Options options) {
  auto listener = std::unique_ptr<ConnectionListener>(new ConnectionListener(std::move(options)));
  listener->epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  listener->stop_ = FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!listener->epoll_.valid() || !listener->stop_.valid()) return listener->Cannot(std::strerror(errno));
  const std::string path(base::UnixSocketPath(listener->options_.listen));
  RETURN_IF_ERROR(path.empty() ? listener->BindHost() : listener->BindUnix(path));
  return listener;
}

absl::Status ConnectionListener::BindUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  // A socket that a killed daemon left gives way, one that answers does not.
  const FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
    return Cannot(std::strerror(EADDRINUSE));
  }
  if (errno == ECONNREFUSED && IsSocketFile(path)) unlink(path.c_str());
  if (const int error = Listen(AF_UNIX, &address, sizeof(address)); error != 0) {
    return Cannot(std::strerror(error));
  }
  unix_path_ = path;
  return absl::OkStatus();
}

absl::Status ConnectionListener::BindHost() {
  const size_t colon = options_.listen.rfind(':');
  std::string host = options_.listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), options_.listen.substr(colon + 1).c_str(), &hints, &found);
      error != 0) {
    return Cannot(gai_strerror(error));
  }
  // A name may also stand for addresses that this host does not have, such as "localhost" without IPv6.
  int error = 0;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int failed = Listen(each->ai_family, each->ai_addr, each->ai_addrlen);
    const bool is_foreign = failed == EADDRNOTAVAIL || failed == EAFNOSUPPORT;
    if (error == 0 || (!is_foreign && failed != 0)) error = failed;
  }
  freeaddrinfo(found);
  const bool is_foreign = error == EADDRNOTAVAIL || error == EAFNOSUPPORT;
  if (error == 0 || (is_foreign && !listeners_.empty())) return absl::OkStatus();
  return Cannot(std::strerror(error));
}

int ConnectionListener::Listen(int family, const void* address, uint32_t bytes) {
  FileDescriptor fd(socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno;
  if (family != AF_UNIX) {
    // Accepted connections inherit TCP_NODELAY.
    const int on = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  if (bind(fd.get(), static_cast<const sockaddr*>(address), bytes) != 0) return errno;
  if (listen(fd.get(), SOMAXCONN) != 0) return errno;
  listeners_.push_back(std::move(fd));
  return 0;
}

ConnectionListener::~ConnectionListener() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    ST_CHECK(write(stop_.get(), &one, sizeof(one)) == sizeof(one));
    thread_.join();
  }
  if (!unix_path_.empty()) unlink(unix_path_.c_str());
}

void ConnectionListener::Run(std::unique_ptr<Acceptor> acceptor) {
  ST_CHECK(!thread_.joinable());
  acceptor_ = std::move(acceptor);
  Watch(stop_.get(), EPOLLIN);
  for (const FileDescriptor& listener : listeners_) Watch(listener.get(), EPOLLIN);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "grpc-accept");
    RunThread();
  });
}

void ConnectionListener::Watch(int fd, uint32_t events) const {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ST_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0, "epoll: ", std::strerror(errno));
}

void ConnectionListener::RunThread() {
  std::array<epoll_event, 64> events;
  for (;;) {
    int timeout_ms = -1;
    if (is_paused_ || !refused_.empty()) timeout_ms = static_cast<int>(kAcceptPause.count());
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
    if (is_paused_) PauseListening(false);
    for (int i = 0; i < count; ++i) {
      if (events[static_cast<size_t>(i)].data.fd == stop_.get()) return;
      OnEvent(events[static_cast<size_t>(i)]);
    }
    CloseRefused();
  }
}

void ConnectionListener::OnEvent(const epoll_event& event) {
  const int fd = event.data.fd;
  if (const auto found = connections_.find(fd); found != connections_.end()) {
    if ((event.events & EPOLLHUP) == 0) return;
    return Leave(found);
  }
  AcceptAll(fd);
}

void ConnectionListener::Leave(Connections::iterator connection) {
  const auto count = addresses_.find(connection->second.address);
  if (--count->second == 0) addresses_.erase(count);
  // gRPC's descriptor may still be open, so closing this one would not end the watch.
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, connection->first, nullptr);
  connections_.erase(connection);
}

bool ConnectionListener::EndIdle() {
  std::vector<std::pair<std::pair<int64_t, uint64_t>, int>> candidates;
  candidates.reserve(connections_.size());
  for (const auto& [fd, connection] : connections_) {
    if (connection.address.empty()) continue;  // nothing tells one from another
    candidates.push_back({{-addresses_[connection.address], connection.number}, fd});
  }
  std::ranges::sort(candidates);
  for (const auto& [order, fd] : candidates) {
    const auto connection = connections_.find(fd);
    if (options_.has_work(connection->second.peer)) continue;
    spdlog::debug("gRPC: the connection of {} does nothing and gives way to another",
                  connection->second.peer);
    options_.on_refused();
    // gRPC reads the end, and closes its own.
    shutdown(fd, SHUT_RDWR);
    Leave(connection);
    return true;
  }
  return false;
}

void ConnectionListener::AcceptAll(int listener) {
  for (;;) {
    sockaddr_storage peer{};
    socklen_t bytes = sizeof(peer);
    FileDescriptor fd(
        accept4(listener, reinterpret_cast<sockaddr*>(&peer), &bytes, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd.valid()) {
      Admit(std::move(fd), listener, PeerOf(peer), AddressOf(peer));
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      spdlog::warn("gRPC: a connection was not accepted: {}", std::strerror(errno));
      PauseListening(true);
    }
    return;
  }
}

void ConnectionListener::Admit(FileDescriptor fd, int listener, const std::string& peer,
                               const std::string& address) {
  const auto has = addresses_.find(address);
  if (!address.empty() && has != addresses_.end() && has->second >= options_.max_connections_per_address) {
    return Refuse(std::move(fd), absl::StrCat("there are ", has->second, " connections from ", address,
                                              ", which is the limit of an address"));
  }
  const auto all = static_cast<int64_t>(connections_.size());
  if (all >= options_.max_connections && !EndIdle()) {
    return Refuse(std::move(fd), absl::StrCat("the server has ", all, " connections, which is its limit"));
  }
  int64_t& of_address = addresses_[address];
  const int given = fcntl(fd.get(), F_DUPFD_CLOEXEC, 0);
  if (given < 0) {
    spdlog::warn("gRPC: a connection was not accepted: {}", std::strerror(errno));
    if (of_address == 0) addresses_.erase(address);
    return PauseListening(true);
  }
  const int key = fd.get();
  epoll_event hang_up{};
  hang_up.events = EPOLLET;  // errors and hang-ups alone, which are always reported
  hang_up.data.fd = key;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, key, &hang_up) != 0) {
    // The system has no more watches for this user: this connection could not be counted out.
    spdlog::warn("gRPC: a connection was not accepted: {}", std::strerror(errno));
    close(given);
    if (of_address == 0) addresses_.erase(address);
    return PauseListening(true);
  }
  ++of_address;
  connections_.emplace(key, Connection{std::move(fd), peer, address, arrived_++});
  Acceptor::NewConnectionParameters connection;
  connection.listener_fd = listener;
  connection.fd = given;
  acceptor_->HandleNewConnection(&connection);
}

void ConnectionListener::Refuse(FileDescriptor fd, const std::string& why) {
  spdlog::debug("gRPC: a connection was refused: {}", why);
  options_.on_refused();
  if (!options_.is_plaintext || refused_.size() >= kMaxRefused) return;
  const std::string refusal = Refusal(why);
  if (send(fd.get(), refusal.data(), refusal.size(), MSG_NOSIGNAL) < 0) return;
  shutdown(fd.get(), SHUT_WR);
  refused_.push_back({std::move(fd), Clock::now() + kRefusalTime});
}

// What a refused client sends is read until it leaves: closing earlier would reset the connection, and the
// client might not read why.
void ConnectionListener::CloseRefused() {
  const auto now = Clock::now();
  std::erase_if(refused_, [&](const Refused& refused) {
    std::array<char, 4096> discarded;
    ssize_t bytes = 0;
    do {
      bytes = recv(refused.fd.get(), discarded.data(), discarded.size(), MSG_DONTWAIT);
    } while (bytes > 0);
    const bool waits = bytes < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    return !waits || now >= refused.until;
  });
}

void ConnectionListener::PauseListening(bool is_paused) {
  is_paused_ = is_paused;
  for (const FileDescriptor& listener : listeners_) {
    epoll_event event{};
    event.events = is_paused ? 0u : static_cast<uint32_t>(EPOLLIN);
    event.data.fd = listener.get();
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener.get(), &event);
  }
}

}  // namespace streamtensor::server
