// SPDX-License-Identifier: Apache-2.0
// Listens for gRPC connections and passes them to gRPC, so that their number is bounded: gRPC's own listener
// accepts without end.
#pragma once

#include <grpcpp/server_builder.h>
#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/file_descriptor.h"

namespace streamtensor::server {

// Thread-safe except Run().
class ConnectionListener {
 public:
  struct Options {
    std::string listen;  // HOST:PORT, every address that HOST resolves to; or unix:/PATH
    int64_t max_connections = 0;
    int64_t max_connections_per_address = 0;  // not of unix:/PATH
    // Plaintext: a refused client is told why.
    bool is_plaintext = true;
    // Both are called by the listener's thread.
    std::function<void()> on_refused = [] {};
    // Whether the connection of `peer`, as gRPC writes it, does something for its client. When all places are
    // taken, one that does nothing gives way to a new connection.
    std::function<bool(const std::string& peer)> has_work = [](const std::string&) { return true; };
  };

  // Binds the address.
  //   UNAVAILABLE  it cannot be bound, and why
  static absl::StatusOr<std::unique_ptr<ConnectionListener>> Bind(Options options);
  // Accepts no more connections. Those that were accepted are gRPC's.
  ~ConnectionListener();
  ConnectionListener(const ConnectionListener&) = delete;
  ConnectionListener& operator=(const ConnectionListener&) = delete;

  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;
  // Starts accepting. Call once, after the server of `acceptor` has started.
  void Run(std::unique_ptr<Acceptor> acceptor);

 private:
  using FileDescriptor = base::FileDescriptor;
  using Clock = std::chrono::steady_clock;

  // An accepted connection. gRPC has a duplicate of its descriptor, and shuts the connection down before it
  // closes that, which is seen here.
  struct Connection {
    FileDescriptor fd;
    std::string peer;     // as gRPC writes it
    std::string address;  // empty: a socket in the file system
    uint64_t number = 0;  // in order of arrival
  };
  using Connections = std::unordered_map<int, Connection>;  // by descriptor
  // A refused connection, kept for a moment so that the client reads why.
  struct Refused {
    FileDescriptor fd;
    Clock::time_point until;
  };

  explicit ConnectionListener(Options options) : options_(std::move(options)) {}
  absl::Status BindUnix(const std::string& path);
  absl::Status BindHost();
  // 0, or errno.
  int Listen(int family, const void* address, uint32_t bytes);
  absl::Status Cannot(const std::string& why) const;
  void Watch(int fd, uint32_t events) const;

  void RunThread();
  void OnEvent(const epoll_event& event);
  void AcceptAll(int listener);
  void Admit(FileDescriptor fd, int listener, const std::string& peer, const std::string& address);
  // Ends the oldest connection without work, of the address that has most. False: all have work.
  bool EndIdle();
  // Counts it no longer.
  void Leave(Connections::iterator connection);
  void Refuse(FileDescriptor fd, const std::string& why);
  void CloseRefused();
  void PauseListening(bool is_paused);

  const Options options_;
  std::string unix_path_;  // to be removed
  std::vector<FileDescriptor> listeners_;
  FileDescriptor epoll_;
  FileDescriptor stop_;  // an event: the thread ends
  std::unique_ptr<Acceptor> acceptor_;
  std::thread thread_;

  // Used by the thread.
  Connections connections_;
  uint64_t arrived_ = 0;
  std::unordered_map<std::string, int64_t> addresses_;
  std::deque<Refused> refused_;
  bool is_paused_ = false;
};

}  // namespace streamtensor::server
