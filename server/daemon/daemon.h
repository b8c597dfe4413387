// SPDX-License-Identifier: Apache-2.0
// The daemon's life cycle: listen, load, serve, drain.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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

// Whether a daemon with this configuration would start, as far as its files say: those of tokens and of TLS.
absl::Status CheckAccessFiles(const Config& config);

// Used only by the main thread.
class Daemon {
 public:
  // `program_dir` contains the programs that the daemon starts. `dropped_log_lines` is for the metrics.
  Daemon(const Config& config, const std::string& program_dir, const std::string& version,
         const std::function<uint64_t()>& dropped_log_lines);
  // As Stop().
  ~Daemon();

  // Listens and starts loading the models.
  //   UNAVAILABLE  an address is in use. Otherwise what is wrong with the tokens file or the TLS files, in
  //   one line
  absl::Status Start();

  // Applies a configuration, which has just been read from `name`, as ModelRegistry::Reload(). The outcome is
  // logged.
  void Reload(const std::string& name, const absl::StatusOr<Config>& config);

  // Cards whose scheduler loop is stuck, for messages; empty: none.
  std::string Stuck() const;

  int64_t drain_seconds() const { return drain_seconds_; }

  // Becomes not ready, lets streams finish for limits.drain_seconds and ends the rest with UNAVAILABLE. The
  // wait also ends when `impatient()` returns true (a second signal).
  void Drain(const std::function<bool()>& impatient);

  // Ends what is left. `at_stage` is told what is waited for; the texts live as long as the program.
  // Idempotent.
  void Stop(const std::function<void(const char*)>& at_stage);

 private:
  // Applies settings that may change at run time and are not the registry's.
  void SetPolicy(const Config& config, std::optional<ClientTokens> tokens);
  // Of an HTTP port: where it listens and how much it serves; `port` is its name in the metrics.
  http::Options HttpOptions(const std::string& listen, const char* port);
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
  std::unique_ptr<openai::OpenAiServer> openai_;  // only if server.http_listen is set
  Mutex grpc_mutex_;  // the registry's threads report changes while grpc_ is created and destroyed
  std::unique_ptr<GrpcServer> grpc_ ABSL_GUARDED_BY(grpc_mutex_);
};

}  // namespace streamtensor::server
