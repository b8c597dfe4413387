// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/status_pages.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status_macros.h"
#include "server/http/http_server.h"

namespace streamtensor::server {
namespace {

// A probe must not wait while a metrics page is rendered.
constexpr int kWorkers = 2;

http::Response ResponseOf(StatusPage page) {
  return {page.status,
          {{"Content-Type", std::move(page.content_type)}, {"Cache-Control", "no-store"}},
          std::move(page.body)};
}

http::Response Refusal(int status, const std::string& message) {
  return ResponseOf({.status = status, .body = absl::StrCat(message, "\n")});
}

std::string PathOf(const http::Request& request) {
  return request.target.substr(0, request.target.find('?'));
}

}  // namespace

struct StatusPages::Impl {
  std::optional<http::Response> CheckHead(const http::Request& request) const {
    if (request.method != "GET" && request.method != "HEAD") {
      return Refusal(405, "only GET and HEAD are served here");
    }
    if (request.AnnouncesBody()) return Refusal(413, "a request for a page has no body");
    if (pages.contains(PathOf(request))) return std::nullopt;
    const auto append_path = [](std::string* out, const auto& page) { out->append(page.first); };
    return Refusal(404, absl::StrCat("available pages: ", absl::StrJoin(pages, ", ", append_path)));
  }

  Pages pages;
  std::unique_ptr<http::Server> server;
};

StatusPages::StatusPages(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

StatusPages::~StatusPages() = default;

absl::StatusOr<std::unique_ptr<StatusPages>> StatusPages::Start(http::Options options, Pages pages) {
  auto impl = std::make_unique<Impl>();
  impl->pages = std::move(pages);
  Impl* const self = impl.get();
  options.workers = kWorkers;
  options.check_head = [self](const http::Request& request) { return self->CheckHead(request); };
  options.handle = [self](const std::shared_ptr<http::Exchange>& exchange) {
    exchange->Respond(ResponseOf(self->pages.at(PathOf(exchange->request()))()));
  };
  options.describe_error = &Refusal;
  ASSIGN_OR_RETURN(impl->server, http::Server::Listen(std::move(options)));
  impl->server->Run();
  return std::unique_ptr<StatusPages>(new StatusPages(std::move(impl)));
}

}  // namespace streamtensor::server
