// SPDX-License-Identifier: Apache-2.0
// One HTTP request and its response, as a handler sees it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace streamtensor::server::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string target;  // as sent: "/v1/models?x=1"
  Headers headers;     // names in lower case
  std::string body;
  std::string peer;  // as gRPC spells it: "ipv4:10.0.0.7:51234"

  // The first header of that name (in lower case); empty if there is none.
  std::string_view Header(std::string_view name) const;
};

struct Response {
  int status = 200;
  Headers headers;  // beside Date, Content-Length, Transfer-Encoding and Connection
  std::string body;
};

// Hears of an exchange whose response is sent in pieces, and of a client that goes. Called by the I/O thread.
class ExchangeListener {
 public:
  virtual ~ExchangeListener() = default;
  // The piece given last has left; the next one may be given.
  virtual void OnSent() = 0;
  // The client is gone, or reads nothing any more: nothing of the response will leave. Once, and last.
  virtual void OnClosed() = 0;
};

// A response is either whole, by Respond(), or sent in pieces, by Begin(), Send() and SendLast(). After its
// end nothing more is said to the listener.
class Exchange {
 public:
  virtual ~Exchange() = default;

  const Request& request() const { return request_; }

  // From any thread, once. The server keeps `listener` until the response has left or OnClosed() was called,
  // which comes also when the client is gone already.
  virtual void Listen(std::shared_ptr<ExchangeListener> listener) = 0;
  // From any thread, once.
  virtual void Respond(Response response) = 0;

  // By the I/O thread alone. `head.body` is empty. Leaves with the first piece.
  virtual void Begin(Response head) = 0;
  // By the I/O thread alone: one piece at a time, the next one after OnSent(). None is empty but the last.
  virtual void Send(std::string piece) = 0;
  virtual void SendLast(std::string piece) = 0;

 protected:
  Request request_;
};

}  // namespace streamtensor::server::http
