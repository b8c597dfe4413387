// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/card_loop.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace streamtensor::server {

bool CanFollow(CardState from, CardState to) {
  switch (from) {
    case CardState::kOpening:
      return to == CardState::kReady || to == CardState::kLost;
    case CardState::kReady:
      return to == CardState::kLost;
    case CardState::kLost:
      return to == CardState::kReady;
  }
  return false;
}

CardLoop::CardLoop(std::string card, runtime::Decoder* decoder, const Clock* clock,
                   const SchedulerLimits& limits, const RecoveryLimits& recovery, SchedulerObserver* observer,
                   CardHost* host)
    : card_(std::move(card)),
      clock_(clock),
      recovery_(recovery),
      host_(host),
      runner_(decoder, clock, limits, observer) {}

CardLoop::Progress CardLoop::Advance() {
  if (state_ == CardState::kReady) {
    const StepRunner::Outcome outcome = runner_.RunStep();
    if (outcome.card.ok()) {
      if (outcome.ran) reset_delay_ = absl::ZeroDuration();
      return {outcome.ran, outcome.next};
    }
    ScheduleReset();
    SetState(CardState::kLost, std::string(outcome.card.message()));
  }
  const absl::Time next = TransferWaiting();
  if (!resetting_ && clock_->Now() >= reset_at_) {
    resetting_ = true;
    if (was_ready_) ++resets_;
    host_->BeginReset();
  }
  if (state_ == CardState::kReady) return {true, next};
  return {false, resetting_ ? next : std::min(next, reset_at_)};
}

void CardLoop::OnReset(const absl::Status& status) {
  ST_CHECK(resetting_ && state_ != CardState::kReady);
  resetting_ = false;
  if (!status.ok()) {
    ScheduleReset();
    if (state_ == CardState::kOpening) {
      SetState(CardState::kLost, std::string(status.message()));
    } else {
      error_ = std::string(status.message());
    }
    return;
  }
  was_ready_ = true;
  for (std::shared_ptr<Sequence>& sequence : scheduler_.TakeWaiting()) {
    sequence->stranded_since_ = absl::InfiniteFuture();
    scheduler_.Enqueue(std::move(sequence));
  }
  SetState(CardState::kReady, "");
}

void CardLoop::OnCardLost(const absl::Status& failure) {
  scheduler_.OnCardLost();
  ScheduleReset();
  SetState(CardState::kLost, std::string(failure.message()));
}

void CardLoop::SetState(CardState state, std::string error) {
  ST_CHECK(CanFollow(state_, state), "card ", card_, ": state ", static_cast<int>(state), " after ",
           static_cast<int>(state_));
  state_ = state;
  error_ = std::move(error);
  host_->OnState();
}

// Transfers the sequences that would be served last first.
void CardLoop::RebalanceWaiting() {
  if (state_ != CardState::kReady) return;
  std::vector<std::shared_ptr<Sequence>> waiting = scheduler_.TakeWaiting();
  int32_t load = scheduler_.counts().running + static_cast<int32_t>(waiting.size());
  while (!waiting.empty() && host_->TransferSequence(waiting.back(), load)) {
    waiting.pop_back();
    --load;
  }
  for (std::shared_ptr<Sequence>& sequence : waiting) scheduler_.Enqueue(std::move(sequence));
}

void CardLoop::SetLimits(const SchedulerLimits& limits, const RecoveryLimits& recovery) {
  scheduler_.SetLimits(limits);
  recovery_ = recovery;
}

// The first reset is immediate; each further one without a successful step in between waits longer.
void CardLoop::ScheduleReset() {
  reset_at_ = clock_->Now() + reset_delay_;
  reset_delay_ = std::clamp(reset_delay_ * 2, recovery_.first_reset_delay, recovery_.longest_reset_delay);
}

// Offers all sequences to other cards. Those that no card takes keep waiting, up to a limit. Returns when to
// call again.
absl::Time CardLoop::TransferWaiting() {
  scheduler_.EndExpired();
  absl::Time next = scheduler_.NextDeadline();
  const absl::Time now = clock_->Now();
  for (std::shared_ptr<Sequence>& sequence : scheduler_.TakeWaiting()) {
    const absl::Time since = std::min(std::exchange(sequence->stranded_since_, absl::InfiniteFuture()), now);
    if (host_->TransferSequence(sequence, std::numeric_limits<int32_t>::max())) continue;
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
