// SPDX-License-Identifier: Apache-2.0
// One Generate or GenerateStream call: connects a gRPC call to its generation.
#pragma once

#include <grpcpp/grpcpp.h>

#include "server/api/grpc/arrival_queue.h"
#include "server/api/grpc/call_gate.h"
#include "server/api/grpc/early_service.h"
#include "server/api/grpc/inference_service.h"
#include "server/api/grpc/stream_writer.h"
#include "server/generation/generation_service.h"

namespace streamtensor::server {

// A Generate call. Every failure becomes its status.
CallReactor* BeginGenerate(GenerationService* generation, CallGate* gate, grpc::CallbackServerContext* call);
// Accepts the next GenerateStream call from the queue `arrivals`. Threads of that queue accept the one after
// it and start the call; the writer's thread handles the rest. All pointers outlive the call.
void AwaitGenerateStream(GenerationService* generation, CallGate* gate, InferenceService* service,
                         ArrivalQueue* arrivals, StreamWriter* writer);

}  // namespace streamtensor::server
