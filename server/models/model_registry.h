// SPDX-License-Identifier: Apache-2.0
// The configured models: loads them, applies new configurations, reports their states.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "server/config/config.h"
#include "server/metrics/metrics.h"
#include "server/models/loaded_model.h"
#include "server/models/model_loader.h"
#include "server/models/model_status.h"
#include "server/models/model_table.h"
#include "server/models/reload_plan.h"
#include "server/scheduler/clock.h"

namespace streamtensor::server {

// One thread loads models with the ModelLoader, one after another, applies reloads by the ReloadPlan, and
// updates the ModelTable, which serves all other threads. Thread-safe except ClaimCache(), Start() and
// Stop().
class ModelRegistry {
 public:
  struct Options {
    Config config;
    std::string compiler_program;  // as in ModelLoader::Options; so are the next members
    ModelLoader::OpenDecoder open_decoder;
    std::function<absl::Status(const std::string& folder)> check_artifact;
    Metrics* metrics = nullptr;    // outlives the registry
    const Clock* clock = nullptr;  // outlives the registry
    // A model or card has changed its state. Called by the thread that changed it.
    std::function<void()> on_change = [] {};
  };

  explicit ModelRegistry(Options options);
  ~ModelRegistry();

  // Claims the artifact cache if a model must be compiled. Call before Start().
  //   ABORTED  another daemon has claimed it. Other problems of the cache are reported by the models that
  //   need it
  absl::Status ClaimCache();

  // Starts compiling and loading.
  void Start();

  // Applies another configuration completely, or not at all if one of its new models cannot be compiled or an
  // artifact cannot be used. New models are compiled first. Then removed and changed models accept no more
  // requests and release their cards when their streams have ended. Models that had failed are retried. A
  // compilation that is no longer needed is cancelled. Returns immediately; the outcome is logged.
  // `on_commit` applies the settings outside the registry and must not fail. The registry's thread calls it
  // when the models have changed, and never if the reload fails.
  void Reload(const Config& config, std::function<void()> on_commit);

  // See ModelTable.
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Get(const std::string& name) const {
    return table_.Get(name);
  }
  std::vector<ModelStatus> Models() const { return table_.Models(); }
  absl::StatusOr<ModelStatus> Describe(const std::string& name) const { return table_.Describe(name); }
  std::vector<CardStatus> Cards() const { return table_.Cards(); }
  std::vector<CardReading> CardReadings() const;
  bool Serves(const std::string& name) const { return table_.Serves(name); }
  bool ServesAll() const { return table_.ServesAll(); }
  std::vector<std::string> StuckCards() const { return table_.StuckCards(); }
  int64_t Load() const { return table_.Load(); }

  // From now on Get() refuses.
  void BeginDrain();
  // Ends remaining requests with UNAVAILABLE, kills a running compilation, closes the cards. Idempotent.
  void Stop();

 private:
  using RecordPtr = ModelTable::RecordPtr;
  struct PendingReload {
    Config config;
    std::function<void()> on_commit;
  };
  class ProgressToTable;

  void Run();
  // Waits for work. False: stop.
  bool Wait(std::optional<PendingReload>& reload);
  void CloseRetired();
  void LoadNext();
  absl::Status Prepare(const RecordPtr& record, const Config& config);
  void ApplyReload(const PendingReload& reload);
  bool PrepareAll(const std::vector<RecordPtr>& fresh, const Config& config);
  void TrimCache();
  void OnCardState(const RecordPtr& record, const std::string& card, const CardSnapshot& snapshot);
  bool stopping() const;

  const std::function<void()> on_change_;
  Config config_;  // the current configuration; used by the registry's thread once it runs
  ModelLoader loader_;
  ModelTable table_;

  mutable Mutex mutex_;
  CondVar work_;
  std::optional<PendingReload> reload_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace streamtensor::server
