// SPDX-License-Identifier: Apache-2.0
// Errors in OpenAI's format, {"error": {"message", "type", "param", "code"}}, with the matching HTTP status.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "server/http/exchange.h"

namespace streamtensor::server::openai {

// The body of an error; also the event that ends a stream. For a FieldError(), `param` is the first component
// of the field's path.
std::string ErrorBody(const absl::Status& status);

// `retry_after_ms`: when the client may retry.
http::Response ErrorResponse(const absl::Status& status,
                             std::optional<int64_t> retry_after_ms = std::nullopt);

// For errors of HTTP itself: 404, 405, 413, 415, 431.
http::Response ErrorResponse(int http_status, const std::string& message);

}  // namespace streamtensor::server::openai
