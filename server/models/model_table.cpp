// SPDX-License-Identifier: Apache-2.0
#include "server/models/model_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace streamtensor::server {

ModelTable::ModelTable(const Config& config) : cards_(config.cards) {
  for (ModelSpec& spec : SpecsOf(config)) records_.push_back(std::make_shared<Record>(std::move(spec)));
}

absl::StatusOr<std::shared_ptr<const LoadedModel>> ModelTable::Get(const std::string& name) const {
  MutexLock lock(mutex_);
  const RecordPtr record = FindLocked(name);
  if (record == nullptr) {
    // Names no others: a token may be for some models alone.
    return absl::NotFoundError(absl::StrCat("there is no model \"", name,
                                            "\"; ListModels and GET /v1/models name those that you may use"));
  }
  if (draining_) return absl::UnavailableError("the server is shutting down");
  const ModelStatus& status = record->status_;
  switch (status.state) {
    case ModelState::kReady:
      return record->loaded_;
    case ModelState::kFailed:
      return absl::UnavailableError(absl::StrCat("model ", name, " could not be loaded: ", status.error));
    case ModelState::kCompiling:
    case ModelState::kLoading:
      break;
  }
  const char* doing = status.state == ModelState::kCompiling ? "compiling" : "loading";
  return absl::UnavailableError(absl::StrCat("model ", name, " is still ", doing, " (",
                                             static_cast<int>(status.progress * 100), " %)"));
}

bool ModelTable::ServesModel(const Record& record) {
  return record.status_.state == ModelState::kReady && record.loaded_->cards().AnyReady();
}

bool ModelTable::Serves(const std::string& name) const {
  MutexLock lock(mutex_);
  if (draining_) return false;
  const RecordPtr record = FindLocked(name);
  return record != nullptr && ServesModel(*record);
}

bool ModelTable::ServesAll() const {
  MutexLock lock(mutex_);
  return !draining_ && std::all_of(records_.begin(), records_.end(),
                                   [](const RecordPtr& record) { return ServesModel(*record); });
}

void ModelTable::BeginDrain() {
  MutexLock lock(mutex_);
  draining_ = true;
}

std::vector<ModelStatus> ModelTable::Models() const {
  std::vector<ModelStatus> all;
  MutexLock lock(mutex_);
  for (const RecordPtr& record : records_) all.push_back(record->status_);
  for (const RecordPtr& record : pending_) {
    if (FindLocked(record->name()) == nullptr) all.push_back(record->status_);
  }
  return all;
}

absl::StatusOr<ModelStatus> ModelTable::Describe(const std::string& name) const {
  for (ModelStatus& status : Models()) {
    if (status.name == name) return std::move(status);
  }
  return absl::NotFoundError(absl::StrCat("there is no model \"", name, "\""));
}

std::vector<CardStatus> ModelTable::Cards() const {
  std::vector<CardStatus> cards;
  MutexLock lock(mutex_);
  std::map<std::string, std::string> configured;  // by card: the model
  for (const RecordPtr& record : records_) {
    for (const CardEntry& card : record->spec().cards) configured[card.name] = record->name();
  }
  std::map<std::string, std::vector<CardUse>> uses;  // by card
  for (const auto& loaded : AllLoaded()) {
    for (const auto& worker : loaded->cards().workers())
      uses[worker->card()].push_back({loaded->name(), worker->snapshot()});
  }
  for (const CardEntry& entry : cards_) {
    const auto error = card_errors_.find(entry.name);
    cards.push_back(DescribeCard(entry, configured[entry.name],
                                 error == card_errors_.end() ? "" : error->second, uses[entry.name]));
  }
  return cards;
}

std::vector<std::string> ModelTable::StuckCards() const {
  std::vector<std::string> stuck;
  MutexLock lock(mutex_);
  for (const auto& loaded : AllLoaded()) {
    for (const auto& worker : loaded->cards().workers()) {
      if (!worker->Alive()) stuck.push_back(worker->card());
    }
  }
  return stuck;
}

