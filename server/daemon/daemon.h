// SPDX-License-Identifier: Apache-2.0
// The daemon's life: listen, load, serve, drain.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "base/mutex.h"
#include "server/access/access_control.h"
#include "server/access/client_tokens.h"
#include "server/api/grpc/grpc_server.h"
#include "server/api/openai/openai_server.h"
#include "server/config/config.h"
#include "server/generation/generation_service.h"
#include "server/metrics/metrics.h"
#include "server/metrics/status_pages.h"
#include "server/models/model_registry.h"
#include "server/scheduler/clock.h"

namespace streamtensor::server {

// Used by the main thread alone.
class Daemon {
 public:
  // `program_dir` holds the programs that the daemon starts.
  Daemon(const Config& config, const std::string& program_dir, const std::string& version);
  ~Daemon();

  // Listens and begins to load the models.
  //  UNAVAILABLE  an address is taken; or what is wrong with a file of tokens or for TLS; in one line
  absl::Status Start();

  // Goes over to what the file says now, as ModelRegistry::Reload(). The log tells the outcome.
  void Reload(const std::string& file);

  // Cards whose scheduler's loop does not come round, for messages; empty: all is well.
  std::string Stuck() const;

  int64_t drain_seconds() const { return drain_seconds_; }

  // Readiness off; streams may end by themselves for limits.drain_seconds, the rest ends UNAVAILABLE.
  // `impatient()` true (a second signal) ends the wait.
  void Drain(const std::function<bool()>& impatient);

 private:
  // Puts in force what may change while running and is not the registry's.
  void SetPolicy(const Config& config, std::optional<ClientTokens> tokens);
  StatusPage Health() const;
  StatusPage Readiness() const;

  const Config config_;
  const SystemClock clock_;
  std::atomic<int64_t> drain_seconds_ = 0;
  Metrics metrics_;
  AccessControl access_;
  std::unique_ptr<ModelRegistry> registry_;
  std::unique_ptr<GenerationService> generation_;
  std::unique_ptr<StatusPages> pages_;
  std::unique_ptr<openai::OpenAiServer> openai_;  // only with server.http_listen
  Mutex grpc_mutex_;  // the registry's threads report changes while grpc_ comes and goes
  std::unique_ptr<GrpcServer> grpc_ ABSL_GUARDED_BY(grpc_mutex_);
};

}  // namespace streamtensor::server
