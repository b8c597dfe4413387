// SPDX-License-Identifier: Apache-2.0
// From a step's logits to replies: samples, scores, makes text, finds where a reply ends, sends what is new.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "server/scheduler/clock.h"
#include "server/scheduler/scheduler_observer.h"
#include "server/scheduler/sequence.h"
#include "server/scheduler/step_plan.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

// Keeps nothing of its own from step to step: all state is the sequence's, so that a reply does not depend on
// who shared its steps or on which card it was. Not thread-safe.
class OutputProcessor {
 public:
  // `max_context` tokens, prompt and reply together, end a reply. `clock` and `observer` outlive the
  // processor.
  OutputProcessor(int32_t vocabulary, int32_t max_context, const Clock* clock, SchedulerObserver* observer);

  // `logits` has plan.logit_rows() rows of the vocabulary, in the plan's order. Appends each new token to its
  // sequence and gives each sink its delta. Returns an outcome for each chunk, whose sequence the caller
  // ends.
  std::vector<ChunkOutcome> Process(const StepPlan& plan, std::span<const float> logits);

 private:
  ChunkOutcome ProcessChunk(Sequence& sequence, std::span<const runtime::StepToken> tokens,
                            std::span<const float> logits);
  static absl::Status ScorePromptToken(Sequence& sequence, int32_t position, std::span<const float> logits,
                                       ReplyDelta& delta);
  absl::Status AppendToken(Sequence& sequence, std::span<const float> logits, ReplyDelta& delta,
                           bool& finished);
  void RecordLatency(Sequence& sequence);

  const size_t vocabulary_;
  const int32_t max_context_;
  const Clock* const clock_;
  SchedulerObserver* const observer_;
};

}  // namespace streamtensor::server
