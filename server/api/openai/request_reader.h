// SPDX-License-Identifier: Apache-2.0
// Parses the bodies of POST /v1/completions and /v1/chat/completions into service requests.
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
  std::vector<Prompt> prompts;  // at least one; exactly one for a chat
  uint32_t replies = 1;         // per prompt
  bool echo = false;            // a reply begins with its prompt
  bool stream = false;
  bool include_usage = false;  // at the end of a stream
};

// Maximum replies of one request, over all its prompts.
inline constexpr uint32_t kMaxReplies = 128;

// Checks types and the endpoint's own rules; the service checks the rest against the model. docs/serving.md
// lists the fields. null means absent. `poll` is called now and then; it may be null.
//   what `poll` returned
//   INVALID_ARGUMENT  a FieldError() for errors of a field, named as the client wrote it
absl::StatusOr<CompletionRequest> ReadRequest(Endpoint endpoint, std::string_view body,
                                              const PollRequest& poll = nullptr);

// Maps the service's field path ("stopping.stop_strings[2]") to this API's ("stop[2]").
std::string FieldName(Endpoint endpoint, std::string_view service_field);

}  // namespace streamtensor::server::openai
