// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/inference_service.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "server/api/grpc/call_metadata.h"
#include "server/api/grpc/generate_call.h"
#include "server/api/grpc/message_outline.h"
#include "server/api/grpc/messages.h"
#include "server/api/grpc/unary_reply.h"
#include "server/generation/request_id.h"

namespace streamtensor::server {
namespace {

// gRPC keeps a call's request as long as its call, which waits for its client to read the reply.
grpc::ByteBuffer TakeBytes(const grpc::ByteBuffer* request) {
  grpc::ByteBuffer bytes;
  bytes.Swap(const_cast<grpc::ByteBuffer*>(request));  // gRPC's own object, which is not const
  return bytes;
}

// Admits, parses and answers a request, perhaps later and on another thread.
//   answer(const Request&, Response&) -> absl::Status
template <typename Request, typename Response, typename Answer>
grpc::ServerUnaryReactor* Serve(GenerationService* service, grpc::CallbackServerContext* call,
                                const grpc::ByteBuffer* request, grpc::ByteBuffer* response, Answer answer) {
  auto* const reply = new UnaryReply(service, call);
  const auto bytes = std::make_shared<grpc::ByteBuffer>(TakeBytes(request));
  const absl::StatusOr<MessageOutline> outline = OutlineMessage(*Request::descriptor(), *bytes);
  const auto work = [=] {
    const auto run = [&]() -> absl::Status {
      Request message;
      RETURN_IF_ERROR(ParseMessage(*bytes, message));
      bytes->Clear();
      Response answered;
      RETURN_IF_ERROR(answer(message, answered));
      *response = SerializeMessage(answered);
      return absl::OkStatus();
    };
    reply->End(ToGrpc(run()));
  };
  const std::string model = outline.ok() ? outline->model : "";
  absl::Status status = service->Admit(CallerOf(*call), model);
  status.Update(outline.status());
  if (status.ok() && outline->memory_bytes <= PromptQueue::kMaxShortBytes) {
    work();
    return reply;
  }
  if (status.ok()) {
    status = service->Prepare(service->RequestId(Metadata(*call, kRequestIdHeader)), model,
                              outline->memory_bytes, work);
  }
  if (!status.ok()) reply->End(ToGrpc(status, *service, *call));
  return reply;
}

}  // namespace

grpc::ServerUnaryReactor* InferenceService::Generate(grpc::CallbackServerContext* call,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return BeginGenerate(generation_, call, TakeBytes(request), response);
}

grpc::ServerUnaryReactor* InferenceService::Tokenize(grpc::CallbackServerContext* call,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  const absl::Time deadline = DeadlineOf(*call, generation_->Now());
  const auto poll = [=, this]() -> absl::Status {
    if (call->IsCancelled()) return absl::CancelledError("the client disconnected");
    if (generation_->Now() <= deadline) return absl::OkStatus();
    return absl::DeadlineExceededError("the deadline passed before the text was tokenized");
  };
  const auto answer = [=, this](const v1::TokenizeRequest& message,
                                v1::TokenizeResponse& reply) -> absl::Status {
    ASSIGN_OR_RETURN(const auto model, registry_->Get(message.model()));
    ASSIGN_OR_RETURN(const std::vector<uint32_t> ids,
                     generation_->Tokenize(*model, message.text(), message.parse_special(), poll));
    reply.mutable_token_ids()->Assign(ids.begin(), ids.end());
    return absl::OkStatus();
  };
  return Serve<v1::TokenizeRequest, v1::TokenizeResponse>(generation_, call, request, response, answer);
}

grpc::ServerUnaryReactor* InferenceService::Detokenize(grpc::CallbackServerContext* call,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  const auto answer = [this](const v1::DetokenizeRequest& message,
                             v1::DetokenizeResponse& reply) -> absl::Status {
    ASSIGN_OR_RETURN(const auto model, registry_->Get(message.model()));
    const std::vector<uint32_t> ids(message.token_ids().begin(), message.token_ids().end());
    ASSIGN_OR_RETURN(std::string raw, generation_->Detokenize(*model, ids));
    Utf8Stream characters;
    reply.set_text(characters.Push(raw));
    reply.mutable_text()->append(characters.Finish());
    reply.set_raw(std::move(raw));
    return absl::OkStatus();
  };
  return Serve<v1::DetokenizeRequest, v1::DetokenizeResponse>(generation_, call, request, response, answer);
}

grpc::ServerUnaryReactor* InferenceService::ListModels(grpc::CallbackServerContext* call,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  const auto answer = [this, caller = CallerOf(*call)](const v1::ListModelsRequest&,
                                                       v1::ListModelsResponse& reply) {
    for (const ModelStatus& model : registry_->Models()) {
      if (generation_->CheckAccess(caller, model.name).ok()) WriteModel(model, *reply.add_models());
    }
    return absl::OkStatus();
  };
  return Serve<v1::ListModelsRequest, v1::ListModelsResponse>(generation_, call, request, response, answer);
}

grpc::ServerUnaryReactor* InferenceService::GetModel(grpc::CallbackServerContext* call,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  const auto answer = [this](const v1::GetModelRequest& message, v1::Model& reply) -> absl::Status {
    ASSIGN_OR_RETURN(const ModelStatus model, registry_->Describe(message.name()));
    WriteModel(model, reply);
    return absl::OkStatus();
  };
  return Serve<v1::GetModelRequest, v1::Model>(generation_, call, request, response, answer);
}

grpc::ServerUnaryReactor* OperatorService::ListCards(grpc::CallbackServerContext* call,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  const auto answer = [this, caller = CallerOf(*call)](const v1::ListCardsRequest&,
                                                       v1::ListCardsResponse& reply) {
    for (const CardStatus& card : registry_->Cards()) {
      if (generation_->CheckAccess(caller, card.model).ok()) WriteCard(card, *reply.add_cards());
    }
    return absl::OkStatus();
  };
  return Serve<v1::ListCardsRequest, v1::ListCardsResponse>(generation_, call, request, response, answer);
}

}  // namespace streamtensor::server
