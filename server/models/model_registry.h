// SPDX-License-Identifier: Apache-2.0
// The models of the configuration: compiled, loaded, ready or failed, and who asks for which.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config/config.h"
#include "server/metrics/metrics.h"
#include "server/models/artifact_cache.h"
#include "server/models/loaded_model.h"
#include "server/scheduler/clock.h"

namespace streamtensor::server {

enum class ModelState { kCompiling, kLoading, kReady, kFailed };

struct ModelStatus {
  std::string name;
  ModelState state = ModelState::kCompiling;
  double progress = 0;  // 0..1 of the state
  std::string stage;
  std::string error;
  std::string platform;
  std::string target;
  int32_t max_context = 0;
  runtime::DecoderInfo info;  // once READY
};

struct CardStatus {
  std::string name;    // "emulated:0"
  std::string driver;  // "emulated", "xrt", "dummy"
  std::string platform;
  std::string model;  // which it serves
  std::string state;  // "CLOSED", "READY", "LOST", "FAILED"
  std::string error;
  bool has_snapshot = false;
  CardSnapshot snapshot;
};

// Thread-safe. A thread of its own compiles and loads, one model after the other, and reloads.
class ModelRegistry {
 public:
  using OpenDecoder =
      std::function<absl::StatusOr<std::unique_ptr<runtime::Decoder>>(const runtime::DecoderOptions&)>;

  struct Options {
    Config config;
    std::string compiler_program;  // streamtensorc, where compiler.program is not set
    OpenDecoder open_decoder;
    // Whether an artifact's files are what its manifest says.
    std::function<absl::Status(const std::string& folder)> check_artifact;
    Metrics* metrics = nullptr;    // outlives the registry
    const Clock* clock = nullptr;  // outlives the registry
    // Some model or card changed its state. Called by the thread that changed it.
    std::function<void()> on_change = [] {};
  };

  explicit ModelRegistry(Options options);
  ~ModelRegistry();

  // Takes the artifact cache, when a model is to be compiled.
  //  ABORTED  another daemon has it. Everything else that may be wrong with it is said by the models that
  //           need it.
  absl::Status ClaimCache();

  // Begins to compile and load.
  void Start();

  // Goes over to another configuration: all of it, or, when a model that is new in it can not be compiled or
  // an artifact can not be used, nothing. New models are compiled first; then those that went or changed take
  // no more requests, and give up their cards when their streams have ended. Models that had failed are tried
  // again. A compilation that nobody wants any more is given up. Returns at once; the log tells the outcome.
  // `on_commit` puts in force what is not the registry's and can't fail. Called by the registry's thread,
  // when the models have changed; never, when nothing does.
  void Reload(const Config& config, std::function<void()> on_commit);

  // NOT_FOUND; UNAVAILABLE while it is not READY, or when the daemon drains.
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Get(const std::string& name) const;

  std::vector<ModelStatus> Models() const;
  absl::StatusOr<ModelStatus> Describe(const std::string& name) const;
  std::vector<CardStatus> Cards() const;
  std::vector<CardReading> CardReadings() const;

  // READY, with a card that works, and not draining.
  bool Serves(const std::string& name) const;
  bool ServesAll() const;
  // The cards whose threads are stuck: a fault of this program, for a card that is stuck is LOST.
  std::vector<std::string> StuckCards() const;

  // From now on Get() refuses.
  void BeginDrain();
  // Sequences not yet ended.
  int64_t Load() const;
  // Ends what is left with UNAVAILABLE, kills a compilation, closes the cards.
  void Stop();

 private:
  struct Model;
  using ModelPtr = std::shared_ptr<Model>;
  struct PendingReload {
    Config config;
    std::function<void()> on_commit;
  };

  static ModelPtr MakeModel(const Config& config, const ModelEntry& entry);
  static bool Same(const Model& a, const Model& b);
  static bool ServesModel(const ModelPtr& model);  // with the lock
  void Work();
  ModelPtr NextToLoad();
  void CloseRetired();
  void Load(const ModelPtr& model);
  void ApplyReload(const PendingReload& reload);
  void CommitReload(const PendingReload& reload, std::vector<ModelPtr> models);

  absl::Status Prepare(const ModelPtr& model, const Config& config);
  absl::StatusOr<std::string> Artifact(const ModelPtr& model, const Config& config);
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Assemble(const ModelPtr& model, const Config& config,
                                                              const std::string& artifact);
  absl::Status OpenCache(const Config& config);
  std::set<std::string> ArtifactsInUse() const;
  void TrimCache();
  bool DropDamaged(const ModelPtr& model, const std::string& artifact);
  void OnCardState(Model& model, const std::string& card, const CardSnapshot& snapshot);
  void Update(Model& model, const std::function<void(ModelStatus&)>& change);
  void Fail(Model& model, const absl::Status& status);
  ModelPtr Find(const std::string& name) const;  // with the lock
  std::vector<std::shared_ptr<const LoadedModel>> AllLoaded() const;

  const Options options_;
  std::unique_ptr<ArtifactCache> cache_;  // the registry's thread's, once started

  mutable std::mutex mutex_;
  std::condition_variable work_;
  Config config_;
  std::vector<ModelPtr> models_;
  std::vector<ModelPtr> pending_;                            // new ones of a reload that is being prepared
  std::vector<std::shared_ptr<const LoadedModel>> retired_;  // go when their streams have ended
  std::map<std::string, std::string> card_errors_;           // by card: why it can not be used at all
  std::optional<PendingReload> reload_;
  ModelPtr compiling_;
  std::atomic<bool> give_up_ = false;  // the compilation
  std::atomic<bool> draining_ = false;
  std::atomic<bool> stop_ = false;
  std::thread worker_;
};

}  // namespace streamtensor::server
