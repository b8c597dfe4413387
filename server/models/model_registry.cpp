// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_registry.h"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/models/compilation.h"

namespace streamtensor::server {
namespace {

const char* DriverName(runtime::CardConfig::Driver driver) {
  switch (driver) {
    case runtime::CardConfig::Driver::kEmulated:
      return "emulated";
    case runtime::CardConfig::Driver::kXrt:
      return "xrt";
    case runtime::CardConfig::Driver::kDummy:
      return "dummy";
  }
  return "unknown";
}

std::string Text(absl::string_view view) { return std::string(view); }

}  // namespace

struct ModelRegistry::Model {
  ModelEntry entry;
  ModelStatus status;
  std::shared_ptr<const LoadedModel> loaded;
};

ModelRegistry::ModelRegistry(Options options)
    : options_(std::move(options)), card_errors_(options_.config.cards.size()) {
  for (const ModelEntry& entry : options_.config.models) {
    auto model = std::make_unique<Model>();
    model->entry = entry;
    const CardEntry& card = options_.config.cards[entry.cards.front()];
    model->status.name = entry.name;
    model->status.state = entry.artifact.empty() ? ModelState::kCompiling : ModelState::kLoading;
    model->status.platform = card.card.platform;
    model->status.target = card.card.driver == runtime::CardConfig::Driver::kXrt ? "hw" : "emulation";
    model->status.max_context = static_cast<int32_t>(entry.max_context);
    models_.push_back(std::move(model));
  }
}

ModelRegistry::~ModelRegistry() { Stop(); }

void ModelRegistry::Start() {
  loader_ = std::thread([this] {
    for (const auto& model : models_) {
      if (stop_.load()) return;
      Load(*model);
    }
  });
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> ModelRegistry::Get(const std::string& name) const {
  const Model* model = Find(name);
  if (model == nullptr) {
    std::string known;
    for (const auto& each : models_) absl::StrAppend(&known, known.empty() ? "" : ", ", each->entry.name);
    return absl::NotFoundError(absl::StrCat("there is no model \"", name, "\"; served are ", known));
  }
  if (draining_.load()) return absl::UnavailableError("the server is shutting down");
  std::lock_guard lock(mutex_);
  if (model->loaded != nullptr) return model->loaded;
  const ModelStatus& status = model->status;
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
  for (const auto& model : models_) all.push_back(model->status);
  return all;
}

absl::StatusOr<ModelStatus> ModelRegistry::Describe(const std::string& name) const {
  const Model* model = Find(name);
  if (model == nullptr) return absl::NotFoundError(absl::StrCat("there is no model \"", name, "\""));
  std::lock_guard lock(mutex_);
  return model->status;
}

std::vector<CardStatus> ModelRegistry::Cards() const {
  std::vector<CardStatus> cards;
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i < options_.config.cards.size(); ++i) {
    const CardEntry& entry = options_.config.cards[i];
    CardStatus card;
    card.name = entry.name;
    card.driver = DriverName(entry.card.driver);
    card.platform = entry.card.platform;
    card.error = card_errors_[i];
    card.state = card.error.empty() ? "CLOSED" : "FAILED";
    for (const auto& model : models_) {
      for (const int64_t index : model->entry.cards) {
        if (index == static_cast<int64_t>(i)) card.model = model->entry.name;
      }
      if (model->loaded == nullptr) continue;
      for (const auto& engine : model->loaded->engines()) {
        if (engine->card() != entry.name) continue;
        card.snapshot = engine->snapshot();
        card.state = card.snapshot.state == CardState::kReady ? "READY" : "LOST";
        card.error = card.snapshot.error;
      }
    }
    cards.push_back(std::move(card));
  }
  return cards;
}

std::vector<CardReading> ModelRegistry::CardReadings() const {
  std::vector<CardReading> readings;
  for (CardStatus& card : Cards()) {
    if (card.state == "READY" || card.state == "LOST") {
      readings.push_back({std::move(card.name), std::move(card.model), std::move(card.snapshot)});
    }
  }
  return readings;
}

bool ModelRegistry::Serves(const std::string& name) const {
  const Model* model = Find(name);
  if (model == nullptr || draining_.load()) return false;
  std::lock_guard lock(mutex_);
  return model->loaded != nullptr && model->loaded->AnyCardReady();
}

bool ModelRegistry::ServesAll() const {
  for (const auto& model : models_) {
    if (!Serves(model->entry.name)) return false;
  }
  return true;
}

void ModelRegistry::BeginDrain() {
  draining_.store(true);
  options_.on_change();
}

int64_t ModelRegistry::Load() const {
  int64_t load = 0;
  std::lock_guard lock(mutex_);
  for (const auto& model : models_) {
    if (model->loaded == nullptr) continue;
    for (const auto& engine : model->loaded->engines()) load += engine->load();
  }
  return load;
}

void ModelRegistry::Stop() {
  draining_.store(true);
  stop_.store(true);
  if (loader_.joinable()) loader_.join();
  std::vector<std::shared_ptr<const LoadedModel>> loaded;
  {
    std::lock_guard lock(mutex_);
    for (const auto& model : models_) {
      if (model->loaded != nullptr) loaded.push_back(std::move(model->loaded));
      model->loaded = nullptr;
    }
  }
  for (const auto& model : loaded) {
    for (const auto& engine : model->engines())
      engine->Stop(absl::UnavailableError("the server is shutting down"));
  }
}

void ModelRegistry::Load(Model& model) {
  absl::StatusOr<std::string> artifact = Artifact(model);
  absl::StatusOr<std::shared_ptr<const LoadedModel>> loaded =
      artifact.ok() ? OpenCards(model, *artifact)
                    : absl::StatusOr<std::shared_ptr<const LoadedModel>>(artifact.status());
  if (!loaded.ok()) {
    if (stop_.load()) return;
    const std::string message = Text(loaded.status().message());
    spdlog::error("model {}: {}", model.entry.name, message);
    Update(model, [&](ModelStatus& status) {
      status.state = ModelState::kFailed;
      status.error = message;
    });
    return;
  }
  const runtime::DecoderInfo& info = (*loaded)->info();
  spdlog::info("model {}: READY on {} of {} cards; context {}, {} KV pages", model.entry.name,
               (*loaded)->engines().size(), model.entry.cards.size(), (*loaded)->max_context(), info.pages);
  {
    std::lock_guard lock(mutex_);
    model.loaded = *std::move(loaded);
  }
  Update(model, [&](ModelStatus& status) {
    status.state = ModelState::kReady;
    status.progress = 1;
    status.stage.clear();
    status.info = model.loaded->info();
    status.max_context = model.loaded->max_context();
    status.platform = status.info.platform;
    status.target = status.info.target;
  });
}

absl::StatusOr<std::string> ModelRegistry::Artifact(Model& model) {
  const ModelEntry& entry = model.entry;
  if (!entry.artifact.empty()) return entry.artifact;
  const Config& config = options_.config;
  absl::StatusOr<std::unique_ptr<ArtifactCache>> cache =
      ArtifactCache::Open(config.cache.dir, config.cache.max_bytes);
  if (!cache.ok()) return cache.status();

  CompilationOptions compilation;
  compilation.compiler = options_.compiler_program;
  compilation.source = entry.source;
  compilation.platform = model.status.platform;
  compilation.target = model.status.target;
  compilation.max_context = entry.max_context;
  compilation.step_tokens = entry.step_tokens;
  compilation.max_memory_bytes = config.compiler.max_memory;
  compilation.max_seconds = config.compiler.max_seconds;
  std::set<std::string> in_use;
  {
    std::lock_guard lock(mutex_);
    for (const auto& other : models_) in_use.insert(other->entry.artifact);
  }
  std::string last_stage;
  auto on_progress = [&](const CompilationProgress& progress) {
    if (progress.stage != last_stage) {
      spdlog::info("model {}: compiling: {} ({:.0f} %)", entry.name, progress.stage, progress.fraction * 100);
      last_stage = progress.stage;
    }
    Update(model, [&](ModelStatus& status) {
      status.stage = progress.stage;
      status.progress = progress.fraction;
    });
  };
  absl::StatusOr<std::string> artifact = CompileOrFind(**cache, compilation, in_use, on_progress, stop_);
  if (artifact.ok()) {
    std::lock_guard lock(mutex_);
    model.entry.artifact = *artifact;
  }
  return artifact;
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> ModelRegistry::OpenCards(Model& model,
                                                                            const std::string& artifact) {
  spdlog::info("model {}: loading {}", model.entry.name, artifact);
  Update(model, [](ModelStatus& status) {
    status.state = ModelState::kLoading;
    status.progress = 0;
    status.stage = "open cards";
  });
  const Config& config = options_.config;
  EngineOptions engine_options;
  engine_options.limits.max_queue = static_cast<int32_t>(config.limits.max_queue);
  engine_options.limits.max_running = static_cast<int32_t>(config.limits.max_running);
  engine_options.limits.step_timeout = absl::Seconds(config.limits.step_timeout_seconds);
  engine_options.limits.slow_reader_timeout = absl::Seconds(config.limits.slow_reader_seconds);

  std::vector<std::pair<std::string, std::unique_ptr<runtime::Decoder>>> decoders;
  absl::Status first_error;
  for (const int64_t index : model.entry.cards) {
    if (stop_.load()) return absl::CancelledError("stopped");
    const CardEntry& entry = config.cards[index];
    runtime::DecoderOptions decoder_options;
    decoder_options.card = entry.card;
    decoder_options.artifact = artifact;
    decoder_options.kv_bytes = entry.kv_bytes;
    absl::StatusOr<std::unique_ptr<runtime::Decoder>> decoder = options_.open_decoder(decoder_options);
    if (decoder.ok()) {
      decoders.emplace_back(entry.name, *std::move(decoder));
      continue;
    }
    const absl::Status error(decoder.status().code(),
                             absl::StrCat("card ", entry.name, ": ", decoder.status().message()));
    first_error.Update(error);
    spdlog::warn("model {}: {}", model.entry.name, Text(error.message()));
    std::lock_guard lock(mutex_);
    card_errors_[index] = Text(decoder.status().message());
  }
  if (decoders.empty()) return first_error;

  std::string chat_template_source;
  absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer =
      LoadedModel::ReadTokenizer(artifact, &chat_template_source);
  if (!tokenizer.ok()) return tokenizer.status();
  const auto vocabulary = static_cast<uint32_t>(decoders.front().second->info().vocabulary);
  if ((*tokenizer)->vocabulary() > vocabulary) {
    return absl::InvalidArgumentError(absl::StrCat(
        artifact, ": the tokenizer has ", (*tokenizer)->vocabulary(), " tokens, the design ", vocabulary));
  }
  absl::StatusOr<std::unique_ptr<ChatTemplate>> chat_template =
      chat_template_source.empty() ? absl::NotFoundError("it has no chat template")
                                   : ChatTemplate::Create(chat_template_source);
  if (!chat_template.ok()) {
    spdlog::warn("model {}: chat can not be used: {}", model.entry.name,
                 Text(chat_template.status().message()));
  }

  std::vector<std::unique_ptr<Engine>> engines;
  for (auto& [card, decoder] : decoders) {
    engine_options.card = card;
    auto on_state = [this, card = card](const EngineSnapshot& snapshot) {
      if (snapshot.state == CardState::kLost) {
        spdlog::error("card {}: lost: {}", card, snapshot.error);
      } else {
        spdlog::info("card {}: back after {} resets", card, snapshot.resets);
      }
      options_.on_change();
    };
    engines.push_back(std::make_unique<Engine>(std::move(decoder), engine_options, options_.clock,
                                               options_.metrics->Observer(model.entry.name, card), on_state));
  }
  return std::make_shared<const LoadedModel>(model.entry.name, *std::move(tokenizer),
                                             std::move(chat_template), std::move(engines));
}

void ModelRegistry::Update(Model& model, const std::function<void(ModelStatus&)>& change) {
  {
    std::lock_guard lock(mutex_);
    change(model.status);
  }
  options_.on_change();
}

const ModelRegistry::Model* ModelRegistry::Find(const std::string& name) const {
  for (const auto& model : models_) {
    if (model->entry.name == name) return model.get();
  }
  return nullptr;
}

}  // namespace streamtensor::server
