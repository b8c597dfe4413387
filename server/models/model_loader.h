// SPDX-License-Identifier: Apache-2.0
// From a model's configuration to a LoadedModel: compiles, checks, opens decoders, reads the tokenizer.
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

// What the loader tells of a model while it works on it. Called by the thread that called Load().
class LoadObserver {
 public:
  virtual ~LoadObserver() = default;
  virtual void OnCompilation(const CompilationProgress& progress) {}
  // The artifact's folder is known: it must not be trimmed from the cache.
  virtual void OnArtifact(const std::string& folder) {}
  // OK: the card can be used; otherwise it can't, and why.
  virtual void OnCard(const std::string& card, const absl::Status& status) {}
};

// One model at a time, all of it by one thread. Thread-safe are GiveUpCompilationUnless() and Stop().
class ModelLoader {
 public:
  using OpenDecoder =
      std::function<absl::StatusOr<std::unique_ptr<runtime::Decoder>>(const runtime::DecoderOptions&)>;

  struct Options {
    std::string compiler_program;  // streamtensorc, where compiler.program is not set
    OpenDecoder open_decoder;
    // Whether an artifact's files are what its manifest says.
    std::function<absl::Status(const std::string& folder)> check_artifact;
    Metrics* metrics = nullptr;    // outlives the loader and what it loads
    const Clock* clock = nullptr;  // outlives the loader and what it loads
  };

  explicit ModelLoader(Options options) : options_(std::move(options)) {}

  // Opens the artifact cache and takes it for this process. Idempotent.
  //  ABORTED  another daemon has it; otherwise as ArtifactCache::Open()
  absl::Status ClaimCache(const CacheConfig& config);

  // A model whose cards are closed: LoadedModel::cards().Start() opens them. Those that can't be used are
  // left out, as long as one is left. A cached artifact that is damaged is made again. `in_use` are artifacts
  // that must not make room for a new one, `on_state` hears of the cards from Start() on.
  //  CANCELLED  given up, or stopped; otherwise why the model can't be loaded
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Load(const ModelSpec& spec, const Config& config,
                                                          const std::set<std::string>& in_use,
                                                          LoadObserver& observer,
                                                          const CardGroup::OnState& on_state);

  // Drops what killed processes left half-made, and what is beyond the cache's limit and not in use.
  void TrimCache(const CacheConfig& config, const std::set<std::string>& in_use);

  // The compilation under way, if any, ends CANCELLED unless its model is among `wanted`.
  void GiveUpCompilationUnless(std::span<const ModelSpec> wanted);
  // Load() under way and every later one ends CANCELLED.
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
  std::atomic<bool> give_up_ = false;  // the compilation under way
  Mutex mutex_;
  std::optional<ModelSpec> compiling_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace streamtensor::server
