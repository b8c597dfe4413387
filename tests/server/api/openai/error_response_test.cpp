// SPDX-License-Identifier: Apache-2.0
#include "server/api/openai/error_response.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/field_error.h"

namespace streamtensor::server::openai {
namespace {

std::string HeaderOf(const http::Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return "";
}

TEST(ErrorResponse, EachCodeHasItsHttpStatus) {
  const std::pair<absl::StatusCode, int> statuses[] = {
      {absl::StatusCode::kInvalidArgument, 400},   {absl::StatusCode::kUnauthenticated, 401},
      {absl::StatusCode::kPermissionDenied, 403},  {absl::StatusCode::kNotFound, 404},
      {absl::StatusCode::kResourceExhausted, 429}, {absl::StatusCode::kInternal, 500},
      {absl::StatusCode::kUnavailable, 503},       {absl::StatusCode::kDeadlineExceeded, 504},
  };
  for (const auto& [code, http_status] : statuses) {
    const http::Response response = ErrorResponse(absl::Status(code, "what is wrong"));
    EXPECT_EQ(response.status, http_status);
    const auto error = nlohmann::json::parse(response.body)["error"];
    EXPECT_EQ(error["message"], "what is wrong");
    EXPECT_TRUE(error["type"].is_string());
    EXPECT_TRUE(error["param"].is_null());
    EXPECT_TRUE(error.contains("code"));
    EXPECT_EQ(HeaderOf(response, "Content-Type"), "application/json");
  }
}

TEST(ErrorResponse, AFieldIsItsParam) {
  const auto param_of = [](const std::string& field) {
    return nlohmann::json::parse(ErrorBody(FieldError(field, "is wrong")))["error"]["param"];
  };
  EXPECT_EQ(param_of("temperature"), "temperature");
  EXPECT_EQ(param_of("messages[3].role"), "messages");
  EXPECT_EQ(param_of("stream_options.include_usage"), "stream_options");
}

TEST(ErrorResponse, TellsWhenToTryAgain) {
  const http::Response response = ErrorResponse(absl::ResourceExhaustedError("busy"), 1250);
  EXPECT_EQ(HeaderOf(response, "Retry-After"), "2");
  EXPECT_EQ(HeaderOf(response, "retry-after-ms"), "1250");
  EXPECT_EQ(HeaderOf(ErrorResponse(absl::ResourceExhaustedError("busy")), "Retry-After"), "");
  EXPECT_EQ(HeaderOf(ErrorResponse(absl::UnauthenticatedError("who")), "WWW-Authenticate"), "Bearer");
}

TEST(ErrorResponse, IsJsonWhateverAMessageQuotes) {
  const auto error = nlohmann::json::parse(ErrorBody(absl::NotFoundError("no \"file\xff\n")));
  EXPECT_EQ(error["error"]["message"], "no \"file\xef\xbf\xbd\n");
}

}  // namespace
}  // namespace streamtensor::server::openai
