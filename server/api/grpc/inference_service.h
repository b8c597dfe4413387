// SPDX-License-Identifier: Apache-2.0
// streamtensor.v1.InferenceService and OperatorService. All pointers outlive them.
#pragma once

#include <grpcpp/grpcpp.h>

#include "server/generation/generation_service.h"
#include "server/models/model_registry.h"
#include "streamtensor/v1/inference.grpc.pb.h"
#include "streamtensor/v1/operator.grpc.pb.h"

namespace streamtensor::server {

// Messages arrive and leave as bytes, so that nothing is built of a request before it is admitted: see
// MessageOutline. Callback API, except GenerateStream, which uses completion queues: see StreamWriter.
template <typename Base>
using InferenceCallbacks =
    v1::InferenceService::WithRawCallbackMethod_Generate<v1::InferenceService::WithRawCallbackMethod_Tokenize<
        v1::InferenceService::WithRawCallbackMethod_Detokenize<
            v1::InferenceService::WithRawCallbackMethod_ListModels<
                v1::InferenceService::WithRawCallbackMethod_GetModel<Base>>>>>;

class InferenceService : public v1::InferenceService::WithRawMethod_GenerateStream<
                             InferenceCallbacks<v1::InferenceService::Service>> {
 public:
  InferenceService(GenerationService* generation, const ModelRegistry* registry)
      : generation_(generation), registry_(registry) {}

  grpc::ServerUnaryReactor* Generate(grpc::CallbackServerContext* call, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* call, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Detokenize(grpc::CallbackServerContext* call, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* call, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* call, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;

 private:
  GenerationService* const generation_;
  const ModelRegistry* const registry_;
};

class OperatorService
    : public v1::OperatorService::WithRawCallbackMethod_ListCards<v1::OperatorService::Service> {
 public:
  OperatorService(GenerationService* generation, const ModelRegistry* registry)
      : generation_(generation), registry_(registry) {}

  grpc::ServerUnaryReactor* ListCards(grpc::CallbackServerContext* call, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;

 private:
  GenerationService* const generation_;
  const ModelRegistry* const registry_;
};

}  // namespace streamtensor::server
