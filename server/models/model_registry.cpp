// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_registry.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/models/compilation.h"
#include "streamtensor/runtime/driver.h"

namespace streamtensor::server {
namespace {

constexpr std::chrono::milliseconds kRetiredPoll{20};

std::string Text(absl::string_view view) { return std::string(view); }

EngineLimits LimitsOf(const Config& config) {
  EngineLimits limits;
  limits.scheduler.max_queue = static_cast<int32_t>(config.limits.max_queue);
  limits.scheduler.max_running = static_cast<int32_t>(config.limits.max_running);
  limits.scheduler.step_timeout = absl::Seconds(config.limits.step_timeout_seconds);
  limits.scheduler.slow_reader_timeout = absl::Seconds(config.limits.slow_reader_seconds);
  limits.recovery.lost_card_wait = absl::Seconds(config.limits.lost_card_seconds);
  return limits;
}

}  // namespace

struct ModelRegistry::Model {
  ModelEntry entry;
  std::vector<CardEntry> cards;
  // Guarded by the registry's lock.
  bool load_begun = false;
  std::string artifact;
  ModelStatus status;
  std::shared_ptr<const LoadedModel> loaded;  // its cards may be closed yet
};

ModelRegistry::ModelPtr ModelRegistry::MakeModel(const Config& config, const ModelEntry& entry) {
  auto model = std::make_shared<Model>();
  model->entry = entry;
  for (const int64_t card : entry.cards) model->cards.push_back(config.cards[card]);
  const runtime::CardConfig& card = model->cards.front().card;
  model->artifact = entry.artifact;
  model->status.name = entry.name;
  model->status.state = entry.artifact.empty() ? ModelState::kCompiling : ModelState::kLoading;
  model->status.platform = card.platform;
  model->status.target = std::string(runtime::FindDriver(card.driver).value()->target);  // the name was checked
  model->status.max_context = static_cast<int32_t>(entry.max_context);
  return model;
}

ModelRegistry::ModelRegistry(Options options) : options_(std::move(options)), config_(options_.config) {
  for (const ModelEntry& entry : config_.models) models_.push_back(MakeModel(config_, entry));
}

ModelRegistry::~ModelRegistry() { Stop(); }

absl::Status ModelRegistry::ClaimCache() {
  for (const ModelEntry& entry : options_.config.models) {
    if (entry.source.empty()) continue;
    const absl::Status status = OpenCache(options_.config);
    return absl::IsAborted(status) ? status : absl::OkStatus();
  }
  return absl::OkStatus();
}

void ModelRegistry::Start() {
  worker_ = std::thread([this] { Work(); });
}

bool ModelRegistry::Same(const Model& a, const Model& b) { return a.entry == b.entry && a.cards == b.cards; }

void ModelRegistry::Reload(const Config& config, std::function<void()> on_commit) {
  {
    std::lock_guard lock(mutex_);
    reload_ = {config, std::move(on_commit)};
    if (compiling_ != nullptr) {
      give_up_ = std::none_of(config.models.begin(), config.models.end(), [&](const ModelEntry& entry) {
        return Same(*MakeModel(config, entry), *compiling_);
      });
    }
  }
  work_.notify_one();
}

void ModelRegistry::Work() {
  for (;;) {
    CloseRetired();
    std::optional<PendingReload> reload;
    {
      std::unique_lock lock(mutex_);
      work_.wait_for(lock, retired_.empty() ? std::chrono::milliseconds(1000) : kRetiredPoll,
                     [this] { return stop_ || reload_.has_value() || NextToLoad() != nullptr; });
      if (stop_) return;
      reload = std::exchange(reload_, std::nullopt);
    }
    if (reload.has_value()) {
      ApplyReload(*reload);
    } else {
      ModelPtr next;
      {
        std::lock_guard lock(mutex_);
        next = NextToLoad();
      }
      if (next == nullptr) continue;
      Load(next);
      TrimCache();
    }
  }
}

// With the lock: one whose cards are not still held by streams of a model that goes.
ModelRegistry::ModelPtr ModelRegistry::NextToLoad() {
  std::set<std::string> held;
  for (const auto& retired : retired_) {
    for (const auto& engine : retired->cards().engines()) held.insert(engine->card());
  }
  for (const ModelPtr& model : models_) {
    if (model->load_begun) continue;
    const auto blocked = std::find_if(model->cards.begin(), model->cards.end(),
                                      [&](const CardEntry& card) { return held.contains(card.name); });
    if (blocked == model->cards.end()) return model;
    model->status.stage = absl::StrCat("wait for card ", blocked->name, ", whose streams have not ended");
  }
  return nullptr;
}

void ModelRegistry::CloseRetired() {
  std::vector<std::shared_ptr<const LoadedModel>> idle;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(retired_, [&](const auto& model) {
      if (model->cards().load() > 0) return false;
      idle.push_back(model);
      return true;
    });
  }
  for (const auto& model : idle) {
    model->cards().Close(absl::UnavailableError(absl::StrCat("model ", model->name(), " is being unloaded")));
    spdlog::info("model {}: unloaded", model->name());
  }
  if (!idle.empty()) options_.on_change();
}

