// SPDX-License-Identifier: Apache-2.0
// One HTTP request and its response, as a handler sees it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/body_memory.h"

namespace streamtensor::server::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string target;  // as sent: "/v1/models?x=1"
  Headers headers;     // names in lower case
  std::string body;
  std::string peer;  // in gRPC's format: "ipv4:10.0.0.7:51234"

  // The first header of that name (lower case); empty if absent.
  std::string_view Header(std::string_view name) const;
  // Whether its header says that a body follows.
  bool AnnouncesBody() const;
};

struct Response {
  int status = 200;
  Headers headers;  // in addition to Date, Content-Length, Transfer-Encoding and Connection
  std::string body;
};

// Listens to an exchange whose response is sent in pieces. Called by the I/O thread.
class ExchangeListener {
 public:
  virtual ~ExchangeListener() = default;
  // The last piece was sent; the next one may follow.
  virtual void OnSent() = 0;
  // The client is gone or no longer reads: nothing more is sent. Called once, last.
  virtual void OnClosed() = 0;
};

// A response is either whole (Respond()) or in pieces (Begin(), Send(), SendLast()). After its end the
// listener is not called again.
class Exchange {
 public:
  virtual ~Exchange() = default;

  const Request& request() const { return request_; }

  // Frees the request's body, whose use has ended; the response may take long. By whoever answers.
  void ReleaseBody() {
    std::string().swap(request_.body);
    body_share_ = nullptr;
  }

  // From any thread. Takes the place of an earlier listener, which is not called any more. The server keeps
  // `listener` until the response is sent or OnClosed() was called, which happens also if the client is
  // already gone.
  virtual void Listen(std::shared_ptr<ExchangeListener> listener) = 0;
  // From any thread, once.
  virtual void Respond(Response response) = 0;

  // Only on the I/O thread. `head.body` is empty. Sent with the first piece.
  virtual void Begin(Response head) = 0;
  // Only on the I/O thread: one piece at a time, the next after OnSent(). Only the last may be empty.
  virtual void Send(std::string piece) = 0;
  virtual void SendLast(std::string piece) = 0;

 protected:
  Request request_;
  std::unique_ptr<BodyMemory::Share> body_share_;  // while there is a body
};

}  // namespace streamtensor::server::http
