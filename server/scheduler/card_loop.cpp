// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/card_loop.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {

CardLoop::CardLoop(std::string card, runtime::Decoder* decoder, const Clock* clock,
                   const SchedulerLimits& limits, const RecoveryLimits& recovery, SchedulerObserver* observer,
                   CardHost* host)
    : card_(std::move(card)),
      clock_(clock),
      recovery_(recovery),
      host_(host),
      scheduler_(decoder, clock, limits, observer) {}

CardLoop::Turn CardLoop::Advance() {
  if (state_ == CardState::kReady) {
    const Scheduler::TurnResult turn = scheduler_.Turn();
    if (turn.card.ok()) {
      if (turn.ran) delay_ = absl::ZeroDuration();
      return {turn.ran, turn.next};
    }
    Lose(turn.card);
  }
  const absl::Time next = Relocate();
  if (!resetting_ && clock_->Now() >= retry_at_) {
    resetting_ = true;
    if (was_ready_) ++resets_;
    host_->BeginReset();
  }
  if (state_ == CardState::kReady) return {true, next};
  return {false, resetting_ ? next : std::min(next, retry_at_)};
}

void CardLoop::OnReset(const absl::Status& status) {
  resetting_ = false;
  if (!status.ok()) {
    error_ = std::string(status.message());
    Delay();
    if (state_ == CardState::kOpening) {
      state_ = CardState::kLost;
      host_->OnState();
    }
    return;
  }
  state_ = CardState::kReady;
  was_ready_ = true;
  error_.clear();
  for (std::shared_ptr<Sequence>& sequence : scheduler_.TakeWaiting()) {
    sequence->stranded_since_ = absl::InfiniteFuture();
    scheduler_.Enqueue(std::move(sequence));
  }
  host_->OnState();
}

void CardLoop::Lose(const absl::Status& failure) {
  scheduler_.LoseCard();
  state_ = CardState::kLost;
  error_ = std::string(failure.message());
  Delay();
  host_->OnState();
}

// Those that would be served last go.
void CardLoop::ShareWaiting() {
  if (state_ != CardState::kReady) return;
  std::vector<std::shared_ptr<Sequence>> waiting = scheduler_.TakeWaiting();
  int32_t load = scheduler_.counts().running + static_cast<int32_t>(waiting.size());
  while (!waiting.empty() && host_->HandOver(waiting.back(), load)) {
    waiting.pop_back();
    --load;
  }
  for (std::shared_ptr<Sequence>& sequence : waiting) scheduler_.Enqueue(std::move(sequence));
}

void CardLoop::SetLimits(const SchedulerLimits& limits, const RecoveryLimits& recovery) {
  scheduler_.SetLimits(limits);
  recovery_ = recovery;
}

// The first reset comes at once; each that follows without a good step between waits longer.
void CardLoop::Delay() {
  retry_at_ = clock_->Now() + delay_;
  delay_ = std::clamp(delay_ * 2, recovery_.first_reset_delay, recovery_.longest_reset_delay);
}

// Offers all sequences to other cards; those that nobody takes wait on, up to a limit.
absl::Time CardLoop::Relocate() {
  absl::Time next = scheduler_.Sweep();
  const absl::Time now = clock_->Now();
  for (std::shared_ptr<Sequence>& sequence : scheduler_.TakeWaiting()) {
    const absl::Time since = std::min(std::exchange(sequence->stranded_since_, absl::InfiniteFuture()), now);
    if (host_->HandOver(sequence, std::numeric_limits<int32_t>::max())) continue;
    sequence->stranded_since_ = since;
    const absl::Time end = since + recovery_.lost_card_wait;
    if (now >= end) {
      scheduler_.EndTaken(
          sequence, absl::UnavailableError(absl::StrCat("card ", card_, " is lost (", error_,
                                                        "), and no card came back within ",
                                                        absl::FormatDuration(recovery_.lost_card_wait))));
      continue;
    }
    next = std::min(next, end);
    scheduler_.Enqueue(std::move(sequence));
  }
  return next;
}

}  // namespace streamtensor::server