void ModelRegistry::Load(const ModelPtr& model) {
  Config config;
  std::shared_ptr<const LoadedModel> loaded;
  {
    std::lock_guard lock(mutex_);
    model->load_begun = true;
    config = config_;
    loaded = model->loaded;
  }
  if (loaded == nullptr) {
    if (const absl::Status status = Prepare(model, config); !status.ok()) {
      if (!absl::IsCancelled(status)) {
        Fail(*model, status);
        return;
      }
      // Given up: a reload follows, which may or may not have a place for the model.
      std::lock_guard lock(mutex_);
      model->load_begun = false;
      return;
    }
    std::lock_guard lock(mutex_);
    loaded = model->loaded;
  }
  Update(*model, [](ModelStatus& status) {
    status.state = ModelState::kLoading;
    status.progress = 0;
    status.stage = "open cards";
  });
  loaded->cards().Start();
}

void ModelRegistry::ApplyReload(const PendingReload& reload) {
  const Config& config = reload.config;
  std::vector<ModelPtr> models;
  std::vector<ModelPtr> fresh;
  {
    std::lock_guard lock(mutex_);
    for (const ModelEntry& entry : config.models) {
      ModelPtr model = MakeModel(config, entry);
      const ModelPtr before = Find(entry.name);
      const bool same = before != nullptr && Same(*before, *model);
      if (same && (before->status.state != ModelState::kFailed || before->loaded != nullptr)) model = before;
      // One that had failed is tried again, after the others are in place: it may fail once more.
      if (!same) fresh.push_back(model);
      models.push_back(std::move(model));
    }
    pending_ = fresh;
  }
  options_.on_change();
  for (const ModelPtr& model : fresh) {
    const absl::Status status = Prepare(model, config);
    if (status.ok()) continue;
    {
      std::lock_guard lock(mutex_);
      pending_.clear();
    }
    options_.on_change();
    if (!stop_) {
      spdlog::error("the configuration is not reloaded, all stays as it was: model {}: {}", model->entry.name,
                    Text(status.message()));
    }
    return;
  }
  CommitReload(reload, std::move(models));
}

