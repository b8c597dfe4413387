// SPDX-License-Identifier: Apache-2.0
// From a client's message to a checked request, and from results to messages.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/models/loaded_model.h"
#include "server/models/model_registry.h"
#include "server/scheduler/sequence.h"
#include "streamtensor/v1/inference.pb.h"
#include "streamtensor/v1/operator.pb.h"

namespace streamtensor::server {

// What of a request is refused before anything is computed for it.
struct RequestLimits {
  int64_t max_prompt_tokens = 8192;
};

// Checks every field against the model and fills in the defaults; a seed that is not given is drawn.
// Arrival, deadline and id are the caller's to set.
//  INVALID_ARGUMENT  names the field, its value and what is allowed
absl::StatusOr<GenerationRequest> ReadRequest(const v1::GenerateRequest& message, const LoadedModel& model,
                                              const RequestLimits& limits);

// Appends what is new. `tokenizer` gives the bytes of log-probability tokens.
void WriteDelta(const ReplyDelta& delta, const Tokenizer& tokenizer, v1::GenerateResponse& message);
void WriteDelta(const ReplyDelta& delta, const Tokenizer& tokenizer, v1::GenerateStreamResponse& message);

// Sets the totals of a reply.
void WriteSummary(const ReplySummary& summary, v1::GenerateResponse& message);
void WriteSummary(const ReplySummary& summary, v1::GenerateStreamResponse& message);

void WriteModel(const ModelStatus& status, v1::Model& message);
void WriteCard(const CardStatus& status, v1::Card& message);

}  // namespace streamtensor::server
