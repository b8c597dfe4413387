// SPDX-License-Identifier: Apache-2.0
// An event-driven HTTP/1.1 server: one I/O thread owns all connections, a few workers run the handlers.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/access/tls_pair.h"
#include "server/http/exchange.h"

namespace streamtensor::server::http {

struct Limits {
  size_t max_header_bytes = 16 << 10;
  size_t max_body_bytes = 4 << 20;
  size_t max_body_memory = 64 << 20;  // of all requests; beyond it the body that takes longest is refused
  size_t max_connections = 2048;
  size_t max_connections_per_address = 512;
  absl::Duration header_timeout =
      absl::Seconds(10);  // TLS handshake, and a request's header from its first byte
  absl::Duration body_timeout = absl::Seconds(60);
  absl::Duration idle_timeout = absl::Seconds(75);  // between two requests
};

struct Options {
  std::string listen;  // HOST:PORT; every address that HOST resolves to
  std::optional<TlsPair> tls;
  Limits limits;
  // How long a client may leave one piece of a response, or a whole one, unread. Called by the I/O thread.
  std::function<absl::Duration()> write_timeout = [] { return absl::Seconds(60); };
  // Called by the I/O thread for each connection beyond `limits`.
  std::function<void()> on_refused = [] {};
  int workers = 4;
  // Inspects a request before its body is read, and may refuse it. Called by the I/O thread: must not block.
  std::function<std::optional<Response>(const Request&)> check_head = [](const Request&) {
    return std::nullopt;
  };
  // Answers a request, perhaps later. Called by a worker.
  std::function<void(std::shared_ptr<Exchange>)> handle;
  // Response to a request that the server refuses: a message with status 400, 413 or 431; or to a connection
  // that it refuses: 503.
  std::function<Response(int status, const std::string& message)> describe_error;
};

// Thread-safe.
class Server {
 public:
  // Binds the address; Run() serves connections.
  //   UNAVAILABLE  the address cannot be bound, and why; INVALID_ARGUMENT  the TLS pair
  static absl::StatusOr<std::unique_ptr<Server>> Listen(Options options);
  // As Stop(). Remaining exchanges must not be used any more.
  ~Server();

  // Call once.
  void Run();
  // Closes all connections, whose listeners get OnClosed(), ends the threads, and drops posted work, also
  // what is posted later. Not by a handler or posted work. Idempotent.
  void Stop();

  // Runs `work` on the I/O thread, soon: it must not block.
  void PostToIo(std::function<void()> work);
  // Runs `work` on a worker.
  void PostToWorker(std::function<void()> work);

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace streamtensor::server::http
