// SPDX-License-Identifier: Apache-2.0
#include "server/api/openai/openai_server.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "server/api/openai/completion_call.h"
#include "server/api/openai/error_response.h"
#include "server/generation/request_id.h"
#include "server/generation/send_queue.h"
#include "server/http/http_server.h"

namespace streamtensor::server::openai {
namespace {

constexpr char kModels[] = "/v1/models";
constexpr char kModelPrefix[] = "/v1/models/";
constexpr char kCompletions[] = "/v1/completions";
constexpr char kChat[] = "/v1/chat/completions";

Caller CallerOf(const http::Request& request) {
  return {std::string(request.Header("authorization")), request.peer};
}

// Without the query.
std::string_view PathOf(const http::Request& request) {
  const std::string_view target = request.target;
  return target.substr(0, target.find('?'));
}

bool IsPost(std::string_view path) { return path == kCompletions || path == kChat; }
bool IsGet(std::string_view path) {
  return path == kModels || path.substr(0, sizeof(kModelPrefix) - 1) == kModelPrefix;
}

// Percent-decodes "org%2Fname" to "org/name"; invalid escapes stay.
std::string PercentDecoded(std::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && absl::ascii_isxdigit(text[i + 1]) &&
                           absl::ascii_isxdigit(text[i + 2]);
    if (is_escape) {
      decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

nlohmann::ordered_json ModelObject(const ModelStatus& model, int64_t created) {
  return {{"id", model.name},
          {"object", "model"},
          {"created", created},
          {"owned_by", "streamtensor"},
          {"max_model_len", model.max_context}};
}

http::Response JsonResponse(const nlohmann::ordered_json& body) {
  return {200, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, body.dump()};
}

}  // namespace

struct OpenAiServer::Impl {
  Impl(GenerationService* generation, const ModelRegistry* registry)
      : generation(generation),
        registry(registry),
        streams([this] { http->PostToIo([this] { streams.SendAll(); }); }),
        calls{generation, &streams, [this](auto work) { http->PostToWorker(std::move(work)); }} {}

  std::string RequestIdOf(const http::Request& request) const {
    return generation->RequestId(std::string(request.Header(kRequestIdHeader)));
  }

  // Checks that need no body. Without a valid token, and beyond a client's rate, the server reads no body.
  std::optional<http::Response> CheckHead(const http::Request& request) const {
    const std::string_view path = PathOf(request);
    if (!IsGet(path) && !IsPost(path)) {
      return ErrorResponse(404,
                           "no such path; available are GET /v1/models, GET /v1/models/MODEL, POST "
                           "/v1/completions and POST /v1/chat/completions");
    }
    const char* const method = IsGet(path) ? "GET" : "POST";
    if (request.method != method) {
      http::Response response = ErrorResponse(405, absl::StrCat("this path only accepts ", method));
      response.headers.emplace_back("Allow", method);
      return response;
    }
    // A generation counts against its client's rate from here on. A GET has no body to read, and counts when
    // it is answered.
    const Caller caller = CallerOf(request);
    if (const absl::Status status =
            IsPost(path) ? generation->Charge(caller, "") : generation->CheckAccess(caller, "");
        !status.ok()) {
      const std::string id = RequestIdOf(request);
      generation->LogRefusal(id, status);
      http::Response response = ErrorResponse(status, generation->RetryAfterMs(status));
      response.headers.emplace_back(kRequestIdHeader, id);
      return response;
    }
    if (IsGet(path) && request.AnnouncesBody()) return ErrorResponse(413, "a GET has no body");
    // A browser needs permission (CORS) to send JSON to another site, so other sites' pages cannot use this
    // daemon.
    const std::string type = absl::AsciiStrToLower(std::string(request.Header("content-type")));
    if (IsPost(path) && !absl::StartsWith(type, "application/json")) {
      return ErrorResponse(415, "the request needs the header \"Content-Type: application/json\"");
    }
    if (!request.Header("content-encoding").empty()) {
      return ErrorResponse(415, "a body with a Content-Encoding is not supported");
    }
    return std::nullopt;
  }

  void Handle(const std::shared_ptr<http::Exchange>& exchange) {
    const http::Request& request = exchange->request();
    const std::string_view path = PathOf(request);
    if (path == kModels) return exchange->Respond(ListModels(CallerOf(request)));
    if (IsGet(path)) {
      const std::string name = PercentDecoded(path.substr(sizeof(kModelPrefix) - 1));
      return exchange->Respond(GetModel(CallerOf(request), name));
    }
    const std::string id = RequestIdOf(request);
    CompletionCall::Begin(&calls, exchange, id, path == kChat ? Endpoint::kChat : Endpoint::kCompletions);
  }

  // Models that the caller may use now.
  http::Response ListModels(const Caller& caller) const {
    if (const absl::Status status = generation->Admit(caller, ""); !status.ok()) {
      return ErrorResponse(status, generation->RetryAfterMs(status));
    }
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const ModelStatus& model : registry->Models()) {
      if (!registry->Serves(model.name) || !generation->CheckAccess(caller, model.name).ok()) continue;
      list.push_back(ModelObject(model, created));
    }
    return JsonResponse({{"object", "list"}, {"data", std::move(list)}});
  }

  http::Response GetModel(const Caller& caller, const std::string& name) const {
    const auto model = [&]() -> absl::StatusOr<ModelStatus> {
      RETURN_IF_ERROR(generation->Admit(caller, name));
      RETURN_IF_ERROR(registry->Get(name).status());
      return registry->Describe(name);
    }();
    return model.ok() ? JsonResponse(ModelObject(*model, created))
                      : ErrorResponse(model.status(), generation->RetryAfterMs(model.status()));
  }

  GenerationService* const generation;
  const ModelRegistry* const registry;
  const int64_t created = absl::ToUnixSeconds(absl::Now());
  SendQueue streams;
  const CallHost calls;
  std::unique_ptr<http::Server> http;
};

OpenAiServer::OpenAiServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

OpenAiServer::~OpenAiServer() {
  // Calls post work until the last thread has ended, so the HTTP server outlives its threads.
  impl_->http->Stop();
  impl_->streams.SendAll();  // releases calls still queued when the I/O thread ended
}

absl::StatusOr<std::unique_ptr<OpenAiServer>> OpenAiServer::Start(http::Options options,
                                                                  GenerationService* generation,
                                                                  const ModelRegistry* registry) {
  auto impl = std::make_unique<Impl>(generation, registry);
  Impl* const self = impl.get();
  options.write_timeout = [generation] { return generation->slow_reader_timeout(); };
  options.check_head = [self](const http::Request& request) { return self->CheckHead(request); };
  options.handle = [self](const std::shared_ptr<http::Exchange>& exchange) { self->Handle(exchange); };
  options.describe_error = [](int status, const std::string& message) {
    return status == 503 ? ErrorResponse(absl::UnavailableError(message)) : ErrorResponse(status, message);
  };
  ASSIGN_OR_RETURN(impl->http, http::Server::Listen(std::move(options)));
  impl->http->Run();
  return std::unique_ptr<OpenAiServer>(new OpenAiServer(std::move(impl)));
}

}  // namespace streamtensor::server::openai
