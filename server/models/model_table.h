// SPDX-License-Identifier: Apache-2.0
// The models by name, their states, and whether they accept requests.
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

// Only the loading thread adds and removes models; cards' threads report their states, and any thread may
// read. Thread-safe.
class ModelTable {
 public:
  // One model. Its spec is constant: a model whose configuration changes gets a new record.
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
    std::string artifact_;  // folder; empty until known
    std::shared_ptr<const LoadedModel> loaded_;
    bool load_begun_ = false;  // false with loaded_: prepared by a reload, its cards not yet opened
  };
  using RecordPtr = std::shared_ptr<Record>;

  explicit ModelTable(const Config& config);

  // --- Serving.

  // NOT_FOUND; UNAVAILABLE while the model is not READY or the daemon drains.
  absl::StatusOr<std::shared_ptr<const LoadedModel>> Get(const std::string& name) const;
  // READY with a working card, and not draining.
  bool Serves(const std::string& name) const;
  bool ServesAll() const;
  // From now on no model accepts requests.
  void BeginDrain();

  // --- Status.

  // The configured models, then those that a reload prepares.
  std::vector<ModelStatus> Models() const;
  absl::StatusOr<ModelStatus> Describe(const std::string& name) const;
  // The configured cards.
  std::vector<CardStatus> Cards() const;
  // The cards whose threads are stuck.
  std::vector<std::string> StuckCards() const;
  // Unfinished sequences, including those of retired models.
  int64_t Load() const;

  // --- Loading, by the loading thread.

  // The first model whose load has not begun and whose cards no retired model holds; null: none. Marks its
  // load as begun.
  RecordPtr BeginNextLoad();
  // Whether BeginNextLoad() would return a model.
  bool HasNextLoad();
  // Abandons a load that was begun; it may be begun again.
  void AbandonLoad(const RecordPtr& record);
  void SetProgress(const RecordPtr& record, const std::string& stage, double fraction);
  void SetArtifact(const RecordPtr& record, const std::string& folder);
  // Why a card cannot be used; OK: no known problem.
  void SetCardError(const std::string& card, const absl::Status& status);
  // The model is complete, with its cards closed.
  void SetLoaded(const RecordPtr& record, std::shared_ptr<const LoadedModel> loaded);
  std::shared_ptr<const LoadedModel> loaded(const RecordPtr& record) const;
  // Its cards are being opened.
  void SetOpening(const RecordPtr& record);
  void Fail(const RecordPtr& record, const std::string& error);
  // A card of the model has changed state. Called by the card's thread. Returns the model if it is READY as a
  // result.
  std::shared_ptr<const LoadedModel> OnCardState(const RecordPtr& record, const std::string& card,
                                                 const CardSnapshot& snapshot);

  // Artifact folders used by a model of the table or one being prepared.
  std::set<std::string> ArtifactsInUse() const;

  // --- Reloading, by the loading thread.

  std::vector<CurrentModel> Current() const;
  // The record of an existing model.
  RecordPtr Find(const std::string& name) const;
  // Models being prepared: shown, but not serving.
  void SetPending(std::vector<RecordPtr> records);
  // Replaces the table's models and clears the pending ones. Models in `retire` accept no more requests but
  // keep their cards until their streams have ended.
  void Replace(std::vector<RecordPtr> records, std::span<const std::string> retire,
               std::vector<CardEntry> cards, const CardLimits& limits);
  // Removes retired models without streams. The caller closes them.
  std::vector<std::shared_ptr<const LoadedModel>> TakeIdleRetired();
  bool has_retired() const;

  // Models whose cards may be in use, retired ones included.
  std::vector<std::shared_ptr<const LoadedModel>> Loaded() const;

  // Empties the table at shutdown. The caller closes all loaded models.
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
