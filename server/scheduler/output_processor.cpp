// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/output_processor.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace streamtensor::server {

OutputProcessor::OutputProcessor(int32_t vocabulary, int32_t max_context, const Clock* clock,
                                 SchedulerObserver* observer)
    : vocabulary_(vocabulary), max_context_(max_context), clock_(clock), observer_(observer) {}

std::vector<ChunkOutcome> OutputProcessor::Process(const StepPlan& plan, std::span<const float> logits) {
  ST_CHECK(logits.size() == plan.logit_rows() * vocabulary_, logits.size(), " logits for ", plan.logit_rows(),
           " rows of ", vocabulary_);
  std::span<const runtime::StepToken> tokens = plan.step.tokens;
  std::vector<ChunkOutcome> outcomes;
  outcomes.reserve(plan.chunks.size());
  for (const PlannedChunk& chunk : plan.chunks) {
    const size_t size = chunk.logit_rows * vocabulary_;
    outcomes.push_back(ProcessChunk(*chunk.sequence, tokens.first(chunk.tokens), logits.first(size)));
    tokens = tokens.subspan(chunk.tokens);
    logits = logits.subspan(size);
  }
  ST_CHECK(tokens.empty() && logits.empty());
  return outcomes;
}

ChunkOutcome OutputProcessor::ProcessChunk(Sequence& sequence, std::span<const runtime::StepToken> tokens,
                                           std::span<const float> logits) {
  ChunkOutcome outcome;
  ReplyDelta delta;
  const int32_t known_tokens = sequence.token_count();
  for (const runtime::StepToken& token : tokens) {
    if (!token.wants_logits) continue;
    const std::span<const float> row = logits.first(vocabulary_);
    logits = logits.subspan(vocabulary_);
    outcome.status = token.position + 1 < known_tokens
                         ? ScorePromptToken(sequence, token.position, row, delta)
                         : AppendToken(sequence, row, delta, outcome.finished);
    if (!outcome.status.ok()) break;
  }
  // The request asked only to process the prompt, which is done.
  if (sequence.request().stopping.max_tokens == 0u && tokens.back().position + 1 == known_tokens) {
    sequence.summary_.finish_reason = FinishReason::kLength;
    outcome.finished = true;
  }
  // A client that has disconnected gets no more output.
  if (!delta.empty() && !sequence.cancelled()) sequence.sink().OnDelta(std::move(delta));
  return outcome;
}

// A prompt token's row scores the token after it.
absl::Status OutputProcessor::ScorePromptToken(Sequence& sequence, int32_t position,
                                               std::span<const float> logits, ReplyDelta& delta) {
  ASSIGN_OR_RETURN(TokenLogprob logprob, LogSoftmax(logits, sequence.tokens_[position + 1],
                                                    sequence.request().logprobs.value_or(0)));
  delta.prompt_logprobs.push_back(std::move(logprob));
  sequence.output_.prompt_logprobs_sent = position + 1;
  return absl::OkStatus();
}

absl::Status OutputProcessor::AppendToken(Sequence& sequence, std::span<const float> logits,
                                          ReplyDelta& delta, bool& finished) {
  const StoppingParams& stopping = sequence.request().stopping;
  Sequence::Output& output = sequence.output_;
  const bool may_end = sequence.generated() + 1 >= stopping.min_tokens;
  const std::span<const uint32_t> banned =
      may_end ? std::span<const uint32_t>() : std::span<const uint32_t>(output.banned_ids);
  ASSIGN_OR_RETURN(const uint32_t token, output.sampler.Sample(logits, banned, buffers_));
  if (const std::optional<uint32_t> alternatives = sequence.request().logprobs; alternatives.has_value()) {
    ASSIGN_OR_RETURN(TokenLogprob logprob, LogSoftmax(logits, token, *alternatives));
    delta.logprobs.push_back(std::move(logprob));
  }
  output.sampler.Accept(token);
  sequence.tokens_.push_back(token);
  delta.token_ids.push_back(token);
  RecordLatency(sequence);

  const bool is_last =
      sequence.generated() == stopping.max_tokens.value_or(std::numeric_limits<uint32_t>::max()) ||
      sequence.token_count() >= max_context_;
  Reply::Progress progress = output.reply.Push(token, is_last);
  delta.text += progress.text;
  ReplySummary& summary = sequence.summary_;
  summary.completion_tokens = sequence.generated();
  summary.finish_reason = progress.finish_reason;
  summary.stop_match = std::move(progress.stop_match);
  finished = progress.finish_reason != FinishReason::kNone;
  return absl::OkStatus();
}

void OutputProcessor::RecordLatency(Sequence& sequence) {
  const absl::Time now = clock_->Now();
  Sequence::Output& output = sequence.output_;
  if (sequence.generated() == 1) {
    output.first_token = now;
    sequence.summary_.ttft_seconds = absl::ToDoubleSeconds(now - sequence.request().arrival);
    observer_->OnFirstToken(now - sequence.request().arrival);
  } else {
    observer_->OnNextToken(now - output.last_token);
  }
  output.last_token = now;
  sequence.summary_.decode_seconds = absl::ToDoubleSeconds(now - output.first_token);
}

}  // namespace streamtensor::server
