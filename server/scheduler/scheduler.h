// SPDX-License-Identifier: Apache-2.0
// Token-level scheduling on one card: each step is planned afresh from all sequences.
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
  int32_t max_running = 64;  // sequences holding pages
  absl::Duration step_timeout = absl::Seconds(60);
  absl::Duration slow_reader_timeout = absl::Seconds(60);  // unwritable for so long: the sequence ends
  // Unwritable for so long: the sequence gives its place to one that waits. A shorter time would have the
  // pages of slow readers computed again and again.
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

// Schedule() plans a step, the caller runs it, Update() accounts for what came of it. The scheduler sees no
// logits and never touches a card: whoever drives it may run the plan anywhere, or nowhere.
//
// A step takes the tokens of decoding sequences first (the one served longest ago first), then chunks of
// prefill (higher priority first, then earlier arrival), up to the decoder's step_tokens. When decoding
// sequences alone would fill every step, prefill gets half of each fourth.
//
// A failed step takes all pages with it, but no sequence: they wait, with their tokens. One that was in two
// failed steps and made no progress since is scheduled alone, so that a request that breaks the card is told
// from those that shared its steps; it ends with the fourth.
//
// Not thread-safe. Time is what `clock` tells.
class Scheduler {
 public:
  // `clock` and `observer` outlive the scheduler.
  Scheduler(const runtime::DecoderInfo& decoder, const Clock* clock, const SchedulerLimits& limits,
            SchedulerObserver* observer);
  // Ends what is left with UNAVAILABLE.
  ~Scheduler();

  // The longest sequence, prompt and reply together, that the card can hold.
  int32_t max_context() const { return max_context_; }
  const SchedulerLimits& limits() const { return limits_; }
  SchedulerCounts counts() const;

  // INVALID_ARGUMENT when the request can never be served. Thread-safe.
  absl::Status Check(const Sequence& sequence) const;

  // Takes a sequence that has passed Check(), new or from another card. The caller bounds the queue.
  void Enqueue(std::shared_ptr<Sequence> sequence);

  // Ends sequences whose time is up, admits waiting ones, and plans the next step. An empty plan: nothing can
  // run before NextDeadline() or a change from outside. A plan that is not empty must come back, by one of
  // the next three, before anything else is called.
  StepPlan Schedule();
  // The step has completed, and the output processor has seen it: one outcome a chunk.
  void Update(const StepPlan& plan, const runtime::StepResult& result,
              std::span<const ChunkOutcome> outcomes);
  // The card failed while it ran the step: OnCardLost(), and the failure counts against the step's sequences.
  void OnStepFailed(const StepPlan& plan, const absl::Status& failure);
  // The card refused the step as invalid and launched nothing: its sequences end INTERNAL.
  void OnStepRefused(const StepPlan& plan, const absl::Status& refusal);

  // The card is in an unknown state: the content of all pages is void, all sequences wait.
  void OnCardLost();

  // Ends sequences whose time is up, as Schedule() does, when there is no card.
  void EndExpired();
  // When Schedule() or EndExpired() must be called at the latest.
  absl::Time NextDeadline() const;

  // All that wait, in order of service. They are the caller's now.
  std::vector<std::shared_ptr<Sequence>> TakeWaiting();
  // Ends a sequence that was taken.
  void EndTaken(const std::shared_ptr<Sequence>& sequence, const absl::Status& status);
  // Ends every sequence with `status`.
  void EndAll(const absl::Status& status);

  // Holds from now on; running sequences stay.
  void SetLimits(const SchedulerLimits& limits) { limits_ = limits; }

  // Compares every sequence with every page, and aborts when they contradict each other. For tests and debug
  // builds.
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
  std::vector<SequencePtr> running_;  // in order of service
  uint64_t steps_ = 0;
  std::optional<uint64_t> step_under_way_;  // planned, not yet taken back
  int32_t steps_without_prefill_ = 0;
};

}  // namespace streamtensor::server
