// SPDX-License-Identifier: Apache-2.0
// One Generate or GenerateStream call: between gRPC, which has the call, and its generation.
#pragma once

#include <grpcpp/grpcpp.h>

#include "server/api/grpc/inference_service.h"
#include "server/api/grpc/stream_writer.h"
#include "server/generation/generation_service.h"

namespace streamtensor::server {

// Begins a call. Whatever goes wrong becomes its status.
grpc::ServerUnaryReactor* BeginGenerate(GenerationService* generation, grpc::CallbackServerContext* call,
                                        const v1::GenerateRequest& request, v1::GenerateResponse* response);
// Waits for a GenerateStream call at the queue `arrivals`, one of whose threads begins it and waits for the
// next one; the rest of it is at the writer's. All pointers outlive the call.
void AwaitGenerateStream(GenerationService* generation, InferenceService* service,
                         grpc::ServerCompletionQueue* arrivals, StreamWriter* writer);

}  // namespace streamtensor::server
