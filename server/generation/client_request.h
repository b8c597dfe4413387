// SPDX-License-Identifier: Apache-2.0
// What a client asks for, in no API's words. A face fills one in from its own messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "server/models/loaded_model.h"
#include "server/sampling/params.h"
#include "server/scheduler/sequence.h"
#include "server/tokenizer/chat_template.h"

namespace streamtensor::server {

// Text (special tokens in it are not recognised), a conversation, or token ids.
using Prompt = std::variant<std::monostate, std::string, std::vector<ChatMessage>, std::vector<uint32_t>>;

struct ClientRequest {
  std::string model;
  Prompt prompt;
  SamplingParams sampling;       // its seed is taken from `seed`
  std::optional<uint64_t> seed;  // unset: drawn
  StoppingParams stopping;
  std::optional<uint32_t> logprobs;  // alternatives a token
  bool prompt_logprobs = false;
  int32_t priority = 0;  // higher first
};

// What of a request is refused before anything is computed for it.
struct RequestLimits {
  int64_t max_prompt_tokens = 8192;
};

// Checks every field against the model and makes the prompt into tokens. Id, arrival and deadline are the
// caller's to set.
//  INVALID_ARGUMENT  what is wrong, which value, what is allowed; about a field a FieldError(), with these
//  paths:
//                    sampling.NAME, stopping.NAME, output.logprobs, tokens.ids[I], chat.messages,
//                    chat.messages[I].role
absl::StatusOr<GenerationRequest> CheckRequest(ClientRequest request, const LoadedModel& model,
                                               const RequestLimits& limits);

}  // namespace streamtensor::server
