// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/inference_service.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "server/api/grpc/call_metadata.h"
#include "server/api/grpc/gated_call.h"
#include "server/api/grpc/generate_call.h"
#include "server/api/grpc/message_outline.h"
#include "server/api/grpc/messages.h"
#include "server/generation/request_id.h"
#include "streamtensor/v1/inference.pb.h"
#include "streamtensor/v1/operator.pb.h"

namespace streamtensor::server {
namespace {

// Admits, parses and answers a request, perhaps later and on another thread.
//   answer(const Request&, Response&) -> absl::Status
template <typename Request, typename Response, typename Answer>
class Query : public UnaryCall {
 public:
  Query(GenerationService* service, CallGate* gate, grpc::CallbackServerContext* context, Answer answer)
      : UnaryCall(service, gate, context), answer_(std::move(answer)) {}

 protected:
  void OnMessage(grpc::ByteBuffer request) override {
    const auto bytes = std::make_shared<grpc::ByteBuffer>(std::move(request));
    const absl::StatusOr<MessageOutline> outline = OutlineMessage(*Request::descriptor(), *bytes);
    const auto work = [this, bytes] {
      const auto run = [&]() -> absl::Status {
        Request message;
        RETURN_IF_ERROR(ParseMessage(*bytes, message));
        bytes->Clear();
        Response answered;
        RETURN_IF_ERROR(answer_(message, answered));
        SetResponse(SerializeMessage(answered));
        return absl::OkStatus();
      };
      End(ToGrpc(run()));
    };
    const std::string model = outline.ok() ? outline->model : "";
    absl::Status status = service().Admit(CallerOf(context()), model);
    status.Update(outline.status());
    if (status.ok() && outline->memory_bytes <= PromptQueue::kMaxShortBytes) return work();
    if (status.ok()) {
      status = service().Prepare(service().RequestId(Metadata(context(), kRequestIdHeader)), model,
                                 outline->memory_bytes, work);
    }
    if (!status.ok()) End(ToGrpc(status, service(), context()));
  }

 private:
  const Answer answer_;
};

template <typename Request, typename Response, typename Answer>
CallReactor* BeginQuery(GenerationService* service, CallGate* gate, grpc::CallbackServerContext* context,
                        Answer answer) {
  return BeginCall<Query<Request, Response, Answer>>(service, gate, context, std::move(answer));
}

}  // namespace

InferenceService::InferenceService(GenerationService* generation, const ModelRegistry* registry,
                                   CallGate* gate)
    : EarlyService(*v1::GenerateRequest::descriptor()->file(), "InferenceService") {
  Handle("Generate", [=](auto* call) { return BeginGenerate(generation, gate, call); });
  generate_stream_ = Queue("GenerateStream");

  Handle("Tokenize", [=](auto* call) {
    const absl::Time deadline = DeadlineOf(*call, generation->Now());
    const auto poll = [=]() -> absl::Status {
      if (call->IsCancelled()) return absl::CancelledError("the client disconnected");
      if (generation->Now() <= deadline) return absl::OkStatus();
      return absl::DeadlineExceededError("the deadline passed before the text was tokenized");
    };
    const auto answer = [=](const v1::TokenizeRequest& message, v1::TokenizeResponse& reply) -> absl::Status {
      ASSIGN_OR_RETURN(const auto model, registry->Get(message.model()));
      ASSIGN_OR_RETURN(const std::vector<uint32_t> ids,
                       generation->Tokenize(*model, message.text(), message.parse_special(), poll));
      reply.mutable_token_ids()->Assign(ids.begin(), ids.end());
      return absl::OkStatus();
    };
    return BeginQuery<v1::TokenizeRequest, v1::TokenizeResponse>(generation, gate, call, answer);
  });

  Handle("Detokenize", [=](auto* call) {
    const auto answer = [=](const v1::DetokenizeRequest& message,
                            v1::DetokenizeResponse& reply) -> absl::Status {
      ASSIGN_OR_RETURN(const auto model, registry->Get(message.model()));
      const std::vector<uint32_t> ids(message.token_ids().begin(), message.token_ids().end());
      ASSIGN_OR_RETURN(std::string raw, generation->Detokenize(*model, ids));
      Utf8Stream characters;
      reply.set_text(characters.Push(raw));
      reply.mutable_text()->append(characters.Finish());
      reply.set_raw(std::move(raw));
      return absl::OkStatus();
    };
    return BeginQuery<v1::DetokenizeRequest, v1::DetokenizeResponse>(generation, gate, call, answer);
  });

  Handle("ListModels", [=](auto* call) {
    const auto answer = [=, caller = CallerOf(*call)](const v1::ListModelsRequest&,
                                                      v1::ListModelsResponse& reply) {
      for (const ModelStatus& model : registry->Models()) {
        if (generation->CheckAccess(caller, model.name).ok()) WriteModel(model, *reply.add_models());
      }
      return absl::OkStatus();
    };
    return BeginQuery<v1::ListModelsRequest, v1::ListModelsResponse>(generation, gate, call, answer);
  });

  Handle("GetModel", [=](auto* call) {
    const auto answer = [=](const v1::GetModelRequest& message, v1::Model& reply) -> absl::Status {
      ASSIGN_OR_RETURN(const ModelStatus model, registry->Describe(message.name()));
      WriteModel(model, reply);
      return absl::OkStatus();
    };
    return BeginQuery<v1::GetModelRequest, v1::Model>(generation, gate, call, answer);
  });
}

OperatorService::OperatorService(GenerationService* generation, const ModelRegistry* registry, CallGate* gate)
    : EarlyService(*v1::ListCardsRequest::descriptor()->file(), "OperatorService") {
  Handle("ListCards", [=](auto* call) {
    const auto answer = [=, caller = CallerOf(*call)](const v1::ListCardsRequest&,
                                                      v1::ListCardsResponse& reply) {
      for (const CardStatus& card : registry->Cards()) {
        if (generation->CheckAccess(caller, card.model).ok()) WriteCard(card, *reply.add_cards());
      }
      return absl::OkStatus();
    };
    return BeginQuery<v1::ListCardsRequest, v1::ListCardsResponse>(generation, gate, call, answer);
  });
}

}  // namespace streamtensor::server