int64_t ModelTable::Load() const {
  int64_t load = 0;
  MutexLock lock(mutex_);
  for (const auto& loaded : AllLoaded()) load += loaded->cards().load();
  return load;
}

ModelTable::RecordPtr ModelTable::NextLoad() {
  std::set<std::string> held;
  for (const auto& retired : retired_) {
    for (const auto& worker : retired->cards().workers()) held.insert(worker->card());
  }
  for (const RecordPtr& record : records_) {
    if (record->load_begun_) continue;
    const std::vector<CardEntry>& cards = record->spec().cards;
    const auto blocked = std::find_if(cards.begin(), cards.end(),
                                      [&](const CardEntry& card) { return held.contains(card.name); });
    if (blocked == cards.end()) return record;
    record->status_.stage =
        absl::StrCat("waiting for card ", blocked->name, ", whose streams have not ended");
  }
  return nullptr;
}

bool ModelTable::HasNextLoad() {
  MutexLock lock(mutex_);
  return NextLoad() != nullptr;
}

ModelTable::RecordPtr ModelTable::BeginNextLoad() {
  MutexLock lock(mutex_);
  RecordPtr record = NextLoad();
  if (record != nullptr) record->load_begun_ = true;
  return record;
}

void ModelTable::AbandonLoad(const RecordPtr& record) {
  MutexLock lock(mutex_);
  ST_CHECK(record->load_begun_ && record->loaded_ == nullptr, record->name());
  record->load_begun_ = false;
}

void ModelTable::SetProgress(const RecordPtr& record, const std::string& stage, double fraction) {
  MutexLock lock(mutex_);
  record->status_.stage = stage;
  record->status_.progress = fraction;
}

void ModelTable::SetArtifact(const RecordPtr& record, const std::string& folder) {
  MutexLock lock(mutex_);
  record->artifact_ = folder;
}

void ModelTable::SetCardError(const std::string& card, const absl::Status& status) {
  MutexLock lock(mutex_);
  card_errors_.erase(card);
  if (!status.ok()) card_errors_[card] = std::string(status.message());
}

void ModelTable::SetLoaded(const RecordPtr& record, std::shared_ptr<const LoadedModel> loaded) {
  MutexLock lock(mutex_);
  ST_CHECK(record->loaded_ == nullptr && loaded != nullptr, record->name());
  record->loaded_ = std::move(loaded);
}

std::shared_ptr<const LoadedModel> ModelTable::loaded(const RecordPtr& record) const {
  MutexLock lock(mutex_);
  return record->loaded_;
}

void ModelTable::SetOpening(const RecordPtr& record) {
  MutexLock lock(mutex_);
  ST_CHECK(record->load_begun_ && record->loaded_ != nullptr, record->name());
  SetState(*record, ModelState::kLoading);
  record->status_.progress = 0;
  record->status_.stage = "opening cards";
}

void ModelTable::Fail(const RecordPtr& record, const std::string& error) {
  MutexLock lock(mutex_);
  SetState(*record, ModelState::kFailed);
  record->status_.error = error;
}

std::shared_ptr<const LoadedModel> ModelTable::OnCardState(const RecordPtr& record, const std::string& card,
                                                           const CardSnapshot& snapshot) {
  MutexLock lock(mutex_);
  ModelStatus& status = record->status_;
  if (record->loaded_ == nullptr || status.state == ModelState::kReady) return nullptr;
  const LoadedModel& loaded = *record->loaded_;
  if (loaded.cards().AnyReady()) {
    SetState(*record, ModelState::kReady);
    status.progress = 1;
    status.stage.clear();
    status.error.clear();
    status.info = loaded.info();
    status.max_context = loaded.max_context();
    status.chat = loaded.can_chat();
    status.platform = status.info.platform;
    status.target = status.info.target;
    return record->loaded_;
  }
  const auto& workers = loaded.cards().workers();
  if (std::all_of(workers.begin(), workers.end(),
                  [](const auto& worker) { return worker->snapshot().state == CardState::kLost; })) {
    SetState(*record, ModelState::kFailed);
    status.stage = "opening cards again";
    status.error = absl::StrCat("card ", card, ": ", snapshot.error);
  }
  return nullptr;
}

