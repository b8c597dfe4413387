// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/http_server.h"

#include <civetweb.h>

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {

struct HttpServer::Impl {
  ~Impl() {
    if (context != nullptr) mg_stop(context);
    mg_exit_library();
  }

  static int Log(const mg_connection* connection, const char* message) {
    auto* self = static_cast<Impl*>(mg_get_user_data(mg_get_context(connection)));
    if (self != nullptr && self->context == nullptr) self->start_error = message;
    return 1;  // nothing of it goes to stderr
  }

  static int Serve(mg_connection* connection, void* handler) {
    const mg_request_info* request = mg_get_request_info(connection);
    const std::string_view method = request->request_method;
    HttpAnswer answer;
    if (method != "GET" && method != "HEAD") {
      answer = {405, "text/plain; charset=utf-8", "only GET and HEAD are served here\n"};
    } else {
      answer = (*static_cast<std::function<HttpAnswer()>*>(handler))();
    }
    mg_printf(connection,
              "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
              "Connection: close\r\n\r\n",
              answer.status, mg_get_response_code_text(connection, answer.status),
              answer.content_type.c_str(), answer.body.size());
    if (method != "HEAD") mg_write(connection, answer.body.data(), answer.body.size());
    return answer.status;
  }

  Handlers handlers;
  std::function<HttpAnswer()> not_found = [] {
    return HttpAnswer{404, "text/plain; charset=utf-8", "served are /metrics, /healthz and /readyz\n"};
  };
  mg_context* context = nullptr;
  std::string start_error;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() = default;

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& listen, Handlers handlers) {
  mg_init_library(MG_FEATURES_DEFAULT);
  auto impl = std::make_unique<Impl>();
  impl->handlers = std::move(handlers);
  const char* options[] = {
      "listening_ports", listen.c_str(),      "num_threads", "2",    "request_timeout_ms",
      "10000",           "enable_keep_alive", "no",          nullptr};
  mg_callbacks callbacks{};
  callbacks.log_message = &Impl::Log;
  mg_context* context = mg_start(&callbacks, impl.get(), options);
  if (context == nullptr) {
    return absl::UnavailableError(absl::StrCat("can not listen on ", listen, " (HTTP): ", impl->start_error));
  }
  for (auto& [path, handler] : impl->handlers) {
    // '$' ends the pattern: exactly this path.
    mg_set_request_handler(context, absl::StrCat(path, "$").c_str(), &Impl::Serve, &handler);
  }
  mg_set_request_handler(context, "**", &Impl::Serve, &impl->not_found);
  impl->context = context;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace streamtensor::server
