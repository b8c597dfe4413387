// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_registry.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "base/check.h"
#include "base/status_macros.h"

namespace streamtensor::server {
namespace {

constexpr absl::Duration kRetiredPoll = absl::Milliseconds(20);

}  // namespace

// Forwards the loader's progress to a model's record.
class ModelRegistry::ProgressToTable : public LoadObserver {
 public:
  ProgressToTable(ModelTable* table, RecordPtr record, const std::function<void()>& on_change)
      : table_(table), record_(std::move(record)), on_change_(on_change) {}

  void OnCompilation(const CompilationProgress& progress) override {
    table_->SetProgress(record_, progress.stage, progress.fraction);
    on_change_();
  }
  void OnArtifact(const std::string& folder) override { table_->SetArtifact(record_, folder); }
  void OnCard(const std::string& card, const absl::Status& status) override {
    table_->SetCardError(card, status);
  }

 private:
  ModelTable* const table_;
  const RecordPtr record_;
  const std::function<void()>& on_change_;
};

ModelRegistry::ModelRegistry(Options options)
    : on_change_(std::move(options.on_change)),
      config_(std::move(options.config)),
      loader_({std::move(options.compiler_program), std::move(options.open_decoder),
               std::move(options.check_artifact), options.metrics, options.clock}),
      table_(config_) {}

ModelRegistry::~ModelRegistry() { Stop(); }

absl::Status ModelRegistry::ClaimCache() {
  for (const ModelEntry& entry : config_.models) {
    if (entry.source.empty()) continue;
    const absl::Status status = loader_.ClaimCache(config_.cache);
    return absl::IsAborted(status) ? status : absl::OkStatus();
  }
  return absl::OkStatus();
}

void ModelRegistry::Start() {
  ST_CHECK(!thread_.joinable());
  thread_ = std::thread([this] { Run(); });
}

void ModelRegistry::Reload(const Config& config, std::function<void()> on_commit) {
  const std::vector<ModelSpec> wanted = SpecsOf(config);
  {
    MutexLock lock(mutex_);
    reload_ = {config, std::move(on_commit)};
  }
  loader_.CancelCompilationUnless(wanted);
  work_.NotifyOne();
}

std::vector<CardReading> ModelRegistry::CardReadings() const {
  std::vector<CardReading> readings;
  for (CardStatus& card : table_.Cards()) readings.push_back(ReadingOf(std::move(card)));
  return readings;
}

void ModelRegistry::BeginDrain() {
  table_.BeginDrain();
  on_change_();
}

void ModelRegistry::Stop() {
  table_.BeginDrain();
  {
    MutexLock lock(mutex_);
    stop_ = true;
  }
  loader_.Stop();
  work_.NotifyOne();
  const absl::Status status = absl::UnavailableError("the server is shutting down");
  const auto stop_all = [&status](const std::vector<std::shared_ptr<const LoadedModel>>& loaded) {
    for (const auto& model : loaded) {
      for (const auto& worker : model->cards().workers()) worker->Stop(status);
    }
  };
  // Streams get their status now: a load beside them may take long, or hang.
  stop_all(table_.Loaded());
  if (thread_.joinable()) thread_.join();
  const std::vector<std::shared_ptr<const LoadedModel>> loaded = table_.Shutdown();
  stop_all(loaded);  // also what was loaded meanwhile
  for (const auto& model : loaded) model->cards().Close(status);
}

void ModelRegistry::Run() {
  for (;;) {
    CloseRetired();
    std::optional<PendingReload> reload;
    if (!Wait(reload)) return;
    if (reload.has_value()) {
      ApplyReload(*reload);
    } else {
      LoadNext();
    }
  }
}

bool ModelRegistry::Wait(std::optional<PendingReload>& reload) {
  MutexLock lock(mutex_);
  // Only this thread makes a model loadable, but nothing signals the end of a retired model's streams.
  if (!stop_ && !reload_.has_value() && !table_.HasNextLoad()) {
    if (table_.has_retired()) {
      work_.WaitUntil(mutex_, SteadyDeadline(kRetiredPoll));
    } else {
      work_.Wait(mutex_);
    }
  }
  reload = std::exchange(reload_, std::nullopt);
  return !stop_;
}

void ModelRegistry::CloseRetired() {
  const std::vector<std::shared_ptr<const LoadedModel>> idle = table_.TakeIdleRetired();
  for (const auto& model : idle) {
    model->cards().Close(absl::UnavailableError("model " + model->name() + " is being unloaded"));
    spdlog::info("model {}: unloaded", model->name());
  }
  if (!idle.empty()) on_change_();
}

void ModelRegistry::LoadNext() {
  const RecordPtr record = table_.BeginNextLoad();
  if (record == nullptr) return;
  // A reload may have prepared it.
  const absl::Status status = table_.loaded(record) == nullptr ? Prepare(record, config_) : absl::OkStatus();
  if (absl::IsCancelled(status)) {
    // The pending reload may or may not keep the model.
    table_.AbandonLoad(record);
    return;
  }
  if (status.ok()) {
    table_.SetOpening(record);
    on_change_();
    table_.loaded(record)->cards().Start();
  } else {
    const std::string error(status.message());
    spdlog::error("model {}: {}", record->name(), error);
    table_.Fail(record, error);
    on_change_();
  }
  TrimCache();
}

// Everything except opening the cards.
absl::Status ModelRegistry::Prepare(const RecordPtr& record, const Config& config) {
  ProgressToTable progress(&table_, record, on_change_);
  // A retired model may be destroyed before its last card reports.
  auto on_state = [this, weak = std::weak_ptr<ModelTable::Record>(record)](const std::string& card,
                                                                           const CardSnapshot& snapshot) {
    if (const RecordPtr known = weak.lock()) OnCardState(known, card, snapshot);
  };
  absl::StatusOr<std::shared_ptr<const LoadedModel>> loaded =
      loader_.Load(record->spec(), config, table_.ArtifactsInUse(), progress, on_state);
  RETURN_IF_ERROR(loaded.status());
  table_.SetLoaded(record, *std::move(loaded));
  return absl::OkStatus();
}

void ModelRegistry::ApplyReload(const PendingReload& reload) {
  const ReloadPlan plan = PlanReload(table_.Current(), SpecsOf(reload.config));
  std::vector<RecordPtr> records;
  std::vector<RecordPtr> fresh;
  for (const PlannedModel& model : plan.models) {
    const bool keeps = model.action == PlannedModel::Action::kKeep;
    records.push_back(keeps ? table_.Find(model.spec.entry.name)
                            : std::make_shared<ModelTable::Record>(model.spec));
    ST_CHECK(records.back() != nullptr, model.spec.entry.name);
    if (model.action == PlannedModel::Action::kLoad) fresh.push_back(records.back());
  }
  table_.SetPending(fresh);
  on_change_();
  if (!PrepareAll(fresh, reload.config)) {
    table_.SetPending({});
    on_change_();
    return;
  }
  table_.Replace(std::move(records), plan.retire, reload.config.cards, LimitsOf(reload.config.limits));
  config_ = reload.config;
  reload.on_commit();
  on_change_();
  TrimCache();
  spdlog::info("the configuration is reloaded: {} models", plan.models.size());
}

bool ModelRegistry::PrepareAll(const std::vector<RecordPtr>& fresh, const Config& config) {
  for (const RecordPtr& record : fresh) {
    const absl::Status status = Prepare(record, config);
    if (status.ok()) continue;
    if (!stopping()) {
      spdlog::error("the configuration is not reloaded and stays unchanged: model {}: {}", record->name(),
                    std::string(status.message()));
    }
    return false;
  }
  return true;
}

// Called when all models have their artifacts.
void ModelRegistry::TrimCache() {
  if (table_.HasNextLoad()) return;
  {
    MutexLock lock(mutex_);
    if (reload_.has_value() || stop_) return;
  }
  loader_.TrimCache(config_.cache, table_.ArtifactsInUse());
}

void ModelRegistry::OnCardState(const RecordPtr& record, const std::string& card,
                                const CardSnapshot& snapshot) {
  switch (snapshot.state) {
    case CardState::kReady:
      if (snapshot.resets > 0) {
        spdlog::info("card {}: back after {} resets", card, snapshot.resets);
      } else {
        spdlog::info("card {}: open", card);
      }
      break;
    case CardState::kLost:
      spdlog::error("card {}: {}: {}", card, snapshot.was_ready ? "lost" : "cannot be opened yet",
                    snapshot.error);
      break;
    case CardState::kOpening:
      break;
  }
  if (const auto model = table_.OnCardState(record, card, snapshot)) {
    spdlog::info("model {}: READY; {} cards, context {}, {} KV pages a card", model->name(),
                 model->cards().workers().size(), model->max_context(), model->info().pages);
  }
  on_change_();
}

bool ModelRegistry::stopping() const {
  MutexLock lock(mutex_);
  return stop_;
}

}  // namespace streamtensor::server
