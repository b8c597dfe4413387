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

// A request goes to the ready card with the least load, or to a slightly busier one that has seen its prefix.
// Sequences of a lost card move to the others. Thread-safe.
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

  // Starts opening the cards.
  void Start();

  // Errors as CardWorker::Submit() if no card accepts it: INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE.
  absl::Status Submit(const std::shared_ptr<Sequence>& sequence);

  void SetLimits(const CardLimits& limits);
  // Ends remaining sequences with `status`, closes all cards and joins their threads. Not from a card's
  // thread.
  void Close(const absl::Status& status);

  const std::vector<std::unique_ptr<CardWorker>>& workers() const { return workers_; }
  bool AnyReady() const;
  int32_t load() const;
  // Sequences that Submit() would accept now.
  int64_t room() const;

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
