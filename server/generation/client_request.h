// SPDX-License-Identifier: Apache-2.0
// A client's request, independent of the API. Each API fills it in from its own messages.
#pragma once

#include <cstdint>
#include <functional>
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
  SamplingParams sampling;       // its seed comes from `seed`
  std::optional<uint64_t> seed;  // unset: random
  StoppingParams stopping;
  std::optional<uint32_t> logprobs;  // alternatives per token
  bool prompt_logprobs = false;
  int32_t priority = 0;  // higher first
};

struct RequestLimits {
  int64_t max_prompt_tokens = 8192;
};

// Whether a request is still wanted: an error ends its preparation and becomes its status.
using PollRequest = std::function<absl::Status()>;

// Checks every field against the model and tokenizes the prompt, no further than `limits` allow. `poll` is
// called now and then meanwhile; it may be null. The caller sets id, arrival and deadline.
//   what `poll` returned
//   INVALID_ARGUMENT  says what is wrong, the value and what is allowed. For a field it is a FieldError()
//   with
//                     one of these paths: sampling.NAME, stopping.NAME, output.logprobs, tokens.ids[I],
//                     chat.messages, chat.messages[I].role
absl::StatusOr<GenerationRequest> CheckRequest(ClientRequest request, const LoadedModel& model,
                                               const RequestLimits& limits, const PollRequest& poll);

}  // namespace streamtensor::server
