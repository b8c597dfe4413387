// SPDX-License-Identifier: Apache-2.0
// grpc.health.v1.Health: whether a model, or all of them, can be asked.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "server/api/grpc/call_gate.h"
#include "server/api/grpc/early_service.h"
#include "server/generation/generation_service.h"

namespace streamtensor::server {

// Thread-safe.
class HealthService : public EarlyService {
 public:
  // A call that is told of every change. Called under the lock.
  class Watcher {
   public:
    virtual ~Watcher() = default;
    // std::nullopt: there is no such service.
    virtual void OnStatus(std::optional<bool> serves) = 0;
    virtual void OnShutdown() = 0;
  };

  // Calls of Watch stay open as long as their clients like: they have bounds of their own.
  static constexpr int64_t kMaxWatches = 1024;
  static constexpr int64_t kMaxWatchesOfAddress = 64;

  // The pointers outlive this.
  HealthService(GenerationService* generation, CallGate* gate);

  // Of every service there is; "" stands for all models. A service that is missing later does not serve.
  void SetStatuses(const std::map<std::string, bool>& statuses);
  // Nothing serves any more, and watching calls end.
  void Shutdown();

  std::optional<bool> Serves(const std::string& service) const;
  // Tells `watcher`, of the client `peer`, the status now and every change.
  //   RESOURCE_EXHAUSTED  kMaxWatches, or kMaxWatchesOfAddress from its address; UNAVAILABLE after Shutdown()
  absl::Status Watch(const std::string& service, const std::string& peer, Watcher& watcher);
  void Unwatch(Watcher& watcher);

 private:
  struct Watched {
    std::string service;
    std::string address;
  };

  mutable Mutex mutex_;
  std::map<std::string, bool> statuses_ ABSL_GUARDED_BY(mutex_);  // of every service there ever was
  std::map<Watcher*, Watched> watches_ ABSL_GUARDED_BY(mutex_);
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace streamtensor::server
