// SPDX-License-Identifier: Apache-2.0
// A small HTTP server for what operators poll.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace streamtensor::server {

struct HttpAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Serves GET and HEAD on exact paths, with eight threads of its own.
class HttpServer {
 public:
  using Handlers = std::map<std::string, std::function<HttpAnswer()>>;

  // `listen` is HOST:PORT.
  //  UNAVAILABLE  the address can not be bound, and why
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const std::string& listen, Handlers handlers);
  ~HttpServer();

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace streamtensor::server
