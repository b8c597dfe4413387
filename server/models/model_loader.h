// SPDX-License-Identifier: Apache-2.0
// Turns a model's configuration into a LoadedModel: compiles, checks, opens decoders, reads the tokenizer.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "server/config/config.h"
#include "server/metrics/metrics.h"
#include "server/models/artifact_cache.h"
#include "server/models/compilation.h"
#include "server/models/loaded_model.h"
#include "server/models/model_spec.h"
#include "server/scheduler/card_group.h"
#include "server/scheduler/clock.h"

namespace streamtensor::server {

CardLimits LimitsOf(const LimitsConfig& config);

// Observes the loading of a model. Called by the thread that called Load().
class LoadObserver {
 public:
  virtual ~LoadObserver() = default;
  virtual void OnCompilation(const CompilationProgress& progress) {}
  // The artifact's folder is known: it must not be evicted from the cache.
  virtual void OnArtifact(const std::string& folder) {}
  // OK: the card is usable; otherwise why not.
  virtual void OnCard(const std::string& card, const absl::Status& status) {}
};

// Loads one model at a time, on one thread. Only CancelCompilationUnless() and Stop() are thread-safe.
class ModelLoader {
 public:
  using OpenDecoder =
      std::function<absl::StatusOr<std::unique_ptr<runtime::Decoder>>(const runtime::DecoderOptions&)>;

  struct Options {
    std::string compiler_program;  // streamtensorc, unless compiler.program is set
    OpenDecoder open_decoder;
    // Checks an artifact's files against its manifest.
    std::function<absl::Status(const std::string& folder)> check_artifact;
    Metrics* metrics = nullptr;    // outlives the loader and what it loads
    const Clock* clock = nullptr;  // outlives the loader and what it loads
  };

  explicit ModelLoader(Options options) : options_(std::move(options)) {}

  // Opens and claims the artifact cache. Idempotent.
  //   ABORTED  another daemon has claimed it; otherwise as ArtifactCache::Open()
  absl::Status ClaimCache(const CacheConfig& config);

  // Loads a model with closed cards: LoadedModel::cards().Start() opens them. Unusable cards are left out, as
  // long as one is left. A damaged cached artifact is compiled again. Artifacts in `in_use` are not evicted.
  // `on_state` reports the cards' states after Start().
  //   CANCELLED  abandoned or stopped; otherwise why the model cannot be loaded
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Load(const ModelSpec& spec, const Config& config,
                                                          const std::set<std::string>& in_use,
                                                          LoadObserver& observer,
                                                          const CardGroup::OnState& on_state);

  // Removes what killed processes left unfinished, and unused artifacts beyond the cache's limit.
  void TrimCache(const CacheConfig& config, const std::set<std::string>& in_use);

  // Cancels the current compilation unless its model is among `wanted`.
  void CancelCompilationUnless(std::span<const ModelSpec> wanted);
  // The current Load() and every later one return CANCELLED.
  void Stop();

 private:
  absl::StatusOr<std::string> FindOrCompile(const ModelSpec& spec, const Config& config,
                                            const std::set<std::string>& in_use, LoadObserver& observer);
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Assemble(const ModelSpec& spec, const Config& config,
                                                              const std::string& artifact,
                                                              LoadObserver& observer,
                                                              const CardGroup::OnState& on_state);
  absl::StatusOr<std::vector<CardGroup::Member>> OpenDecoders(const ModelSpec& spec,
                                                              const std::string& artifact,
                                                              LoadObserver& observer);
  bool DropDamaged(const ModelSpec& spec, const std::string& artifact);

  const Options options_;
  std::unique_ptr<ArtifactCache> cache_;

  std::atomic<bool> stop_ = false;
  std::atomic<bool> cancel_compilation_ = false;  // cancels the current compilation
  Mutex mutex_;
  std::optional<ModelSpec> compiling_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace streamtensor::server
