// SPDX-License-Identifier: Apache-2.0
// Turns a step's logits into replies: samples, computes log-probabilities, detokenizes, detects the end,
// sends.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "server/sampling/sampler.h"
#include "server/scheduler/clock.h"
#include "server/scheduler/scheduler_observer.h"
#include "server/scheduler/sequence.h"
#include "server/scheduler/step_plan.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::server {

// Stateless between steps: all state belongs to the sequence, so a reply does not depend on which sequences
// shared its steps or on its card. Not thread-safe.
class OutputProcessor {
 public:
  // A reply ends when prompt and reply together reach `max_context` tokens. `clock` and `observer` outlive
  // the processor.
  OutputProcessor(int32_t vocabulary, int32_t max_context, const Clock* clock, SchedulerObserver* observer);

  // `logits` has plan.logit_rows() rows of the vocabulary, in the plan's order. Appends each new token to its
  // sequence and sends each sink its delta. Returns an outcome per chunk; the caller ends finished sequences.
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
  SamplerBuffers buffers_;
};

}  // namespace streamtensor::server
