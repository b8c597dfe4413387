// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_loader.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace streamtensor::server {
namespace {

CompilationOptions CompilationOf(const ModelSpec& spec, const CompilerConfig& config,
                                 const std::string& default_program) {
  CompilationOptions options;
  options.compiler = config.program.empty() ? default_program : config.program;
  options.source = spec.entry.source;
  options.platform = spec.platform();
  options.target = std::string(spec.target());
  options.max_context = spec.entry.max_context;
  options.step_tokens = spec.entry.step_tokens;
  options.quantise = spec.entry.quantise;
  options.max_memory_bytes = config.max_memory;
  options.max_seconds = config.max_seconds;
  return options;
}

}  // namespace

CardLimits LimitsOf(const LimitsConfig& config) {
  CardLimits limits;
  limits.scheduler.max_queue = static_cast<int32_t>(config.max_queue);
  limits.scheduler.max_running = static_cast<int32_t>(config.max_running);
  limits.scheduler.step_timeout = absl::Seconds(config.step_timeout_seconds);
  limits.scheduler.slow_reader_timeout = absl::Seconds(config.slow_reader_seconds);
  limits.recovery.lost_card_wait = absl::Seconds(config.lost_card_seconds);
  return limits;
}

absl::Status ModelLoader::ClaimCache(const CacheConfig& config) {
  if (cache_ != nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::unique_ptr<ArtifactCache> cache, ArtifactCache::Open(config.dir, config.max_bytes));
  RETURN_IF_ERROR(cache->Claim());
  cache_ = std::move(cache);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> ModelLoader::Load(const ModelSpec& spec,
                                                                     const Config& config,
                                                                     const std::set<std::string>& in_use,
                                                                     LoadObserver& observer,
                                                                     const CardGroup::OnState& on_state) {
  ASSIGN_OR_RETURN(std::string artifact, FindOrCompile(spec, config, in_use, observer));
  absl::StatusOr<std::shared_ptr<const LoadedModel>> loaded =
      Assemble(spec, config, artifact, observer, on_state);
  if (loaded.ok() || !DropDamaged(spec, artifact)) return loaded;
  ASSIGN_OR_RETURN(artifact, FindOrCompile(spec, config, in_use, observer));
  return Assemble(spec, config, artifact, observer, on_state);
}

absl::StatusOr<std::string> ModelLoader::FindOrCompile(const ModelSpec& spec, const Config& config,
                                                       const std::set<std::string>& in_use,
                                                       LoadObserver& observer) {
  if (!spec.entry.artifact.empty()) return spec.entry.artifact;
  RETURN_IF_ERROR(ClaimCache(config.cache));
  cache_->set_max_bytes(config.cache.max_bytes);
  {
    MutexLock lock(mutex_);
    ST_CHECK(!compiling_.has_value());
    compiling_ = spec;
    cancel_compilation_ = stop_.load();
  }
  std::string last_stage;
  auto on_progress = [&](const CompilationProgress& progress) {
    if (progress.stage != last_stage) {
      spdlog::info("model {}: compiling: {} ({:.0f} %)", spec.entry.name, progress.stage,
                   progress.fraction * 100);
      last_stage = progress.stage;
    }
    observer.OnCompilation(progress);
  };
  const absl::StatusOr<std::string> artifact =
      CompileOrFind(*cache_, CompilationOf(spec, config.compiler, options_.compiler_program), in_use,
                    on_progress, cancel_compilation_);
  {
    MutexLock lock(mutex_);
    compiling_.reset();
  }
  if (artifact.ok()) observer.OnArtifact(*artifact);
  return artifact;
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> ModelLoader::Assemble(const ModelSpec& spec,
                                                                         const Config& config,
                                                                         const std::string& artifact,
                                                                         LoadObserver& observer,
                                                                         const CardGroup::OnState& on_state) {
  const std::string& name = spec.entry.name;
  spdlog::info("model {}: loading {}", name, artifact);
  ASSIGN_OR_RETURN(std::vector<CardGroup::Member> members, OpenDecoders(spec, artifact, observer));
  std::string chat_template_source;
  ASSIGN_OR_RETURN(std::unique_ptr<Tokenizer> tokenizer,
                   LoadedModel::ReadTokenizer(artifact, &chat_template_source));
  const auto vocabulary = static_cast<uint32_t>(members.front().decoder->info().vocabulary);
  if (tokenizer->vocabulary() > vocabulary) {
    return absl::InvalidArgumentError(absl::StrCat(artifact, ": the tokenizer has ", tokenizer->vocabulary(),
                                                   " tokens, the design ", vocabulary));
  }
  absl::StatusOr<std::unique_ptr<ChatTemplate>> chat_template =
      chat_template_source.empty() ? absl::NotFoundError("it has no chat template")
                                   : ChatTemplate::Create(chat_template_source);
  if (!chat_template.ok()) {
    spdlog::warn("model {}: chat cannot be used: {}", name, std::string(chat_template.status().message()));
  }
  return std::make_shared<const LoadedModel>(
      name, std::move(tokenizer), std::move(chat_template), spec.entry.content_special_tokens,
      std::make_unique<CardGroup>(std::move(members), LimitsOf(config.limits), options_.clock, on_state));
}

// One per usable card; at least one, or the first card's error.
absl::StatusOr<std::vector<CardGroup::Member>> ModelLoader::OpenDecoders(const ModelSpec& spec,
                                                                         const std::string& artifact,
                                                                         LoadObserver& observer) {
  const std::string& name = spec.entry.name;
  std::vector<CardGroup::Member> members;
  absl::Status first_error;
  for (const CardEntry& entry : spec.cards) {
    if (stop_) return absl::CancelledError("stopped");
    runtime::DecoderOptions options;
    options.card = entry.card;
    options.artifact = artifact;
    options.kv_bytes = entry.kv_bytes;
    options.open_card = false;
    absl::StatusOr<std::unique_ptr<runtime::Decoder>> decoder = options_.open_decoder(options);
    observer.OnCard(entry.name, decoder.status());
    if (decoder.ok()) {
      members.push_back({entry.name, *std::move(decoder), options_.metrics->Observer(name, entry.name)});
      continue;
    }
    const absl::Status error(decoder.status().code(),
                             absl::StrCat("card ", entry.name, ": ", decoder.status().message()));
    first_error.Update(error);
    spdlog::warn("model {}: {}", name, std::string(error.message()));
  }
  if (members.empty()) return first_error;
  return members;
}

// True: the artifact came from the cache, was damaged and is now removed, so that it can be compiled again.
bool ModelLoader::DropDamaged(const ModelSpec& spec, const std::string& artifact) {
  if (!spec.entry.artifact.empty() || stop_) return false;
  const absl::Status damage = options_.check_artifact(artifact);
  if (damage.ok()) return false;
  spdlog::warn("model {}: the cached artifact is damaged and is compiled again: {}", spec.entry.name,
               std::string(damage.message()));
  return cache_->Drop(artifact, stop_).ok();
}

void ModelLoader::TrimCache(const CacheConfig& config, const std::set<std::string>& in_use) {
  if (cache_ == nullptr) return;
  cache_->set_max_bytes(config.max_bytes);
  if (const auto lock = cache_->Acquire(stop_); lock.ok()) {
    cache_->RemoveUnfinished();
    cache_->Trim(in_use);
  }
}

void ModelLoader::CancelCompilationUnless(std::span<const ModelSpec> wanted) {
  MutexLock lock(mutex_);
  if (!compiling_.has_value()) return;
  cancel_compilation_ = stop_ || std::find(wanted.begin(), wanted.end(), *compiling_) == wanted.end();
}

void ModelLoader::Stop() {
  MutexLock lock(mutex_);
  stop_ = true;
  cancel_compilation_ = true;
}

}  // namespace streamtensor::server
