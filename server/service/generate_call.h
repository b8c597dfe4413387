// SPDX-License-Identifier: Apache-2.0
// One Generate or GenerateStream call: between gRPC, which has the call, and the card's thread, which holds
// the sink.
#pragma once

#include <grpcpp/grpcpp.h>

#include "server/service/inference_service.h"
#include "server/service/stream_writer.h"

namespace streamtensor::server {

// Begins a call. Whatever goes wrong becomes its status.
grpc::ServerUnaryReactor* BeginGenerate(ServiceContext* context, grpc::CallbackServerContext* call,
                                        const v1::GenerateRequest& request, v1::GenerateResponse* response);
// Waits for a GenerateStream call at the queue `arrivals`, one of whose threads begins it and waits for the next one;
// the rest of it is at the writer's. All pointers outlive the call.
void AwaitGenerateStream(ServiceContext* context, InferenceService* service,
                         grpc::ServerCompletionQueue* arrivals, StreamWriter* streams);

}  // namespace streamtensor::server
