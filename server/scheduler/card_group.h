// SPDX-License-Identifier: Apache-2.0
// The cards that serve one model, as replicas.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "base/mutex.h"
#include "server/scheduler/card_worker.h"
#include "server/scheduler/prefix_affinity.h"

namespace streamtensor::server {

// A request goes to the ready card with the least to do, unless one that is hardly busier has seen the
// beginning of its prompt. The sequences of a lost card go to the others. Thread-safe.
class CardGroup {
 public:
  struct Member {
    std::string card;
    std::unique_ptr<runtime::Decoder> decoder;  // may be closed
    std::unique_ptr<SchedulerObserver> observer;
  };
  // Called by a card's thread when its state has changed.
  using OnState = std::function<void(const std::string& card, const CardSnapshot& snapshot)>;

  // At least one member. `clock` outlives the group.
  CardGroup(std::vector<Member> members, const CardLimits& limits, const Clock* clock, OnState on_state);
  ~CardGroup();

  // Begins to open the cards.
  void Start();

  // INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE as CardWorker::Submit(), when no card takes it.
  absl::Status Submit(const std::shared_ptr<Sequence>& sequence);

  void SetLimits(const CardLimits& limits);
  // Ends what is left with `status`; afterwards no card is open and no thread left. Not from a card's thread.
  void Close(const absl::Status& status);

  const std::vector<std::unique_ptr<CardWorker>>& workers() const { return workers_; }
  bool AnyReady() const;
  int32_t load() const;

 private:
  bool TransferSequence(const CardWorker& from, const std::shared_ptr<Sequence>& sequence, int32_t load);
  std::vector<size_t> InOrder(const std::vector<uint64_t>& digests, const CardWorker* without);

  const OnState on_state_;
  const int32_t page_tokens_;
  std::vector<std::unique_ptr<SchedulerObserver>> observers_;
  std::vector<std::unique_ptr<CardWorker>> workers_;
  Mutex mutex_;
  PrefixAffinity affinity_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace streamtensor::server
