// SPDX-License-Identifier: Apache-2.0
// HTTP pages for operators and probes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/http/http_server.h"

namespace streamtensor::server {

struct StatusPage {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Serves GET and HEAD on exact paths.
class StatusPages {
 public:
  // Renders a path; called by the server's threads.
  using Pages = std::map<std::string, std::function<StatusPage()>>;

  // `options` say where to listen and how much to serve.
  //   UNAVAILABLE  the address cannot be bound, and why
  static absl::StatusOr<std::unique_ptr<StatusPages>> Start(http::Options options, Pages pages);
  ~StatusPages();

 private:
  struct Impl;
  explicit StatusPages(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace streamtensor::server
