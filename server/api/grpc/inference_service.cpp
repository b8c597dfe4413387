// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/inference_service.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "server/api/grpc/call_metadata.h"
#include "server/api/grpc/generate_call.h"
#include "server/api/grpc/messages.h"
#include "server/api/grpc/unary_reply.h"
#include "server/generation/request_id.h"

namespace streamtensor::server {
namespace {

grpc::ServerUnaryReactor* Answer(GenerationService& service, grpc::CallbackServerContext* call,
                                 const absl::Status& status) {
  auto* const reply = new UnaryReply(&service, call);
  reply->End(ToGrpc(status, service, *call));
  return reply;
}

class GenerateHolder : public grpc::MessageHolder<v1::GenerateRequest, v1::GenerateResponse> {
 public:
  GenerateHolder() {
    set_request(request_.get());
    set_response(&response_);
  }
  void FreeRequest() override {
    set_request(nullptr);
    request_.reset();
  }
  void Release() override { delete this; }

 private:
  std::unique_ptr<v1::GenerateRequest> request_ = std::make_unique<v1::GenerateRequest>();
  v1::GenerateResponse response_;
};

}  // namespace

InferenceService::InferenceService(GenerationService* generation, const ModelRegistry* registry)
    : generation_(generation), registry_(registry) {
  SetMessageAllocatorFor_Generate(&generate_messages_);
}

grpc::MessageHolder<v1::GenerateRequest, v1::GenerateResponse>*
InferenceService::GenerateMessages::AllocateMessages() {
  return new GenerateHolder;
}

grpc::ServerUnaryReactor* InferenceService::Generate(grpc::CallbackServerContext* call,
                                                     const v1::GenerateRequest* request,
                                                     v1::GenerateResponse* response) {
  return BeginGenerate(generation_, call, *request, response);
}

grpc::ServerUnaryReactor* InferenceService::Tokenize(grpc::CallbackServerContext* call,
                                                     const v1::TokenizeRequest* request,
                                                     v1::TokenizeResponse* response) {
  auto* const reply = new UnaryReply(generation_, call);
  const absl::Time deadline = DeadlineOf(*call, generation_->Now());
  const auto poll = [=, this]() -> absl::Status {
    if (call->IsCancelled()) return absl::CancelledError("the client disconnected");
    if (generation_->Now() <= deadline) return absl::OkStatus();
    return absl::DeadlineExceededError("the deadline passed before the text was tokenized");
  };
  const auto answer = [=, this]() -> absl::Status {
    ASSIGN_OR_RETURN(const auto model, registry_->Get(request->model()));
    ASSIGN_OR_RETURN(const std::vector<uint32_t> ids,
                     generation_->Tokenize(*model, request->text(), request->parse_special(), poll));
    response->mutable_token_ids()->Assign(ids.begin(), ids.end());
    return absl::OkStatus();
  };
  absl::Status status = generation_->Admit(CallerOf(*call), request->model());
  if (status.ok()) {
    status = generation_->Prepare(generation_->RequestId(Metadata(*call, kRequestIdHeader)), request->model(),
                                  request->ByteSizeLong(), [=] { reply->End(ToGrpc(answer())); });
  }
  if (!status.ok()) reply->End(ToGrpc(status, *generation_, *call));
  return reply;
}

grpc::ServerUnaryReactor* InferenceService::Detokenize(grpc::CallbackServerContext* call,
                                                       const v1::DetokenizeRequest* request,
                                                       v1::DetokenizeResponse* response) {
  const auto answer = [&]() -> absl::Status {
    RETURN_IF_ERROR(generation_->Admit(CallerOf(*call), request->model()));
    ASSIGN_OR_RETURN(const auto model, registry_->Get(request->model()));
    const std::vector<uint32_t> ids(request->token_ids().begin(), request->token_ids().end());
    ASSIGN_OR_RETURN(std::string raw, generation_->Detokenize(*model, ids));
    Utf8Stream characters;
    response->set_text(characters.Push(raw));
    response->mutable_text()->append(characters.Finish());
    response->set_raw(std::move(raw));
    return absl::OkStatus();
  };
  return Answer(*generation_, call, answer());
}

grpc::ServerUnaryReactor* InferenceService::ListModels(grpc::CallbackServerContext* call,
                                                       const v1::ListModelsRequest* request,
                                                       v1::ListModelsResponse* response) {
  const Caller caller = CallerOf(*call);
  const absl::Status status = generation_->Admit(caller, "");
  if (status.ok()) {
    for (const ModelStatus& model : registry_->Models()) {
      if (generation_->CheckAccess(caller, model.name).ok()) WriteModel(model, *response->add_models());
    }
  }
  return Answer(*generation_, call, status);
}

grpc::ServerUnaryReactor* InferenceService::GetModel(grpc::CallbackServerContext* call,
                                                     const v1::GetModelRequest* request,
                                                     v1::Model* response) {
  const auto answer = [&]() -> absl::Status {
    RETURN_IF_ERROR(generation_->Admit(CallerOf(*call), request->name()));
    ASSIGN_OR_RETURN(const ModelStatus model, registry_->Describe(request->name()));
    WriteModel(model, *response);
    return absl::OkStatus();
  };
  return Answer(*generation_, call, answer());
}

grpc::ServerUnaryReactor* OperatorService::ListCards(grpc::CallbackServerContext* call,
                                                     const v1::ListCardsRequest* request,
                                                     v1::ListCardsResponse* response) {
  const Caller caller = CallerOf(*call);
  const absl::Status status = generation_->Admit(caller, "");
  if (status.ok()) {
    for (const CardStatus& card : registry_->Cards()) {
      if (generation_->CheckAccess(caller, card.model).ok()) WriteCard(card, *response->add_cards());
    }
  }
  return Answer(*generation_, call, status);
}

}  // namespace streamtensor::server
