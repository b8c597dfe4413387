// SPDX-License-Identifier: Apache-2.0
// One Generate or GenerateStream call: connects a gRPC call to its generation.
#pragma once

#include <grpcpp/grpcpp.h>

#include "server/api/grpc/inference_service.h"
#include "server/api/grpc/stream_writer.h"
#include "server/generation/generation_service.h"

namespace streamtensor::server {

// Starts a call. Every failure becomes its status. Takes the contents of `request`.
grpc::ServerUnaryReactor* BeginGenerate(GenerationService* generation, grpc::CallbackServerContext* call,
                                        const grpc::ByteBuffer& request, grpc::ByteBuffer* response);
// Accepts the next GenerateStream call from the queue `arrivals`. A thread of that queue starts the call and
// accepts the one after it; the writer's thread handles the rest. All pointers outlive the call.
void AwaitGenerateStream(GenerationService* generation, InferenceService* service,
                         grpc::ServerCompletionQueue* arrivals, StreamWriter* writer);

}  // namespace streamtensor::server
