// SPDX-License-Identifier: Apache-2.0
// The models by name: in which state each is, and who may be asked.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "server/models/loaded_model.h"
#include "server/models/model_spec.h"
#include "server/models/model_status.h"
#include "server/models/reload_plan.h"
#include "server/scheduler/card_worker.h"

namespace streamtensor::server {

// Only the thread that loads models changes what the table has; cards' threads report their states, and any
// thread may look. Thread-safe.
class ModelTable {
 public:
  // One model. Its spec is constant: a model that changes in the configuration is another record.
  class Record {
   public:
    explicit Record(ModelSpec spec)
        : spec_(std::move(spec)), status_(InitialStatus(spec_)), artifact_(spec_.entry.artifact) {}
    const ModelSpec& spec() const { return spec_; }
    const std::string& name() const { return spec_.entry.name; }

   private:
    friend class ModelTable;
    const ModelSpec spec_;
    // Guarded by the table's lock.
    ModelStatus status_;
    std::string artifact_;  // folder; empty until it is known
    std::shared_ptr<const LoadedModel> loaded_;
    bool load_begun_ = false;  // false with loaded_: prepared by a reload, its cards not yet opened
  };
  using RecordPtr = std::shared_ptr<Record>;

  explicit ModelTable(const Config& config);

  // --- Who may be asked.

  // NOT_FOUND with the names of those that are there; UNAVAILABLE while the model is not READY, or when the
  // daemon drains.
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Get(const std::string& name) const;
  // READY, with a card that works, and not draining.
  bool Serves(const std::string& name) const;
  bool ServesAll() const;
  // From now on no model may be asked.
  void BeginDrain();

  // --- What is shown.

  // Those of the configuration, then those that a reload prepares.
  std::vector<ModelStatus> Models() const;
  absl::StatusOr<ModelStatus> Describe(const std::string& name) const;
  // Those of the configuration.
  std::vector<CardStatus> Cards() const;
  // The cards whose threads are stuck.
  std::vector<std::string> StuckCards() const;
  // Sequences that have not ended, of retired models too.
  int64_t Load() const;

  // --- How a model becomes READY: the loading thread.

  // The first model that nobody has begun to load and whose cards no retired model holds; null: none. It
  // counts as begun from now on.
  RecordPtr BeginNextLoad();
  // Whether BeginNextLoad() would give one.
  bool HasNextLoad();
  // The load that was begun is given up; it may be begun again.
  void AbandonLoad(const RecordPtr& record);
  void SetProgress(const RecordPtr& record, const std::string& stage, double fraction);
  void SetArtifact(const RecordPtr& record, const std::string& folder);
  // Why a card can't be used at all; OK: nothing is known against it.
  void SetCardError(const std::string& card, const absl::Status& status);
  // The model is complete, its cards are closed.
  void SetLoaded(const RecordPtr& record, std::shared_ptr<const LoadedModel> loaded);
  std::shared_ptr<const LoadedModel> loaded(const RecordPtr& record) const;
  // Its cards are being opened.
  void SetOpening(const RecordPtr& record);
  void Fail(const RecordPtr& record, const std::string& error);
  // A card of the model has another state. Called by the card's thread. Returns the model if that made it
  // READY.
  std::shared_ptr<const LoadedModel> OnCardState(const RecordPtr& record, const std::string& card,
                                                 const CardSnapshot& snapshot);

  // Folders of artifacts that a model of the table, or one being prepared, has.
  std::set<std::string> ArtifactsInUse() const;

  // --- A reload: the loading thread.

  std::vector<CurrentModel> Current() const;
  // The record of a model that is there.
  RecordPtr Find(const std::string& name) const;
  // Models that are being prepared; shown, but not to be asked.
  void SetPending(std::vector<RecordPtr> records);
  // The table has these from now on, and no pending ones. Those of `retire` go: nobody can ask for them any
  // more, and they keep their cards until their streams have ended.
  void Replace(std::vector<RecordPtr> records, std::span<const std::string> retire,
               std::vector<CardEntry> cards, const CardLimits& limits);
  // Retired models without streams. They are the caller's now, to close.
  std::vector<std::shared_ptr<const LoadedModel>> TakeIdleRetired();
  bool has_retired() const;

  // Empties the table: the daemon ends. All loaded models are the caller's now, to close.
  std::vector<std::shared_ptr<const LoadedModel>> Shutdown();

 private:
  static void SetState(Record& record, ModelState state);
  RecordPtr FindLocked(const std::string& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  RecordPtr NextLoad() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static bool ServesModel(const Record& record);
  std::vector<std::shared_ptr<const LoadedModel>> AllLoaded() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  std::vector<CardEntry> cards_ ABSL_GUARDED_BY(mutex_);
  std::vector<RecordPtr> records_ ABSL_GUARDED_BY(mutex_);
  std::vector<RecordPtr> pending_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<const LoadedModel>> retired_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> card_errors_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace streamtensor::server