std::set<std::string> ModelTable::ArtifactsInUse() const {
  std::set<std::string> in_use;
  MutexLock lock(mutex_);
  for (const auto* list : {&records_, &pending_}) {
    for (const RecordPtr& record : *list) in_use.insert(record->artifact_);
  }
  return in_use;
}

std::vector<CurrentModel> ModelTable::Current() const {
  std::vector<CurrentModel> current;
  MutexLock lock(mutex_);
  for (const RecordPtr& record : records_) {
    current.push_back(
        {record->spec(), record->status_.state == ModelState::kFailed && record->loaded_ == nullptr});
  }
  return current;
}

ModelTable::RecordPtr ModelTable::Find(const std::string& name) const {
  MutexLock lock(mutex_);
  return FindLocked(name);
}

void ModelTable::SetPending(std::vector<RecordPtr> records) {
  MutexLock lock(mutex_);
  pending_ = std::move(records);
}

void ModelTable::Replace(std::vector<RecordPtr> records, std::span<const std::string> retire,
                         std::vector<CardEntry> cards, const CardLimits& limits) {
  MutexLock lock(mutex_);
  for (const RecordPtr& record : records) {
    if (record->loaded_ == nullptr) continue;
    record->loaded_->cards().SetLimits(limits);
    if (!record->load_begun_) SetState(*record, ModelState::kLoading);
  }
  for (const RecordPtr& old : records_) {
    if (std::find(records.begin(), records.end(), old) != records.end() || old->loaded_ == nullptr) continue;
    ST_CHECK(std::find(retire.begin(), retire.end(), old->name()) != retire.end(), old->name());
    retired_.push_back(std::exchange(old->loaded_, nullptr));
  }
  records_ = std::move(records);
  cards_ = std::move(cards);
  pending_.clear();
}

std::vector<std::shared_ptr<const LoadedModel>> ModelTable::TakeIdleRetired() {
  std::vector<std::shared_ptr<const LoadedModel>> idle;
  MutexLock lock(mutex_);
  std::erase_if(retired_, [&](const auto& model) {
    if (model->cards().load() > 0) return false;
    idle.push_back(model);
    return true;
  });
  return idle;
}

bool ModelTable::has_retired() const {
  MutexLock lock(mutex_);
  return !retired_.empty();
}

std::vector<std::shared_ptr<const LoadedModel>> ModelTable::Loaded() const {
  MutexLock lock(mutex_);
  return AllLoaded();
}

std::vector<std::shared_ptr<const LoadedModel>> ModelTable::Shutdown() {
  MutexLock lock(mutex_);
  draining_ = true;
  std::vector<std::shared_ptr<const LoadedModel>> loaded = AllLoaded();
  for (const RecordPtr& record : records_) {
    record->loaded_ = nullptr;
    record->status_.state = ModelState::kLoading;  // no transition: the model behind it is gone
  }
  pending_.clear();
  retired_.clear();
  return loaded;
}

void ModelTable::SetState(Record& record, ModelState state) {
  ModelState& current = record.status_.state;
  ST_CHECK(current == state || CanFollow(current, state), "model ", record.name(), ": state ",
           static_cast<int>(state), " after ", static_cast<int>(current));
  current = state;
}

ModelTable::RecordPtr ModelTable::FindLocked(const std::string& name) const {
  for (const RecordPtr& record : records_) {
    if (record->name() == name) return record;
  }
  return nullptr;
}

// Retired ones first: see DescribeCard().
std::vector<std::shared_ptr<const LoadedModel>> ModelTable::AllLoaded() const {
  std::vector<std::shared_ptr<const LoadedModel>> all = retired_;
  for (const RecordPtr& record : records_) {
    if (record->loaded_ != nullptr && record->load_begun_) all.push_back(record->loaded_);
  }
  return all;
}

}  // namespace streamtensor::server
