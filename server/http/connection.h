// SPDX-License-Identifier: Apache-2.0
// One client connection: reads requests one after another, dispatches them and writes responses.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/http/body_memory.h"
#include "server/http/exchange.h"
#include "server/http/http_server.h"

namespace streamtensor::server::http {

// Without Asio's type-erased executor.
using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

// What connections need from their server; outlives them.
struct ConnectionHost {
  const Options* options = nullptr;
  boost::asio::io_context* io = nullptr;
  // Runs the handler on a worker.
  std::function<void(std::shared_ptr<Exchange>)> dispatch;
  // Of all connections' requests.
  std::shared_ptr<BodyMemory> bodies = std::make_shared<BodyMemory>();
  // Makes room among bodies that are being received, perhaps by RefuseBody() of the one that calls it.
  std::function<void()> on_bodies_full;
};

// All methods run on the I/O thread.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  // Plaintext without `tls`. `on_closed` is called once, last, perhaps by Start().
  static std::shared_ptr<Connection> Create(const ConnectionHost* host, Socket socket, std::string peer,
                                            boost::asio::ssl::context* tls,
                                            std::function<void(Connection*)> on_closed);
  virtual ~Connection() = default;

  virtual void Start() = 0;
  // Instead of Start(), in plaintext: answers whatever comes with 503 and `why`, and closes.
  virtual void Refuse(const std::string& why) = 0;
  // Closes immediately.
  virtual void Close() = 0;

  // Ends the receiving of a body with 503.
  virtual void RefuseBody() = 0;
  // Since when a body is being received; nullopt: none is.
  std::optional<Clock::time_point> body_since() const { return body_since_; }

  // Since when the client owes a whole request, or a goodbye; nullopt while a request is answered.
  std::optional<Clock::time_point> idle_since() const { return idle_since_; }

  // The deadline of the pending operation has passed.
  bool IsOverdue(Clock::time_point now) const { return now >= deadline_; }

 protected:
  Clock::time_point deadline_ = Clock::time_point::max();
  std::optional<Clock::time_point> idle_since_ = Clock::now();
  std::optional<Clock::time_point> body_since_;
};

}  // namespace streamtensor::server::http
