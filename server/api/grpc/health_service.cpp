// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/health_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "grpc_health.pb.h"
#include "server/access/access_control.h"
#include "server/api/grpc/call_metadata.h"
#include "server/api/grpc/gated_call.h"
#include "server/api/grpc/grpc_order.h"
#include "server/api/grpc/message_outline.h"

namespace streamtensor::server {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

grpc::ByteBuffer ResponseOf(std::optional<bool> serves) {
  HealthCheckResponse response;
  response.set_status(!serves.has_value() ? HealthCheckResponse::SERVICE_UNKNOWN
                      : *serves           ? HealthCheckResponse::SERVING
                                          : HealthCheckResponse::NOT_SERVING);
  return SerializeMessage(response);
}

class CheckCall : public UnaryCall {
 public:
  CheckCall(GenerationService* generation, CallGate* gate, const HealthService* health,
            grpc::CallbackServerContext* context)
      : UnaryCall(generation, gate, context), health_(health) {}

 protected:
  void OnMessage(grpc::ByteBuffer bytes) override {
    HealthCheckRequest request;
    if (const absl::Status status = ParseSmallMessage(bytes, request); !status.ok())
      return End(ToGrpc(status));
    const std::optional<bool> serves = health_->Serves(request.service());
    if (!serves.has_value()) {
      return End(ToGrpc(
          absl::NotFoundError(absl::StrCat("there is no service ", base::Printable(request.service())))));
    }
    SetResponse(ResponseOf(serves));
    End(grpc::Status::OK);
  }

 private:
  const HealthService* const health_;
};

// At most one write is in flight; of the changes meanwhile the last is told.
class WatchCall : public GatedCall, private HealthService::Watcher {
 public:
  WatchCall(GenerationService* generation, CallGate* gate, HealthService* health,
            grpc::CallbackServerContext* context)
      : GatedCall(generation, gate, context), health_(health) {}

  void OnWriteDone(bool ok) override {
    AfterGrpc(this);
    MutexLock lock(mutex_);
    if (!has_ended_) HasRead();
    is_writing_ = false;
    if (!ok) {
      EndLocked(ToGrpc(absl::CancelledError("the client disconnected")));
    } else if (std::exchange(has_changed_, false)) {
      WriteLocked();
    }
  }

  void OnCancel() override {
    AfterGrpc(this);
    End(ToGrpc(absl::CancelledError("the client disconnected")));
  }

  void OnDone() override {
    AfterGrpc(this);
    health_->Unwatch(*this);
    Forget();
    {
      MutexLock lock(mutex_);
    }
    GatedCall::OnDone();
  }

 protected:
  void OnMessage(grpc::ByteBuffer bytes) override {
    HealthCheckRequest request;
    absl::Status status = ParseSmallMessage(bytes, request);
    if (status.ok()) status = health_->Watch(request.service(), context().peer(), *this);
    if (!status.ok()) Refuse(status);
  }

  void End(const grpc::Status& status) override {
    MutexLock lock(mutex_);
    EndLocked(status);
  }

 private:
  void OnStatus(std::optional<bool> serves) override {
    MutexLock lock(mutex_);
    if (has_told_ && serves == serves_) return;
    has_told_ = true;
    serves_ = serves;
    if (is_writing_) {
      has_changed_ = true;
    } else {
      WriteLocked();
    }
  }

  void OnShutdown() override { End(ToGrpc(absl::UnavailableError("the server is shutting down"))); }

  void WriteLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (has_ended_) return;
    is_writing_ = true;
    response_ = ResponseOf(serves_);
    AwaitReading();
    BeforeGrpc(this);
    StartWrite(&response_);
  }

  void EndLocked(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!std::exchange(has_ended_, true)) GatedCall::End(status);
  }

  HealthService* const health_;
  Mutex mutex_;
  grpc::ByteBuffer response_ ABSL_GUARDED_BY(mutex_);
  std::optional<bool> serves_ ABSL_GUARDED_BY(mutex_);
  bool has_told_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_changed_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

HealthService::HealthService(GenerationService* generation, CallGate* gate)
    : EarlyService(*HealthCheckRequest::descriptor()->file(), "Health") {
  Handle("Check", [=, this](auto* context) { return BeginCall<CheckCall>(generation, gate, this, context); });
  Handle("Watch", [=, this](auto* context) { return BeginCall<WatchCall>(generation, gate, this, context); });
}

void HealthService::SetStatuses(const std::map<std::string, bool>& statuses) {
  MutexLock lock(mutex_);
  if (is_closed_) return;
  for (auto& [name, serves] : statuses_) serves = false;  // unless it is still there
  for (const auto& [name, serves] : statuses) statuses_[name] = serves;
  for (const auto& [watcher, watch] : watches_) {
    const auto found = statuses_.find(watch.service);
    if (found != statuses_.end()) watcher->OnStatus(found->second);
  }
}

void HealthService::Shutdown() {
  MutexLock lock(mutex_);
  is_closed_ = true;
  for (auto& [name, serves] : statuses_) serves = false;
  for (const auto& [watcher, watch] : watches_) watcher->OnShutdown();
}

std::optional<bool> HealthService::Serves(const std::string& service) const {
  MutexLock lock(mutex_);
  const auto found = statuses_.find(service);
  return found == statuses_.end() ? std::nullopt : std::optional(found->second);
}

absl::Status HealthService::Watch(const std::string& service, const std::string& peer, Watcher& watcher) {
  const std::string address = AddressOfPeer(peer);
  MutexLock lock(mutex_);
  if (is_closed_) return absl::UnavailableError("the server is shutting down");
  int64_t of_address = 0;
  for (const auto& [other, watch] : watches_) of_address += watch.address == address ? 1 : 0;
  if (watches_.size() >= kMaxWatches || of_address >= kMaxWatchesOfAddress) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "there are ", watches_.size(), " calls of Watch, ", of_address, " of them from ", address,
        "; allowed are up to ", kMaxWatches, " and ", kMaxWatchesOfAddress, "; call Check"));
  }
  watches_.emplace(&watcher, Watched{service, address});
  const auto found = statuses_.find(service);
  watcher.OnStatus(found == statuses_.end() ? std::nullopt : std::optional(found->second));
  return absl::OkStatus();
}

void HealthService::Unwatch(Watcher& watcher) {
  MutexLock lock(mutex_);
  watches_.erase(&watcher);
}

}  // namespace streamtensor::server
