// SPDX-License-Identifier: Apache-2.0
// The models of the configuration: loads them, goes over to another configuration, tells who serves.
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

// One thread loads models with the ModelLoader, one after the other, reloads by the ReloadPlan, and keeps the
// ModelTable, which answers for all others. Thread-safe, but for ClaimCache(), Start() and Stop().
class ModelRegistry {
 public:
  struct Options {
    Config config;
    std::string compiler_program;  // as in ModelLoader::Options, and so on
    ModelLoader::OpenDecoder open_decoder;
    std::function<absl::Status(const std::string& folder)> check_artifact;
    Metrics* metrics = nullptr;    // outlives the registry
    const Clock* clock = nullptr;  // outlives the registry
    // Some model or card has changed its state. Called by the thread that changed it.
    std::function<void()> on_change = [] {};
  };

  explicit ModelRegistry(Options options);
  ~ModelRegistry();

  // Takes the artifact cache, when a model is to be compiled. Before Start().
  //  ABORTED  another daemon has it. Everything else that may be wrong with it is told by the models that
  //  need it.
  absl::Status ClaimCache();

  // Begins to compile and load.
  void Start();

  // Goes over to another configuration: all of it, or, when a model that is new in it can't be compiled or an
  // artifact can't be used, nothing. New models are compiled first; then those that went or changed take no
  // more requests, and give up their cards when their streams have ended. Models that had failed are tried
  // again. A compilation that nobody wants any more is given up. Returns at once; the log tells the outcome.
  // `on_commit` puts in force what is not the registry's and can't fail. It is called by the registry's
  // thread when the models have changed, and never if they don't.
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
  // Ends what is left with UNAVAILABLE, kills a compilation, closes the cards. Idempotent.
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
  Config config_;  // in force; the registry's thread's, once it runs
  ModelLoader loader_;
  ModelTable table_;

  mutable Mutex mutex_;
  CondVar work_;
  std::optional<PendingReload> reload_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace streamtensor::server
