// SPDX-License-Identifier: Apache-2.0
// The models of the configuration: compiled, loaded, ready or failed, and who asks for which.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/config/config.h"
#include "server/metrics/metrics.h"
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
  EngineSnapshot snapshot;  // while READY or LOST
};

// Thread-safe.
class ModelRegistry {
 public:
  using OpenDecoder =
      std::function<absl::StatusOr<std::unique_ptr<runtime::Decoder>>(const runtime::DecoderOptions&)>;

  struct Options {
    Config config;
    std::string compiler_program;  // streamtensorc
    OpenDecoder open_decoder;
    Metrics* metrics = nullptr;    // outlives the registry
    const Clock* clock = nullptr;  // outlives the registry
    // Some model or card changed its state. Called by the thread that changed it.
    std::function<void()> on_change;
  };

  explicit ModelRegistry(Options options);
  ~ModelRegistry();

  // Begins to compile and load, on a thread of its own, one model after the other.
  void Start();

  // NOT_FOUND; UNAVAILABLE while it is not READY, or when the daemon drains.
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Get(const std::string& name) const;

  std::vector<ModelStatus> Models() const;
  absl::StatusOr<ModelStatus> Describe(const std::string& name) const;
  std::vector<CardStatus> Cards() const;
  std::vector<CardReading> CardReadings() const;

  // READY, with a card that works, and not draining.
  bool Serves(const std::string& name) const;
  bool ServesAll() const;

  // From now on Get() refuses.
  void BeginDrain();
  // Sequences not yet ended.
  int64_t Load() const;
  // Ends what is left with UNAVAILABLE, kills a compilation, closes the cards.
  void Stop();

 private:
  struct Model;

  void Load(Model& model);
  absl::StatusOr<std::string> Artifact(Model& model);
  absl::StatusOr<std::shared_ptr<const LoadedModel>> OpenCards(Model& model, const std::string& artifact);
  void Update(Model& model, const std::function<void(ModelStatus&)>& change);
  const Model* Find(const std::string& name) const;

  const Options options_;
  std::vector<std::unique_ptr<Model>> models_;  // constant after construction
  mutable std::mutex mutex_;                    // guards what models_ point to
  std::vector<std::string> card_errors_;        // by card; guarded by mutex_
  std::atomic<bool> draining_ = false;
  std::atomic<bool> stop_ = false;
  std::thread loader_;
};

}  // namespace streamtensor::server
