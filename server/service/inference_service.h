// SPDX-License-Identifier: Apache-2.0
// streamtensor.v1.InferenceService and OperatorService.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/access/access_control.h"
#include "server/metrics/metrics.h"
#include "server/models/model_registry.h"
#include "server/scheduler/clock.h"
#include "server/service/request.h"
#include "streamtensor/v1/inference.grpc.pb.h"
#include "streamtensor/v1/operator.grpc.pb.h"

namespace streamtensor::server {

// What every call needs; all of it outlives the server.
struct ServiceContext {
  ModelRegistry* registry = nullptr;
  Metrics* metrics = nullptr;
  const Clock* clock = nullptr;
  AccessControl* access = nullptr;
  bool log_prompts = false;
  std::atomic<int64_t> max_prompt_tokens = RequestLimits().max_prompt_tokens;
  std::atomic<uint64_t> last_request = 0;

  // What stands in the log from the call to its end: the client's x-request-id if it has up to 64 letters,
  // digits and - _ . :, else "r17".
  std::string RequestId(const grpc::ServerContextBase& call);

  // As AccessControl::Admit(), by the call's token and peer.
  absl::Status Admit(const grpc::ServerContextBase& call, const std::string& model,
                     bool counts = false) const;

  // Generate and GenerateStream, until their status has left.
  std::atomic<int64_t> calls = 0;

  // From how long requests take follows when a refused one may try again.
  std::atomic<double> mean_seconds = 1;
  void ObserveDuration(double seconds);
  int64_t RetryAfterMs() const;
};

inline constexpr char kRequestIdMetadata[] = "x-request-id";

// A status whose text a client's message may have made long, cut to what log and client take.
absl::Status Shortened(const absl::Status& status);

// The same code and message, Shortened(). RESOURCE_EXHAUSTED also sets retry-after-ms and
// grpc-retry-pushback-ms, when the call and the context are given.
grpc::Status ToGrpc(const absl::Status& status, grpc::ServerContextBase* call, const ServiceContext* context);

// All but GenerateStream by callbacks; that one by completion queues, see StreamWriter.
template <typename Base>
using InferenceCallbacks = v1::InferenceService::WithCallbackMethod_Generate<
    v1::InferenceService::WithCallbackMethod_Tokenize<v1::InferenceService::WithCallbackMethod_Detokenize<
        v1::InferenceService::WithCallbackMethod_ListModels<
            v1::InferenceService::WithCallbackMethod_GetModel<Base>>>>>;

class InferenceService : public v1::InferenceService::WithAsyncMethod_GenerateStream<
                             InferenceCallbacks<v1::InferenceService::Service>> {
 public:
  explicit InferenceService(ServiceContext* context) : context_(context) {}

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
  ServiceContext* const context_;
};

class OperatorService : public v1::OperatorService::CallbackService {
 public:
  explicit OperatorService(ServiceContext* context) : context_(context) {}

  grpc::ServerUnaryReactor* ListCards(grpc::CallbackServerContext* call, const v1::ListCardsRequest* request,
                                      v1::ListCardsResponse* response) override;

 private:
  ServiceContext* const context_;
};

}  // namespace streamtensor::server
