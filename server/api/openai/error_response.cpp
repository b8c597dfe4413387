// SPDX-License-Identifier: Apache-2.0
#include "server/api/openai/error_response.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"
#include "server/generation/generation_service.h"

namespace streamtensor::server::openai {
namespace {

struct Kind {
  int http_status;
  const char* type;
  const char* code;  // empty: null
};

constexpr char kInvalidRequest[] = "invalid_request_error";
constexpr char kServerError[] = "server_error";

Kind KindOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return {400, kInvalidRequest, ""};
    case absl::StatusCode::kUnauthenticated:
      return {401, "authentication_error", "invalid_api_key"};
    case absl::StatusCode::kPermissionDenied:
      return {403, "permission_error", ""};
    case absl::StatusCode::kNotFound:
      return {404, kInvalidRequest, "model_not_found"};
    case absl::StatusCode::kResourceExhausted:
      return {429, "rate_limit_error", "rate_limit_exceeded"};
    case absl::StatusCode::kUnavailable:
      return {503, kServerError, "unavailable"};
    case absl::StatusCode::kDeadlineExceeded:
      return {504, kServerError, "timeout"};
    default:
      return {500, kServerError, ""};
  }
}

std::string Body(const std::string& message, const std::string& type, const std::string& param,
                 const std::string& code) {
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(text);
  };
  const nlohmann::ordered_json body = {
      {"error",
       {{"message", message}, {"type", type}, {"param", text_or_null(param)}, {"code", text_or_null(code)}}}};
  // A message may quote a file name, which may hold any bytes.
  return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

http::Response JsonResponse(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, std::move(body)};
}

}  // namespace

std::string ErrorBody(const absl::Status& status) {
  const Kind kind = KindOf(status.code());
  const std::string field = FieldOf(status);
  return Body(std::string(Shortened(status).message()), kind.type, field.substr(0, field.find_first_of(".[")),
              kind.code);
}

http::Response ErrorResponse(const absl::Status& status, std::optional<int64_t> retry_after_ms) {
  http::Response response = JsonResponse(KindOf(status.code()).http_status, ErrorBody(status));
  if (retry_after_ms.has_value()) {
    response.headers.emplace_back("Retry-After", absl::StrCat((*retry_after_ms + 999) / 1000));
    response.headers.emplace_back("retry-after-ms", absl::StrCat(*retry_after_ms));
  }
  if (absl::IsUnauthenticated(status)) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

http::Response ErrorResponse(int http_status, const std::string& message) {
  return JsonResponse(http_status, Body(message, kInvalidRequest, "", ""));
}

}  // namespace streamtensor::server::openai
