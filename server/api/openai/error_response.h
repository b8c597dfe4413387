// SPDX-License-Identifier: Apache-2.0
// Errors in OpenAI's shape: {"error": {"message", "type", "param", "code"}}, with the HTTP status that fits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "server/http/exchange.h"

namespace streamtensor::server::openai {

// The text of an error, as it also ends a stream that has begun. Of a FieldError() `param` is the field's
// first name.
std::string ErrorBody(const absl::Status& status);

// `retry_after_ms`: how soon the client may try again.
http::Response ErrorResponse(const absl::Status& status,
                             std::optional<int64_t> retry_after_ms = std::nullopt);

// For what goes wrong in HTTP alone: 404, 405, 413, 415, 431.
http::Response ErrorResponse(int http_status, const std::string& message);

}  // namespace streamtensor::server::openai
