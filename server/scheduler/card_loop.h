// SPDX-License-Identifier: Apache-2.0
// One card's life: steps while it is ready; while it is not, resets, and its sequences to other cards.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/scheduler/clock.h"
#include "server/scheduler/scheduler.h"
#include "server/scheduler/scheduler_observer.h"
#include "server/scheduler/sequence.h"
#include "server/scheduler/step_runner.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

enum class CardState {
  kOpening,  // not yet opened for the first time
  kReady,
  kLost  // failed, or could not be opened; is being reset
};

// Which states may follow each other.
bool CanFollow(CardState from, CardState to);

struct RecoveryLimits {
  // The first reset comes at once, the second after this; it doubles up to the longest.
  absl::Duration first_reset_delay = absl::Milliseconds(500);
  absl::Duration longest_reset_delay = absl::Seconds(30);
  // A sequence waits so long for a card, its own or another, before it ends UNAVAILABLE.
  absl::Duration lost_card_wait = absl::Seconds(30);
  bool operator==(const RecoveryLimits&) const = default;
};

// What a card's loop needs of its surroundings.
class CardHost {
 public:
  virtual ~CardHost() = default;
  // Begins Decoder::Reset(), which may take long, and passes its result to CardLoop::OnReset(), now or later.
  virtual void BeginReset() = 0;
  // Offers a sequence to another card of the model whose load, with this sequence, is below `load` sequences.
  // True: it is that card's now.
  virtual bool TransferSequence(const std::shared_ptr<Sequence>& sequence, int32_t load) = 0;
  // CardLoop::state() has changed.
  virtual void OnState() = 0;
};

// Starts no thread and waits for nothing but the decoder's runs. A decoder that is not open yet is opened as
// one that was lost is: by a reset. Not thread-safe.
class CardLoop {
 public:
  // All pointers outlive the loop. `card` is its name, for messages.
  CardLoop(std::string card, runtime::Decoder* decoder, const Clock* clock, const SchedulerLimits& limits,
           const RecoveryLimits& recovery, SchedulerObserver* observer, CardHost* host);

  // Takes a sequence that has passed scheduler().Check().
  void Enqueue(std::shared_ptr<Sequence> sequence) { scheduler_.Enqueue(std::move(sequence)); }

  struct Progress {
    bool ran = false;                          // call again at once
    absl::Time next = absl::InfiniteFuture();  // otherwise: at the latest then, or when something has changed
  };
  // Runs a step, or does what is due on a card that is not ready.
  Progress Advance();

  // The result of the reset that BeginReset() began.
  void OnReset(const absl::Status& status);
  // The card was found dead outside a step, for example by its sensors. It must be ready.
  void OnCardLost(const absl::Status& failure);

  // Another card has become ready: offers it waiting sequences.
  void RebalanceWaiting();

  void SetLimits(const SchedulerLimits& limits, const RecoveryLimits& recovery);
  void EndAll(const absl::Status& status) { scheduler_.EndAll(status); }

  CardState state() const { return state_; }
  const std::string& error() const { return error_; }  // why it is not ready
  bool was_ready() const { return was_ready_; }        // at any time
  uint64_t resets() const { return resets_; }          // tried since it was ready first
  const Scheduler& scheduler() const { return scheduler_; }

 private:
  void SetState(CardState state, std::string error);
  void ScheduleReset();
  absl::Time TransferWaiting();

  const std::string card_;
  const Clock* const clock_;
  RecoveryLimits recovery_;
  CardHost* const host_;
  StepRunner runner_;
  Scheduler& scheduler_ = runner_.scheduler();
  CardState state_ = CardState::kOpening;
  std::string error_ = "it is being opened";
  bool was_ready_ = false;
  bool resetting_ = false;
  uint64_t resets_ = 0;
  absl::Duration reset_delay_;  // before the next reset; zero again after a step that succeeds
  absl::Time reset_at_ = absl::InfinitePast();
};

}  // namespace streamtensor::server