void ModelRegistry::CommitReload(const PendingReload& reload, std::vector<ModelPtr> models) {
  const Config& config = reload.config;
  const size_t count = models.size();
  {
    std::lock_guard lock(mutex_);
    const EngineLimits limits = LimitsOf(config);
    for (const ModelPtr& model : models) {
      if (model->loaded != nullptr) model->loaded->cards().SetLimits(limits);
      if (model->loaded != nullptr && !model->load_begun) model->status.state = ModelState::kLoading;
    }
    for (const ModelPtr& old : models_) {
      const bool stays = std::find(models.begin(), models.end(), old) != models.end();
      if (!stays && old->loaded != nullptr) retired_.push_back(std::exchange(old->loaded, nullptr));
    }
    models_ = std::move(models);
    pending_.clear();
    config_ = config;
  }
  reload.on_commit();
  options_.on_change();
  TrimCache();
  spdlog::info("the configuration is reloaded: {} models", count);
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> ModelRegistry::Get(const std::string& name) const {
  std::lock_guard lock(mutex_);
  const ModelPtr model = Find(name);
  if (model == nullptr) {
    std::string known;
    for (const auto& each : models_) absl::StrAppend(&known, known.empty() ? "" : ", ", each->entry.name);
    return absl::NotFoundError(absl::StrCat("there is no model \"", name, "\"; served are ", known));
  }
  if (draining_) return absl::UnavailableError("the server is shutting down");
  const ModelStatus& status = model->status;
  if (status.state == ModelState::kReady) return model->loaded;
  if (status.state == ModelState::kFailed) {
    return absl::UnavailableError(absl::StrCat("model ", name, " could not be loaded: ", status.error));
  }
  const bool compiling = status.state == ModelState::kCompiling;
  return absl::UnavailableError(absl::StrCat("model ", name, " is still ",
                                             compiling ? "compiling" : "loading", " (",
                                             static_cast<int>(status.progress * 100), " %)"));
}

std::vector<ModelStatus> ModelRegistry::Models() const {
  std::vector<ModelStatus> all;
  std::lock_guard lock(mutex_);
  for (const ModelPtr& model : models_) all.push_back(model->status);
  for (const ModelPtr& model : pending_) {
    if (Find(model->entry.name) == nullptr) all.push_back(model->status);
  }
  return all;
}

absl::StatusOr<ModelStatus> ModelRegistry::Describe(const std::string& name) const {
  for (ModelStatus& status : Models()) {
    if (status.name == name) return std::move(status);
  }
  return absl::NotFoundError(absl::StrCat("there is no model \"", name, "\""));
}

std::vector<CardStatus> ModelRegistry::Cards() const {
  std::vector<CardStatus> cards;
  std::lock_guard lock(mutex_);
  for (const CardEntry& entry : config_.cards) {
    CardStatus card;
    card.name = entry.name;
    card.driver = entry.card.driver;
    card.platform = entry.card.platform;
    if (const auto error = card_errors_.find(entry.name); error != card_errors_.end())
      card.error = error->second;
    card.state = card.error.empty() ? "CLOSED" : "FAILED";
    for (const ModelPtr& model : models_) {
      for (const CardEntry& its : model->cards) {
        if (its.name == entry.name) card.model = model->entry.name;
      }
    }
    for (const auto& loaded : AllLoaded()) {
      for (const auto& engine : loaded->cards().engines()) {
        const EngineSnapshot snapshot = engine->snapshot();
        if (engine->card() != entry.name || (card.has_snapshot && snapshot.state != CardState::kReady))
          continue;
        card.has_snapshot = true;
        card.model = loaded->name();
        card.snapshot = snapshot;
        card.error = snapshot.state == CardState::kOpening ? "" : snapshot.error;
        card.state = snapshot.state == CardState::kReady     ? "READY"
                     : snapshot.state == CardState::kOpening ? "CLOSED"
                     : snapshot.was_ready                    ? "LOST"
                                                             : "FAILED";
      }
    }
    cards.push_back(std::move(card));
  }
  return cards;
}

std::vector<CardReading> ModelRegistry::CardReadings() const {
  std::vector<CardReading> readings;
  for (CardStatus& card : Cards()) {
    CardReading reading{std::move(card.name), std::move(card.model), absl::AsciiStrToLower(card.state), {}};
    if (reading.state == "closed") reading.state = "opening";
    if (card.has_snapshot) reading.snapshot = std::move(card.snapshot);
    readings.push_back(std::move(reading));
  }
  return readings;
}

bool ModelRegistry::ServesModel(const ModelPtr& model) {
  return model->status.state == ModelState::kReady && model->loaded->cards().AnyReady();
}

bool ModelRegistry::Serves(const std::string& name) const {
  if (draining_) return false;
  std::lock_guard lock(mutex_);
  const ModelPtr model = Find(name);
  return model != nullptr && ServesModel(model);
}

bool ModelRegistry::ServesAll() const {
  if (draining_) return false;
  std::lock_guard lock(mutex_);
  return std::all_of(models_.begin(), models_.end(), ServesModel);
}

std::vector<std::string> ModelRegistry::StuckCards() const {
  std::vector<std::string> stuck;
  std::lock_guard lock(mutex_);
  for (const auto& loaded : AllLoaded()) {
    for (const auto& engine : loaded->cards().engines()) {
      if (!engine->Alive()) stuck.push_back(engine->card());
    }
  }
  return stuck;
}

void ModelRegistry::BeginDrain() {
  draining_ = true;
  options_.on_change();
}

int64_t ModelRegistry::Load() const {
  int64_t load = 0;
  std::lock_guard lock(mutex_);
  for (const auto& loaded : AllLoaded()) load += loaded->cards().load();
  return load;
}

void ModelRegistry::Stop() {
  draining_ = true;
  {
    std::lock_guard lock(mutex_);
    stop_ = give_up_ = true;
  }
  work_.notify_one();
  if (worker_.joinable()) worker_.join();
  std::vector<std::shared_ptr<const LoadedModel>> loaded;
  {
    std::lock_guard lock(mutex_);
    loaded = AllLoaded();
    for (const ModelPtr& model : models_) {
      model->loaded = nullptr;
      model->status.state = ModelState::kLoading;
    }
    pending_.clear();
    retired_.clear();
  }
  const absl::Status status = absl::UnavailableError("the server is shutting down");
  for (const auto& model : loaded) {
    for (const auto& engine : model->cards().engines()) engine->Stop(status);
  }
  for (const auto& model : loaded) model->cards().Close(status);
}

// Compiles, checks and puts together all but opening the cards.
absl::Status ModelRegistry::Prepare(const ModelPtr& model, const Config& config) {
  absl::StatusOr<std::string> artifact = Artifact(model, config);
  if (!artifact.ok()) return artifact.status();
  absl::StatusOr<std::shared_ptr<const LoadedModel>> loaded = Assemble(model, config, *artifact);
  if (!loaded.ok() && DropDamaged(model, *artifact)) {
    artifact = Artifact(model, config);
    if (!artifact.ok()) return artifact.status();
    loaded = Assemble(model, config, *artifact);
  }
  if (!loaded.ok()) return loaded.status();
  std::lock_guard lock(mutex_);
  model->loaded = *std::move(loaded);
  return absl::OkStatus();
}

absl::Status ModelRegistry::OpenCache(const Config& config) {
  if (cache_ != nullptr) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<ArtifactCache>> cache =
      ArtifactCache::Open(config.cache.dir, config.cache.max_bytes);
  if (!cache.ok()) return cache.status();
  if (absl::Status status = (*cache)->Claim(); !status.ok()) return status;
  cache_ = *std::move(cache);
  return absl::OkStatus();
}

absl::StatusOr<std::string> ModelRegistry::Artifact(const ModelPtr& model, const Config& config) {
  const ModelEntry& entry = model->entry;
  if (!entry.artifact.empty()) return entry.artifact;
  if (absl::Status status = OpenCache(config); !status.ok()) return status;
  cache_->set_max_bytes(config.cache.max_bytes);

  CompilationOptions compilation;
  compilation.compiler =
      config.compiler.program.empty() ? options_.compiler_program : config.compiler.program;
  compilation.source = entry.source;
  compilation.max_context = entry.max_context;
  compilation.step_tokens = entry.step_tokens;
  compilation.max_memory_bytes = config.compiler.max_memory;
  compilation.max_seconds = config.compiler.max_seconds;
  std::set<std::string> in_use;
  {
    std::lock_guard lock(mutex_);
    compiling_ = model;
    give_up_ = stop_.load();
    compilation.platform = model->status.platform;
    compilation.target = model->status.target;
    in_use = ArtifactsInUse();
  }
  std::string last_stage;
  auto on_progress = [&](const CompilationProgress& progress) {
    if (progress.stage != last_stage) {
      spdlog::info("model {}: compiling: {} ({:.0f} %)", entry.name, progress.stage, progress.fraction * 100);
      last_stage = progress.stage;
    }
    Update(*model, [&](ModelStatus& status) {
      status.stage = progress.stage;
      status.progress = progress.fraction;
    });
  };
  absl::StatusOr<std::string> artifact = CompileOrFind(*cache_, compilation, in_use, on_progress, give_up_);
  std::lock_guard lock(mutex_);
  compiling_ = nullptr;
  if (artifact.ok()) model->artifact = *artifact;
  return artifact;
}

// With the lock.
std::set<std::string> ModelRegistry::ArtifactsInUse() const {
  std::set<std::string> in_use;
  for (const auto* list : {&models_, &pending_}) {
    for (const ModelPtr& model : *list) in_use.insert(model->artifact);
  }
  return in_use;
}

// Once all models have theirs: what a killed process left half-made goes, and what is beyond the limit.
void ModelRegistry::TrimCache() {
  std::set<std::string> in_use;
  int64_t max_bytes = 0;
  {
    std::lock_guard lock(mutex_);
    if (NextToLoad() != nullptr || reload_.has_value() || stop_) return;
    in_use = ArtifactsInUse();
    max_bytes = config_.cache.max_bytes;
  }
  if (cache_ == nullptr) return;
  cache_->set_max_bytes(max_bytes);
  if (const auto lock = cache_->Acquire(stop_); lock.ok()) {
    cache_->SweepHalfMade();
    cache_->Trim(in_use);
  }
}

// An artifact of the cache that is damaged is dropped: it can be made again.
bool ModelRegistry::DropDamaged(const ModelPtr& model, const std::string& artifact) {
  if (!model->entry.artifact.empty() || stop_) return false;
  const absl::Status damage = options_.check_artifact(artifact);
  if (damage.ok()) return false;
  spdlog::warn("model {}: the cached artifact is damaged and is made again: {}", model->entry.name,
               Text(damage.message()));
  return cache_->Drop(artifact, stop_).ok();
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> ModelRegistry::Assemble(const ModelPtr& model,
                                                                           const Config& config,
                                                                           const std::string& artifact) {
  const std::string& name = model->entry.name;
  spdlog::info("model {}: loading {}", name, artifact);
  std::vector<CardGroup::Member> members;
  absl::Status first_error;
  for (const CardEntry& entry : model->cards) {
    if (stop_) return absl::CancelledError("stopped");
    runtime::DecoderOptions decoder_options;
    decoder_options.card = entry.card;
    decoder_options.artifact = artifact;
    decoder_options.kv_bytes = entry.kv_bytes;
    decoder_options.open_card = false;
    absl::StatusOr<std::unique_ptr<runtime::Decoder>> decoder = options_.open_decoder(decoder_options);
    {
      std::lock_guard lock(mutex_);
      card_errors_.erase(entry.name);
      if (!decoder.ok()) card_errors_[entry.name] = Text(decoder.status().message());
    }
    if (decoder.ok()) {
      members.push_back({entry.name, *std::move(decoder), options_.metrics->Observer(name, entry.name)});
      continue;
    }
    const absl::Status error(decoder.status().code(),
                             absl::StrCat("card ", entry.name, ": ", decoder.status().message()));
    first_error.Update(error);
    spdlog::warn("model {}: {}", name, Text(error.message()));
  }
  if (members.empty()) return first_error;

  std::string chat_template_source;
  absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer =
      LoadedModel::ReadTokenizer(artifact, &chat_template_source);
  if (!tokenizer.ok()) return tokenizer.status();
  const auto vocabulary = static_cast<uint32_t>(members.front().decoder->info().vocabulary);
  if ((*tokenizer)->vocabulary() > vocabulary) {
    return absl::InvalidArgumentError(absl::StrCat(
        artifact, ": the tokenizer has ", (*tokenizer)->vocabulary(), " tokens, the design ", vocabulary));
  }
  absl::StatusOr<std::unique_ptr<ChatTemplate>> chat_template =
      chat_template_source.empty() ? absl::NotFoundError("it has no chat template")
                                   : ChatTemplate::Create(chat_template_source);
  if (!chat_template.ok()) {
    spdlog::warn("model {}: chat can not be used: {}", name, Text(chat_template.status().message()));
  }
  // A model that was replaced may be gone before its last card says something.
  auto on_state = [this, weak = std::weak_ptr<Model>(model)](const std::string& card,
                                                             const EngineSnapshot& snapshot) {
    if (const ModelPtr known = weak.lock()) OnCardState(*known, card, snapshot);
  };
  return std::make_shared<const LoadedModel>(
      name, *std::move(tokenizer), std::move(chat_template),
      std::make_unique<CardGroup>(std::move(members), LimitsOf(config), options_.clock, on_state));
}

void ModelRegistry::OnCardState(Model& model, const std::string& card, const EngineSnapshot& snapshot) {
  switch (snapshot.state) {
    case CardState::kReady:
      if (snapshot.resets > 0) {
        spdlog::info("card {}: back after {} resets", card, snapshot.resets);
      } else {
        spdlog::info("card {}: open", card);
      }
      break;
    case CardState::kLost:
      spdlog::error("card {}: {}: {}", card, snapshot.was_ready ? "lost" : "can not be opened yet",
                    snapshot.error);
      break;
    case CardState::kOpening:
      break;
  }
  {
    std::lock_guard lock(mutex_);
    ModelStatus& status = model.status;
    if (model.loaded != nullptr && status.state != ModelState::kReady) {
      const auto& engines = model.loaded->cards().engines();
      if (model.loaded->cards().AnyReady()) {
        status.state = ModelState::kReady;
        status.progress = 1;
        status.stage.clear();
        status.error.clear();
        status.info = model.loaded->info();
        status.max_context = model.loaded->max_context();
        status.platform = status.info.platform;
        status.target = status.info.target;
        spdlog::info("model {}: READY; {} cards, context {}, {} KV pages a card", status.name, engines.size(),
                     status.max_context, status.info.pages);
      } else if (std::all_of(engines.begin(), engines.end(), [](const auto& engine) {
                   return engine->snapshot().state == CardState::kLost;
                 })) {
        status.state = ModelState::kFailed;
        status.stage = "open cards, again and again";
        status.error = absl::StrCat("card ", card, ": ", snapshot.error);
      }
    }
  }
  options_.on_change();
}

void ModelRegistry::Fail(Model& model, const absl::Status& status) {
  const std::string message = Text(status.message());
  spdlog::error("model {}: {}", model.entry.name, message);
  Update(model, [&](ModelStatus& changed) {
    changed.state = ModelState::kFailed;
    changed.error = message;
  });
}

void ModelRegistry::Update(Model& model, const std::function<void(ModelStatus&)>& change) {
  {
    std::lock_guard lock(mutex_);
    change(model.status);
  }
  options_.on_change();
}

ModelRegistry::ModelPtr ModelRegistry::Find(const std::string& name) const {
  for (const ModelPtr& model : models_) {
    if (model->entry.name == name) return model;
  }
  return nullptr;
}

// With the lock. Those that go come first, so that whoever looks for a card's latest user takes the last.
std::vector<std::shared_ptr<const LoadedModel>> ModelRegistry::AllLoaded() const {
  std::vector<std::shared_ptr<const LoadedModel>> all = retired_;
  for (const ModelPtr& model : models_) {
    if (model->loaded != nullptr && model->load_begun) all.push_back(model->loaded);
  }
  return all;
}

}  // namespace streamtensor::server
