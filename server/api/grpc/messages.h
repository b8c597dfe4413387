// SPDX-License-Identifier: Apache-2.0
// From a client's message to a request of the service, and from results to messages.
#pragma once

#include <cstddef>

#include "server/generation/client_request.h"
#include "server/models/model_registry.h"
#include "server/scheduler/sequence.h"
#include "server/tokenizer/tokenizer.h"
#include "streamtensor/v1/inference.pb.h"
#include "streamtensor/v1/operator.pb.h"

namespace streamtensor::server {

// Takes the message as it is: the service checks it. Its paths of fields are this API's own.
ClientRequest ReadRequest(const v1::GenerateRequest& message);

// About what a delta's message takes on the wire.
size_t WireBytes(const ReplyDelta& delta);

// Appends what is new. `tokenizer` gives the bytes of log-probability tokens.
void WriteDelta(const ReplyDelta& delta, const Tokenizer& tokenizer, v1::GenerateResponse& message);
void WriteDelta(const ReplyDelta& delta, const Tokenizer& tokenizer, v1::GenerateStreamResponse& message);

// Sets the totals of a reply.
void WriteSummary(const ReplySummary& summary, v1::GenerateResponse& message);
void WriteSummary(const ReplySummary& summary, v1::GenerateStreamResponse& message);

void WriteModel(const ModelStatus& status, v1::Model& message);
void WriteCard(const CardStatus& status, v1::Card& message);

}  // namespace streamtensor::server
