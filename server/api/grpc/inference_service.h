// SPDX-License-Identifier: Apache-2.0
// streamtensor.v1.InferenceService and OperatorService. All pointers outlive them.
#pragma once

#include <grpcpp/grpcpp.h>

#include "server/generation/generation_service.h"
#include "server/models/model_registry.h"
#include "streamtensor/v1/inference.grpc.pb.h"
#include "streamtensor/v1/operator.grpc.pb.h"

namespace streamtensor::server {

// Callback API, except GenerateStream, which uses completion queues: see StreamWriter.
template <typename Base>
using InferenceCallbacks = v1::InferenceService::WithCallbackMethod_Generate<
    v1::InferenceService::WithCallbackMethod_Tokenize<v1::InferenceService::WithCallbackMethod_Detokenize<
        v1::InferenceService::WithCallbackMethod_ListModels<
            v1::InferenceService::WithCallbackMethod_GetModel<Base>>>>>;

class InferenceService : public v1::InferenceService::WithAsyncMethod_GenerateStream<
                             InferenceCallbacks<v1::InferenceService::Service>> {
 public:
  InferenceService(GenerationService* generation, const ModelRegistry* registry);

  grpc::ServerUnaryReactor* Generate(grpc::CallbackServerContext* call, const v1::GenerateRequest* request,
                                     v1::GenerateResponse* response) override;
  grpc::ServerUnaryReactor* Tokenize(grpc::CallbackServerContext* call, const v1::TokenizeRequest* request,
                                     v1::TokenizeResponse* response) override;
  grpc::ServerUnaryReactor* Detokenize(grpc::CallbackServerContext* call,
                                       const v1::DetokenizeRequest* request,
                                       v1::DetokenizeResponse* response) override;
  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* call,
                                       const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* call, const v1::GetModelRequest* request,
                                     v1::Model* response) override;

 private:
  // Separates a call's request from its call, so that it can be freed while the reply is computed.
  class GenerateMessages : public grpc::MessageAllocator<v1::GenerateRequest, v1::GenerateResponse> {
   public:
    grpc::MessageHolder<v1::GenerateRequest, v1::GenerateResponse>* AllocateMessages() override;
  };

  GenerationService* const generation_;
  const ModelRegistry* const registry_;
  GenerateMessages generate_messages_;
};

class OperatorService : public v1::OperatorService::CallbackService {
 public:
  OperatorService(GenerationService* generation, const ModelRegistry* registry)
      : generation_(generation), registry_(registry) {}

  grpc::ServerUnaryReactor* ListCards(grpc::CallbackServerContext* call, const v1::ListCardsRequest* request,
                                      v1::ListCardsResponse* response) override;

 private:
  GenerationService* const generation_;
  const ModelRegistry* const registry_;
};

}  // namespace streamtensor::server
