// SPDX-License-Identifier: Apache-2.0
// Conversion between protobuf messages and the service's requests and results.
#pragma once

#include <cstddef>

#include "server/generation/client_request.h"
#include "server/models/model_registry.h"
#include "server/scheduler/sequence.h"
#include "server/tokenizer/tokenizer.h"
#include "streamtensor/v1/inference.pb.h"
#include "streamtensor/v1/operator.pb.h"

namespace streamtensor::server {

// Converts without checking: the service checks. Field paths in errors are those of this API.
ClientRequest ReadRequest(const v1::GenerateRequest& message);

// Approximate wire size of a delta's message.
size_t WireBytes(const ReplyDelta& delta);

// Appends a delta. `tokenizer` supplies the bytes of log-probability tokens.
void WriteDelta(const ReplyDelta& delta, const Tokenizer& tokenizer, v1::GenerateResponse& message);
void WriteDelta(const ReplyDelta& delta, const Tokenizer& tokenizer, v1::GenerateStreamResponse& message);

// Sets a reply's totals.
void WriteSummary(const ReplySummary& summary, v1::GenerateResponse& message);
void WriteSummary(const ReplySummary& summary, v1::GenerateStreamResponse& message);

void WriteModel(const ModelStatus& status, v1::Model& message);
void WriteCard(const CardStatus& status, v1::Card& message);

}  // namespace streamtensor::server
