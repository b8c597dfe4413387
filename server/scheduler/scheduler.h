// SPDX-License-Identifier: Apache-2.0
// Token-level scheduling on one card: every step is planned afresh from whatever waits.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/scheduler/clock.h"
#include "server/scheduler/page_pool.h"
#include "server/scheduler/sequence.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

struct SchedulerLimits {
  int32_t max_queue = 256;   // sequences waiting for their first step
  int32_t max_running = 64;  // sequences holding pages
  absl::Duration step_timeout = absl::Seconds(60);
  absl::Duration slow_reader_timeout = absl::Seconds(60);  // unwritable for so long: the sequence ends
  // Unwritable for so long: it gives its place to one that waits. Less would compute again and again what
  // slow readers had.
  absl::Duration paused_patience = absl::Seconds(1);
  bool operator==(const SchedulerLimits&) const = default;
};

struct StepReport {
  int32_t tokens = 0;
  int32_t decode_tokens = 0;
  runtime::StepResult result;  // `logits` is empty
};

// Counts what happens. Called by the thread that drives the scheduler: must not block.
class SchedulerObserver {
 public:
  virtual ~SchedulerObserver() = default;
  // A step is launched, the card's `step`th; `requests()` lists the ids of those in it, for the log.
  virtual void OnLaunch(uint64_t step, absl::FunctionRef<std::string()> requests) {}
  virtual void OnLaunchFailed(uint64_t step, const std::string& requests, const absl::Status& failure) {}
  virtual void OnStep(const StepReport& report) {}
  virtual void OnAdmitted(absl::Duration queued) {}
  virtual void OnFirstToken(absl::Duration since_arrival) {}
  virtual void OnNextToken(absl::Duration since_previous) {}
  virtual void OnPreempted() {}
  virtual void OnFinished(const absl::Status& status, const ReplySummary& summary,
                          absl::Duration since_arrival) {}
};

struct SchedulerCounts {
  int32_t waiting = 0;
  int32_t running = 0;
  int32_t pages_held = 0;
  int32_t pages_cached = 0;
  int32_t pages_free = 0;
};

// Driven from outside, one Turn() at a time, in whatever time `clock` tells: it starts no thread and
// never waits but for the decoder. Not thread-safe.
//
// A step takes the tokens of decoding sequences first (the one served longest ago first), then chunks of
// prefill (higher priority first, then earlier arrival) up to the decoder's step_tokens. When decoding
// sequences alone would fill every step, prefill gets half of each fourth.
//
// A run that fails takes all pages with it, but no sequence: they wait, with their tokens. One that was in
// two failed runs and made no progress since is run alone, so that a request that breaks the card is told
// from those that shared its steps; it ends with the fourth.
class Scheduler {
 public:
  // All three outlive the scheduler.
  Scheduler(runtime::Decoder* decoder, const Clock* clock, const SchedulerLimits& limits,
            SchedulerObserver* observer);
  // Ends what is left with UNAVAILABLE.
  ~Scheduler();

  // The longest sequence, prompt and reply together, that the card can hold.
  int32_t max_context() const { return max_context_; }

  // INVALID_ARGUMENT when the request can never be served. May be called by any thread.
  absl::Status Check(const Sequence& sequence) const;

  // Takes a sequence that has passed Check(), new or from another card. The queue's bound is the caller's
  // to hold.
  void Enqueue(std::shared_ptr<Sequence> sequence);

  struct TurnResult {
    bool ran = false;                          // a step was run; call again at once
    absl::Time next = absl::InfiniteFuture();  // otherwise: call again at the latest then, or when woken
    absl::Status card;                         // not OK: the card failed, all sequences wait
  };
  TurnResult Turn();

  // The card is in an unknown state: nothing counts that was in its pages. All sequences wait.
  void LoseCard();

  // Without a card: ends what nobody waits for any more. Returns when to call again at the latest.
  absl::Time Sweep();

  // All that wait, in order of service. They are the caller's now.
  std::vector<std::shared_ptr<Sequence>> TakeWaiting();
  // Ends a sequence that was taken.
  void EndTaken(const std::shared_ptr<Sequence>& sequence, const absl::Status& status);

  // Ends every sequence with `status`.
  void EndAll(const absl::Status& status);

  // For what comes; running sequences stay.
  void SetLimits(const SchedulerLimits& limits) { limits_ = limits; }

  SchedulerCounts counts() const;

 private:
  using SequencePtr = std::shared_ptr<Sequence>;

  struct Planned {
    SequencePtr sequence;
    int32_t chunk = 0;  // tokens of it in this step
    int32_t logit_rows = 0;
  };

  void SweepAt(absl::Time now);
  void FailRun(const std::vector<Planned>& plan, const absl::Status& failure);
  absl::Status Ended(Sequence& sequence, absl::Time now);
  void Admit(absl::Time now);
  bool AdmitOne(Sequence& sequence);
  bool AdmitOrReplace(Sequence& sequence, absl::Time now);
  std::vector<Planned> Plan();
  std::vector<Planned> PlanSuspect();
  bool GrowByOne(const SequencePtr& sequence, std::vector<Planned>& plan);
  SequencePtr Victim() const;
  void Preempt(const SequencePtr& sequence, std::vector<Planned>& plan);
  static bool WantsLogits(const Sequence& sequence, int32_t position);
  static int32_t LogitRows(const Sequence& sequence, int32_t chunk);
  runtime::Step Describe(const std::vector<Planned>& plan) const;
  void Deal(const Planned& planned, const runtime::StepResult& result, std::span<const float> rows,
            int32_t step_tokens);
  absl::Status DealPromptRow(Sequence& sequence, int32_t position, std::span<const float> logits,
                             ReplyDelta& delta);
  absl::Status DealNextToken(Sequence& sequence, std::span<const float> logits, ReplyDelta& delta,
                             bool& finished);
  void TakeTime(Sequence& sequence);
  void PublishPages(Sequence& sequence);
  void ReleasePages(Sequence& sequence);
  void End(const SequencePtr& sequence, const absl::Status& status);
  absl::Time NextDeadline() const;

  runtime::Decoder* const decoder_;
  const Clock* const clock_;
  SchedulerLimits limits_;
  SchedulerObserver* const observer_;
  const int32_t step_tokens_;
  const int32_t max_context_;
  PagePool pool_;
  std::vector<SequencePtr> waiting_;  // in order of service
  std::vector<SequencePtr> running_;  // in order of service
  uint64_t steps_ = 0;
  int32_t steps_without_prefill_ = 0;
};

}  // namespace streamtensor::server
