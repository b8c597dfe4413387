// SPDX-License-Identifier: Apache-2.0
// Token-level (continuous) batching on one card: each step is replanned from all sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/scheduler/clock.h"
#include "server/scheduler/page_pool.h"
#include "server/scheduler/scheduler_observer.h"
#include "server/scheduler/sequence.h"
#include "server/scheduler/step_plan.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

struct SchedulerLimits {
  int32_t max_queue = 256;   // sequences waiting for their first step
  int32_t max_running = 64;  // sequences that hold pages
  absl::Duration step_timeout = absl::Seconds(60);
  absl::Duration slow_reader_timeout = absl::Seconds(60);  // a sequence that is unwritable for so long ends
  // A sequence that is unwritable for so long yields to a waiting one. A shorter time would recompute the
  // pages of slow readers again and again.
  absl::Duration paused_patience = absl::Seconds(1);
  bool operator==(const SchedulerLimits&) const = default;
};

struct SchedulerCounts {
  int32_t waiting = 0;
  int32_t running = 0;
  int32_t pages_held = 0;
  int32_t pages_cached = 0;
  int32_t pages_free = 0;
};

// Schedule() plans a step, the caller runs it, Update() accounts for the result. The scheduler neither sees
// logits nor touches a card: the caller may run the plan anywhere, or nowhere.
//
// A step takes the tokens of decoding sequences first (least recently served first), then chunks of prefill
// (higher priority first, then earlier arrival), up to the decoder's step_tokens. If decoding sequences alone
// would fill every step, prefill gets half of every fourth.
//
// A failed step loses all pages but no sequence: sequences wait, with their tokens. One that was in two
// failed steps without progress is scheduled alone, to tell a request that breaks the card from those that
// shared its steps; it ends after the fourth.
//
// Not thread-safe. `clock` supplies the time.
class Scheduler {
 public:
  // `clock` and `observer` outlive the scheduler.
  Scheduler(const runtime::DecoderInfo& decoder, const Clock* clock, const SchedulerLimits& limits,
            SchedulerObserver* observer);
  // Ends remaining sequences with UNAVAILABLE.
  ~Scheduler();

  // The longest sequence, prompt and reply together, that the card can hold.
  int32_t max_context() const { return max_context_; }
  const SchedulerLimits& limits() const { return limits_; }
  SchedulerCounts counts() const;

  // INVALID_ARGUMENT if the request can never be served. Thread-safe.
  absl::Status Check(const Sequence& sequence) const;

  // Adds a sequence that has passed Check(), new or from another card. The caller bounds the queue.
  void Enqueue(std::shared_ptr<Sequence> sequence);

  // Ends expired sequences, admits waiting ones and plans the next step. An empty plan: nothing can run
  // before NextDeadline() or an external change. A non-empty plan must be returned by one of the next three
  // functions before any other call.
  StepPlan Schedule();
  // The step has completed and its output was processed: one outcome per chunk.
  void Update(const StepPlan& plan, const runtime::StepResult& result,
              std::span<const ChunkOutcome> outcomes);
  // The card failed during the step: OnCardLost(), and the failure counts against the step's sequences.
  void OnStepFailed(const StepPlan& plan, const absl::Status& failure);
  // The card rejected the step as invalid and launched nothing: its sequences end INTERNAL.
  void OnStepRefused(const StepPlan& plan, const absl::Status& refusal);

  // The card is in an unknown state: all pages lose their content, all sequences wait.
  void OnCardLost();

  // Ends expired sequences, as Schedule() does, without a card.
  void EndExpired();
  // The latest time for the next Schedule() or EndExpired().
  absl::Time NextDeadline() const;

  // Removes all waiting sequences, in service order. The caller owns them.
  std::vector<std::shared_ptr<Sequence>> TakeWaiting();
  // Ends a sequence that was taken.
  void EndTaken(const std::shared_ptr<Sequence>& sequence, const absl::Status& status);
  // Ends every sequence with `status`.
  void EndAll(const absl::Status& status);

  // Takes effect immediately; running sequences stay.
  void SetLimits(const SchedulerLimits& limits) { limits_ = limits; }

  // Checks every sequence against every page and aborts on a contradiction. For tests and debug builds.
  void CheckInvariants() const;

 private:
  using SequencePtr = std::shared_ptr<Sequence>;

  void EndExpiredAt(absl::Time now);
  absl::Status ReasonToEnd(Sequence& sequence, absl::Time now);
  void Admit(absl::Time now);
  bool AdmitOrReplace(Sequence& sequence, absl::Time now);
  bool TryAdmit(Sequence& sequence);
  std::vector<PlannedChunk> PlanChunks();
  std::vector<PlannedChunk> PlanSuspect();
  static PlannedChunk MakeChunk(const SequencePtr& sequence, int32_t tokens);
  bool GrowByOneToken(const SequencePtr& sequence, std::vector<PlannedChunk>& chunks);
  SequencePtr ChooseVictim() const;
  void Preempt(const SequencePtr& sequence, std::vector<PlannedChunk>& chunks);
  static bool WantsLogits(const Sequence& sequence, int32_t position);
  runtime::Step DescribeStep(const std::vector<PlannedChunk>& chunks) const;
  void CheckPlan(const StepPlan& plan) const;
  void FinishStep(const StepPlan& plan);
  void UpdateSequence(const PlannedChunk& chunk, const StepPlan& plan, const runtime::StepResult& result);
  void PublishPages(Sequence& sequence);
  void ReleasePages(Sequence& sequence);
  void End(const SequencePtr& sequence, const absl::Status& status);

  const Clock* const clock_;
  SchedulerLimits limits_;
  SchedulerObserver* const observer_;
  const int32_t step_tokens_;
  const int32_t max_context_;
  PagePool pool_;
  std::vector<SequencePtr> waiting_;
  std::vector<SequencePtr> running_;  // in service order
  uint64_t steps_ = 0;
  std::optional<uint64_t> step_under_way_;  // planned, not yet returned
  int32_t steps_without_prefill_ = 0;
};

}  // namespace streamtensor::server
