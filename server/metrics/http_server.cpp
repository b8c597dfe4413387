// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/http_server.h"

#include <civetweb.h>

#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/metrics/listen_error.h"

namespace streamtensor::server {

struct HttpServer::Impl {
  ~Impl() {
    if (context != nullptr) {
      // Its accepting thread looks for the stop flag every two seconds, or when a connection arrives.
      std::thread stopping([this] { mg_stop(context); });
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      WakeAcceptor();
      stopping.join();
    }
    mg_exit_library();
  }

  // Silences civetweb, which would write to stderr.
  static int Log(const mg_connection*, const char*) { return 1; }

  void WakeAcceptor() const {
    const size_t colon = listen.rfind(':');
    char error[100];
    mg_connection* connection =
        mg_connect_client(listen.substr(0, colon).c_str(), std::atoi(listen.c_str() + colon + 1),
                          /*use_ssl=*/0, error, sizeof(error));
    if (connection != nullptr) mg_close_connection(connection);
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

  std::string listen;
  Handlers handlers;
  std::function<HttpAnswer()> not_found = [] {
    return HttpAnswer{404, "text/plain; charset=utf-8", "served are /metrics, /healthz and /readyz\n"};
  };
  mg_context* context = nullptr;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() = default;

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const std::string& listen, Handlers handlers) {
  mg_init_library(MG_FEATURES_DEFAULT);
  auto impl = std::make_unique<Impl>();
  impl->listen = listen;
  impl->handlers = std::move(handlers);
  // A silent connection holds a thread until it times out; probes must not wait for a few of those.
  const char* options[] = {
      "listening_ports", listen.c_str(),      "num_threads", "8",    "request_timeout_ms",
      "10000",           "enable_keep_alive", "no",          nullptr};
  mg_callbacks callbacks{};
  callbacks.log_message = &Impl::Log;
  mg_context* context = mg_start(&callbacks, impl.get(), options);
  if (context == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("can not listen on ", listen, " (HTTP): ", WhyNotBound(listen)));
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
