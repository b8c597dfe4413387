// SPDX-License-Identifier: Apache-2.0
// Drives one card: runs steps while it is ready, otherwise resets it and transfers its sequences to other
// cards.
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

// Whether `to` may follow `from`.
bool CanFollow(CardState from, CardState to);

struct RecoveryLimits {
  // The first reset is immediate, the second waits this long; the delay doubles up to the maximum.
  absl::Duration first_reset_delay = absl::Milliseconds(500);
  absl::Duration longest_reset_delay = absl::Seconds(30);
  // How long a sequence waits for a ready card before it ends UNAVAILABLE.
  absl::Duration lost_card_wait = absl::Seconds(30);
  bool operator==(const RecoveryLimits&) const = default;
};

// What a card's loop needs from its host.
class CardHost {
 public:
  virtual ~CardHost() = default;
  // Starts Decoder::Reset(), which may take long; passes its result to CardLoop::OnReset(), now or later.
  virtual void BeginReset() = 0;
  // Offers a sequence to another card of the model whose load, including this sequence, is below `load`
  // sequences. True: that card took it.
  virtual bool TransferSequence(const std::shared_ptr<Sequence>& sequence, int32_t load) = 0;
  // CardLoop::state() has changed.
  virtual void OnState() = 0;
};

// Starts no thread and only blocks in the decoder's runs. A closed decoder is opened like a lost one: by a
// reset. Not thread-safe.
class CardLoop {
 public:
  // All pointers outlive the loop. `card` is its name, for messages.
  CardLoop(std::string card, runtime::Decoder* decoder, const Clock* clock, const SchedulerLimits& limits,
           const RecoveryLimits& recovery, SchedulerObserver* observer, CardHost* host);

  // Adds a sequence that has passed scheduler().Check().
  void Enqueue(std::shared_ptr<Sequence> sequence) { scheduler_.Enqueue(std::move(sequence)); }

  struct Progress {
    bool ran = false;  // call again immediately
    // otherwise call again at this time, or when something has changed
    absl::Time next = absl::InfiniteFuture();
  };
  // Runs a step, or the next action on a card that is not ready.
  Progress Advance();

  // The result of the reset started by BeginReset().
  void OnReset(const absl::Status& status);
  // The card was found dead outside a step, for example by its sensors. Requires a ready card.
  void OnCardLost(const absl::Status& failure);

  // Another card has become ready: offers it waiting sequences.
  void RebalanceWaiting();

  void SetLimits(const SchedulerLimits& limits, const RecoveryLimits& recovery);
  void EndAll(const absl::Status& status) { scheduler_.EndAll(status); }

  CardState state() const { return state_; }
  const std::string& error() const { return error_; }  // why it is not ready
  bool was_ready() const { return was_ready_; }        // ever
  uint64_t resets() const { return resets_; }          // attempts since it was first ready
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
  absl::Duration reset_delay_;  // before the next reset; zero after a successful step
  absl::Time reset_at_ = absl::InfinitePast();
};

}  // namespace streamtensor::server
