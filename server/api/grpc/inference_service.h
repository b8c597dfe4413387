// SPDX-License-Identifier: Apache-2.0
// streamtensor.v1.InferenceService and OperatorService. All pointers outlive them.
#pragma once

#include <grpcpp/grpcpp.h>

#include "server/api/grpc/call_gate.h"
#include "server/api/grpc/early_service.h"
#include "server/generation/generation_service.h"
#include "server/models/model_registry.h"

namespace streamtensor::server {

// Messages arrive and leave as bytes, so that nothing is built of a request before it is admitted: see
// MessageOutline. Callbacks, except GenerateStream, which uses completion queues: see StreamWriter.
class InferenceService : public EarlyService {
 public:
  InferenceService(GenerationService* generation, const ModelRegistry* registry, CallGate* gate);

  // The next GenerateStream call is `stream`'s. Reported to `arrivals`, its operations to `queue`.
  void RequestGenerateStream(grpc::ServerContext* context,
                             grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>* stream,
                             grpc::CompletionQueue* queue, grpc::ServerCompletionQueue* arrivals, void* tag) {
    RequestAsyncBidiStreaming(generate_stream_, context, stream, queue, arrivals, tag);
  }

 private:
  int generate_stream_;
};

class OperatorService : public EarlyService {
 public:
  OperatorService(GenerationService* generation, const ModelRegistry* registry, CallGate* gate);
};

}  // namespace streamtensor::server
