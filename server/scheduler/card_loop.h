// SPDX-License-Identifier: Apache-2.0
// One card's work: steps while it is well; while it is not, its way back, and its sequences to other cards.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/scheduler/clock.h"
#include "server/scheduler/scheduler.h"
#include "server/scheduler/sequence.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

enum class CardState { kOpening, kReady, kLost };

struct RecoveryLimits {
  // The first reset comes at once, the second after this; it doubles up to the longest.
  absl::Duration first_reset_delay = absl::Milliseconds(500);
  absl::Duration longest_reset_delay = absl::Seconds(30);
  // How long a sequence waits for a card, its own or another, before it ends UNAVAILABLE.
  absl::Duration lost_card_wait = absl::Seconds(30);
  bool operator==(const RecoveryLimits&) const = default;
};

// What is around a card's loop.
class CardHost {
 public:
  virtual ~CardHost() = default;
  // Begins Decoder::Reset() beside the loop; its result comes by CardLoop::OnReset(), perhaps at once.
  virtual void BeginReset() = 0;
  // Offers a sequence to another card of the model that has less to do than `load` sequences, with this one.
  // True: it is that card's now.
  virtual bool HandOver(const std::shared_ptr<Sequence>& sequence, int32_t load) = 0;
  // CardLoop::state() is another.
  virtual void OnState() = 0;
};

// Driven from outside like the scheduler in it: no thread, no waiting but for the decoder's runs. A decoder
// that is not open yet is opened like one that was lost. Not thread-safe.
class CardLoop {
 public:
  // All pointers outlive the loop. `card` is its name, for messages.
  CardLoop(std::string card, runtime::Decoder* decoder, const Clock* clock, const SchedulerLimits& limits,
           const RecoveryLimits& recovery, SchedulerObserver* observer, CardHost* host);

  // Takes a sequence that has passed scheduler().Check().
  void Enqueue(std::shared_ptr<Sequence> sequence) { scheduler_.Enqueue(std::move(sequence)); }

  struct Turn {
    bool ran = false;                          // call again at once
    absl::Time next = absl::InfiniteFuture();  // otherwise: at the latest then, or when something came
  };
  Turn Advance();

  // How the reset ended that was begun last.
  void OnReset(const absl::Status& status);
  // A sign from outside that the card is gone, such as silent sensors.
  void Lose(const absl::Status& failure);

  // Another card has become ready: gives it some of those that wait.
  void ShareWaiting();

  void SetLimits(const SchedulerLimits& limits, const RecoveryLimits& recovery);
  void EndAll(const absl::Status& status) { scheduler_.EndAll(status); }

  CardState state() const { return state_; }
  const std::string& error() const { return error_; }  // why it is not ready
  bool was_ready() const { return was_ready_; }        // at any time
  uint64_t resets() const { return resets_; }          // tried since it was ready first
  const Scheduler& scheduler() const { return scheduler_; }

 private:
  void Delay();
  absl::Time Relocate();

  const std::string card_;
  const Clock* const clock_;
  RecoveryLimits recovery_;
  CardHost* const host_;
  Scheduler scheduler_;
  CardState state_ = CardState::kOpening;
  std::string error_ = "it is being opened";
  bool was_ready_ = false;
  bool resetting_ = false;
  uint64_t resets_ = 0;
  absl::Duration delay_;  // before the next reset; a good step brings it back to none
  absl::Time retry_at_ = absl::InfinitePast();
};

}  // namespace streamtensor::server
