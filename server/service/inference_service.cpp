// SPDX-License-Identifier: Apache-2.0
#include "server/service/inference_service.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/printable.h"
#include "server/service/generate_call.h"

namespace streamtensor::server {
namespace {

// The first value of a request's metadata; empty if there is none.
std::string Metadata(const grpc::ServerContextBase& call, const char* key) {
  const auto found = call.client_metadata().find(key);
  return found == call.client_metadata().end() ? "" : std::string(found->second.data(), found->second.size());
}

// A status travels as metadata, of which a client takes 8 KiB in all, or says RESOURCE_EXHAUSTED in its
// place; what is not printable ASCII takes three times its bytes there.
constexpr size_t kMaxMessageBytes = 2 << 10;

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* call, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  reactor->Finish(ToGrpc(status, nullptr, nullptr));
  return reactor;
}

}  // namespace

void ServiceContext::ObserveDuration(double seconds) {
  // Lost updates do no harm.
  const double before = mean_seconds.load(std::memory_order_relaxed);
  mean_seconds.store(before + 0.1 * (seconds - before), std::memory_order_relaxed);
}

// About when the next of the running requests ends.
int64_t ServiceContext::RetryAfterMs() const {
  const double load = static_cast<double>(std::max<int64_t>(1, registry->Load()));
  return std::clamp<int64_t>(std::llround(1000 * mean_seconds.load(std::memory_order_relaxed) / load), 50,
                             30000);
}

std::string ServiceContext::RequestId(const grpc::ServerContextBase& call) {
  const std::string given = Metadata(call, kRequestIdMetadata);
  const bool fits =
      !given.empty() && given.size() <= 64 && std::all_of(given.begin(), given.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == ':';
      });
  return fits ? given : absl::StrCat("r", ++last_request);
}

absl::Status ServiceContext::Admit(const grpc::ServerContextBase& call, const std::string& model,
                                   bool counts) const {
  absl::Status status =
      access->Admit(Metadata(call, "authorization"), call.peer(), model, counts, clock->Now());
  if (!status.ok()) metrics->CountRefused(status);
  return status;
}

absl::Status Shortened(const absl::Status& status) {
  const absl::string_view message = status.message();
  if (message.size() <= kMaxMessageBytes) return status;
  absl::Status shorter(status.code(), base::Shortened({message.data(), message.size()}, kMaxMessageBytes));
  status.ForEachPayload(
      [&shorter](absl::string_view type, const absl::Cord& payload) { shorter.SetPayload(type, payload); });
  return shorter;
}

grpc::Status ToGrpc(const absl::Status& status, grpc::ServerContextBase* call,
                    const ServiceContext* context) {
  if (status.ok()) return grpc::Status::OK;
  if (absl::IsResourceExhausted(status) && call != nullptr && context != nullptr) {
    const auto hint = status.GetPayload(kRetryAfterPayload);
    const std::string milliseconds = hint ? std::string(*hint) : std::to_string(context->RetryAfterMs());
    call->AddTrailingMetadata("retry-after-ms", milliseconds);
    call->AddTrailingMetadata("grpc-retry-pushback-ms", milliseconds);
  }
  return {static_cast<grpc::StatusCode>(status.code()), std::string(Shortened(status).message())};
}

grpc::ServerUnaryReactor* InferenceService::Generate(grpc::CallbackServerContext* call,
                                                     const v1::GenerateRequest* request,
                                                     v1::GenerateResponse* response) {
  return BeginGenerate(context_, call, *request, response);
}

grpc::ServerUnaryReactor* InferenceService::Tokenize(grpc::CallbackServerContext* call,
                                                     const v1::TokenizeRequest* request,
                                                     v1::TokenizeResponse* response) {
  if (absl::Status status = context_->Admit(*call, request->model()); !status.ok())
    return Answer(call, status);
  const auto model = context_->registry->Get(request->model());
  if (!model.ok()) return Answer(call, model.status());
  for (uint32_t id : (*model)->tokenizer().Encode(request->text(), request->parse_special())) {
    response->add_token_ids(id);
  }
  return Answer(call, absl::OkStatus());
}

grpc::ServerUnaryReactor* InferenceService::Detokenize(grpc::CallbackServerContext* call,
                                                       const v1::DetokenizeRequest* request,
                                                       v1::DetokenizeResponse* response) {
  if (absl::Status status = context_->Admit(*call, request->model()); !status.ok())
    return Answer(call, status);
  const auto model = context_->registry->Get(request->model());
  if (!model.ok()) return Answer(call, model.status());
  const std::vector<uint32_t> ids(request->token_ids().begin(), request->token_ids().end());
  absl::StatusOr<std::string> raw = (*model)->tokenizer().Decode(ids);
  if (!raw.ok()) return Answer(call, raw.status());
  Utf8Stream characters;
  response->set_text(characters.Push(*raw));
  response->mutable_text()->append(characters.Finish());
  response->set_raw(*std::move(raw));
  return Answer(call, absl::OkStatus());
}

grpc::ServerUnaryReactor* InferenceService::ListModels(grpc::CallbackServerContext* call,
                                                       const v1::ListModelsRequest* request,
                                                       v1::ListModelsResponse* response) {
  if (absl::Status status = context_->Admit(*call, ""); !status.ok()) return Answer(call, status);
  for (const ModelStatus& status : context_->registry->Models()) WriteModel(status, *response->add_models());
  return Answer(call, absl::OkStatus());
}

grpc::ServerUnaryReactor* InferenceService::GetModel(grpc::CallbackServerContext* call,
                                                     const v1::GetModelRequest* request,
                                                     v1::Model* response) {
  if (absl::Status status = context_->Admit(*call, request->name()); !status.ok())
    return Answer(call, status);
  const absl::StatusOr<ModelStatus> status = context_->registry->Describe(request->name());
  if (!status.ok()) return Answer(call, status.status());
  WriteModel(*status, *response);
  return Answer(call, absl::OkStatus());
}

grpc::ServerUnaryReactor* OperatorService::ListCards(grpc::CallbackServerContext* call,
                                                     const v1::ListCardsRequest* request,
                                                     v1::ListCardsResponse* response) {
  if (absl::Status status = context_->Admit(*call, ""); !status.ok()) return Answer(call, status);
  for (const CardStatus& status : context_->registry->Cards()) WriteCard(status, *response->add_cards());
  return Answer(call, absl::OkStatus());
}

}  // namespace streamtensor::server
