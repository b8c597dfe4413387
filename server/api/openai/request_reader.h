// SPDX-License-Identifier: Apache-2.0
// The bodies of POST /v1/completions and /v1/chat/completions, made into requests of the service.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/generation/client_request.h"

namespace streamtensor::server::openai {

enum class Endpoint { kCompletions, kChat };

struct CompletionRequest {
  Endpoint endpoint = Endpoint::kCompletions;
  ClientRequest parameters;     // of each reply; its prompt is empty
  std::vector<Prompt> prompts;  // at least one; of a chat exactly one
  uint32_t replies = 1;         // to each prompt
  bool echo = false;            // a reply begins with its prompt
  bool stream = false;
  bool include_usage = false;  // at the end of a stream
};

// Replies that one request may ask for, to all its prompts together.
inline constexpr uint32_t kMaxReplies = 128;

// Checks types and what the endpoint defines; the service checks the rest against the model. docs/serving.md
// lists the fields. null stands for a field that is not given.
//  INVALID_ARGUMENT  about a field a FieldError(), named as the client wrote it
absl::StatusOr<CompletionRequest> ReadRequest(Endpoint endpoint, std::string_view body);

// The service's path of a field ("stopping.stop_strings[2]") as clients of this API know it ("stop[2]").
std::string FieldName(Endpoint endpoint, std::string_view service_field);

}  // namespace streamtensor::server::openai
