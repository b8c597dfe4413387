// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/scheduler.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace streamtensor::server {
namespace {

constexpr int32_t kPrefillPatienceSteps = 3;
constexpr int32_t kSuspectRuns = 2;  // failed runs after which a sequence is run alone
constexpr int32_t kMostFailedRuns = 4;

uint64_t NextOrder() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

// Higher priority first, then earlier arrival.
bool Sooner(const std::shared_ptr<Sequence>& a, const std::shared_ptr<Sequence>& b) {
  const int32_t first = a->request().priority;
  const int32_t second = b->request().priority;
  return first != second ? first > second : a->order() < b->order();
}

int32_t ServableContext(const runtime::DecoderInfo& info) {
  const int64_t pages = std::min(info.pages, info.max_pages);
  return static_cast<int32_t>(std::min<int64_t>(info.max_context, pages * info.page_tokens));
}

int32_t PagesFor(int32_t tokens, int32_t page_tokens) { return (tokens + page_tokens - 1) / page_tokens; }

}  // namespace

Sequence::Sequence(GenerationRequest request, std::shared_ptr<const Vocabulary> vocabulary,
                   std::shared_ptr<ReplySink> sink)
    : request_(std::move(request)),
      vocabulary_(std::move(vocabulary)),
      sink_(std::move(sink)),
      order_(NextOrder()),
      sampler_(request_.sampling, request_.prompt),
      reply_(request_.stopping, vocabulary_),
      tokens_(request_.prompt) {
  summary_.seed = request_.sampling.seed;
  summary_.prompt_tokens = static_cast<uint32_t>(request_.prompt.size());
  if (request_.stopping.min_tokens > 0) {
    banned_ = request_.stopping.stop_token_ids;
    if (!request_.stopping.ignore_eos) {
      const auto ends = vocabulary_->end_of_generation();
      banned_.insert(banned_.end(), ends.begin(), ends.end());
    }
  }
}

Scheduler::Scheduler(runtime::Decoder* decoder, const Clock* clock, const SchedulerLimits& limits,
                     SchedulerObserver* observer)
    : decoder_(decoder),
      clock_(clock),
      limits_(limits),
      observer_(observer),
      step_tokens_(decoder->info().step_tokens),
      max_context_(ServableContext(decoder->info())),
      pool_(decoder->info().pages, decoder->info().page_tokens) {}

Scheduler::~Scheduler() { EndAll(absl::UnavailableError("the model is being unloaded")); }

absl::Status Scheduler::Check(const Sequence& sequence) const {
  const size_t prompt = sequence.request_.prompt.size();
  const bool generates = sequence.request_.stopping.max_tokens != 0u;
  const size_t most = max_context_ - (generates ? 1 : 0);
  if (prompt == 0) return absl::InvalidArgumentError("the prompt has no tokens; at least 1 is needed");
  if (prompt > most) {
    return absl::InvalidArgumentError(absl::StrCat("the prompt has ", prompt,
                                                   " tokens; the model's context of ", max_context_,
                                                   " tokens has room for ", most));
  }
  return absl::OkStatus();
}

void Scheduler::Enqueue(std::shared_ptr<Sequence> sequence) { waiting_.push_back(std::move(sequence)); }

Scheduler::TurnResult Scheduler::Turn() {
  TurnResult turn;
  const absl::Time now = clock_->Now();
  SweepAt(now);
  Admit(now);
  std::vector<Planned> plan = Plan();
  if (plan.empty()) {
    turn.next = NextDeadline();
    return turn;
  }
  const runtime::Step step = Describe(plan);
  ++steps_;
  const auto requests = [&plan] {
    return absl::StrJoin(plan, ", ", [](std::string* ids, const Planned& planned) {
      absl::StrAppend(ids, planned.sequence->request().request_id);
    });
  };
  observer_->OnLaunch(steps_, requests);
  absl::StatusOr<runtime::StepResult> result = decoder_->Run(step, limits_.step_timeout);
  if (!result.ok()) {
    observer_->OnLaunchFailed(steps_, requests(), result.status());
    if (absl::IsInvalidArgument(result.status())) {
      // Nothing was launched: the card is well, the plan was not.
      const absl::Status error =
          absl::InternalError(absl::StrCat("the card refused a step: ", result.status().message()));
      for (const Planned& planned : plan) End(planned.sequence, error);
      turn.ran = true;
      return turn;
    }
    turn.card = result.status();
    FailRun(plan, turn.card);
    return turn;
  }
  const size_t vocabulary = decoder_->info().vocabulary;
  int64_t rows = 0;
  for (const Planned& planned : plan) rows += planned.logit_rows;
  if (result->logits.size() != rows * vocabulary) {
    turn.card = absl::InternalError(absl::StrCat("the card returned ", result->logits.size(), " logits; ",
                                                 rows, " rows of ", vocabulary, " were asked for"));
    observer_->OnLaunchFailed(steps_, requests(), turn.card);
    FailRun(plan, turn.card);
    return turn;
  }
  turn.ran = true;

  StepReport report;
  report.tokens = static_cast<int32_t>(step.tokens.size());
  report.result = *result;
  report.result.logits = {};
  for (const Planned& planned : plan) report.decode_tokens += planned.sequence->decodes() ? 1 : 0;
  observer_->OnStep(report);

  std::span<const float> logits = result->logits;
  for (const Planned& planned : plan) {
    const size_t size = planned.logit_rows * vocabulary;
    Deal(planned, *result, logits.first(size), report.tokens);
    logits = logits.subspan(size);
  }
  for (const Planned& planned : plan) planned.sequence->sink_->Flush();
  return turn;
}

void Scheduler::EndAll(const absl::Status& status) {
  while (!running_.empty()) End(running_.back(), status);
  while (!waiting_.empty()) End(waiting_.back(), status);
}

void Scheduler::LoseCard() {
  for (const SequencePtr& sequence : running_) {
    ReleasePages(*sequence);
    waiting_.push_back(sequence);
  }
  running_.clear();
  pool_.Clear();
}

void Scheduler::FailRun(const std::vector<Planned>& plan, const absl::Status& failure) {
  LoseCard();
  for (const Planned& planned : plan) ++planned.sequence->failed_runs_;
  for (const Planned& planned : plan) {
    if (planned.sequence->failed_runs_ < kMostFailedRuns) continue;
    End(planned.sequence, absl::UnavailableError(absl::StrCat(
                              "the card failed in ", kMostFailedRuns,
                              " runs of this request, one after the other: ", failure.message())));
  }
}

absl::Time Scheduler::Sweep() {
  SweepAt(clock_->Now());
  return NextDeadline();
}

std::vector<Scheduler::SequencePtr> Scheduler::TakeWaiting() {
  std::sort(waiting_.begin(), waiting_.end(), Sooner);
  return std::exchange(waiting_, {});
}

void Scheduler::EndTaken(const SequencePtr& sequence, const absl::Status& status) { End(sequence, status); }

SchedulerCounts Scheduler::counts() const {
  return {static_cast<int32_t>(waiting_.size()), static_cast<int32_t>(running_.size()), pool_.held(),
          pool_.cached(), pool_.available() - pool_.cached()};
}

// Ends sequences that nobody waits for any more.
void Scheduler::SweepAt(absl::Time now) {
  std::vector<std::pair<SequencePtr, absl::Status>> ended;
  for (const auto* list : {&running_, &waiting_}) {
    for (const SequencePtr& sequence : *list) {
      if (absl::Status status = Ended(*sequence, now); !status.ok())
        ended.emplace_back(sequence, std::move(status));
    }
  }
  for (const auto& [sequence, status] : ended) End(sequence, status);
}

absl::Status Scheduler::Ended(Sequence& sequence, absl::Time now) {
  // First: gRPC cancels a call whose deadline has passed.
  if (now >= sequence.request_.deadline) {
    return absl::DeadlineExceededError(
        absl::StrCat("the deadline passed after ", sequence.generated(), " tokens"));
  }
  if (sequence.cancelled()) return absl::CancelledError("the client went away");
  if (sequence.sink_->Writable()) {
    sequence.unwritable_since_ = absl::InfiniteFuture();
  } else if (sequence.unwritable_since_ == absl::InfiniteFuture()) {
    sequence.unwritable_since_ = now;
  } else if (now - sequence.unwritable_since_ >= limits_.slow_reader_timeout) {
    return absl::ResourceExhaustedError(absl::StrCat("the client has left the stream unread for ",
                                                     absl::FormatDuration(limits_.slow_reader_timeout)));
  }
  return absl::OkStatus();
}

void Scheduler::Admit(absl::Time now) {
  // In order, without overtaking: a big request that does not fit yet is not starved by small ones. Only one
  // whose client does not read is passed by: it could not run.
  bool full = false;
  for (SequencePtr& sequence : TakeWaiting()) {
    if (full || !sequence->sink_->Writable() || (full = !AdmitOrReplace(*sequence, now))) {
      waiting_.push_back(std::move(sequence));
      continue;
    }
    if (!sequence->admitted_before_) {
      sequence->admitted_before_ = true;
      sequence->summary_.queue_seconds = absl::ToDoubleSeconds(now - sequence->request_.arrival);
      observer_->OnAdmitted(now - sequence->request_.arrival);
    }
    running_.insert(std::upper_bound(running_.begin(), running_.end(), sequence, Sooner), sequence);
  }
}

// If need be in the place of sequences that have been paused for a while: they wait for their own clients
// alone.
bool Scheduler::AdmitOrReplace(Sequence& sequence, absl::Time now) {
  std::vector<Planned> no_plan;
  while (static_cast<int32_t>(running_.size()) >= limits_.max_running || !AdmitOne(sequence)) {
    const auto paused = std::find_if(running_.rbegin(), running_.rend(), [&](const SequencePtr& other) {
      return now - other->unwritable_since_ >= limits_.paused_patience && !other->sink_->Writable();
    });
    if (paused == running_.rend()) return false;
    Preempt(SequencePtr(*paused), no_plan);
  }
  return true;
}

// Takes known pages of the same content, as long as a token remains to be computed (its logits are wanted),
// and fresh ones for the rest of what is to be prefilled.
bool Scheduler::AdmitOne(Sequence& sequence) {
  const int32_t page_tokens = pool_.page_tokens();
  const int32_t tokens = static_cast<int32_t>(sequence.tokens_.size());
  PagePool::Prefix prefix;
  if (!sequence.request_.prompt_logprobs) prefix = pool_.Match(sequence.tokens_, (tokens - 1) / page_tokens);
  const int32_t needed = PagesFor(tokens, page_tokens) - static_cast<int32_t>(prefix.pages.size());
  // One spare page for each running sequence keeps it from being preempted at its next page border.
  if (!running_.empty() && needed + static_cast<int32_t>(running_.size()) > pool_.available()) {
    for (int32_t page : prefix.pages) pool_.Release(page);
    return false;
  }
  sequence.pages_ = std::move(prefix.pages);
  sequence.content_ = prefix.content;
  sequence.published_ = static_cast<int32_t>(sequence.pages_.size());
  sequence.computed_ = sequence.published_ * page_tokens;
  for (int32_t i = 0; i < needed; ++i) sequence.pages_.push_back(*pool_.Allocate());
  if (!sequence.admitted_before_) sequence.summary_.cached_tokens = sequence.computed_;
  return true;
}

std::vector<Scheduler::Planned> Scheduler::Plan() {
  if (std::vector<Planned> plan = PlanSuspect(); !plan.empty()) return plan;
  std::vector<SequencePtr> decoding;
  std::vector<SequencePtr> prefilling;
  for (const SequencePtr& sequence : running_) {
    if (!sequence->sink_->Writable()) continue;
    (sequence->decodes() ? decoding : prefilling).push_back(sequence);
  }
  std::stable_sort(decoding.begin(), decoding.end(),
                   [](const SequencePtr& a, const SequencePtr& b) { return a->last_step_ < b->last_step_; });

  int32_t decode_room = step_tokens_;
  if (!prefilling.empty() && steps_without_prefill_ >= kPrefillPatienceSteps)
    decode_room -= std::max(1, step_tokens_ / 2);

  std::vector<Planned> plan;
  for (const SequencePtr& sequence : decoding) {
    if (static_cast<int32_t>(plan.size()) >= decode_room) break;
    // One before it may have taken its pages.
    if (!sequence->pages_.empty() && GrowByOne(sequence, plan)) plan.push_back({sequence, 1, 1});
  }
  int32_t room = step_tokens_ - static_cast<int32_t>(plan.size());
  bool prefilled = false;
  for (const SequencePtr& sequence : prefilling) {
    if (room == 0) break;
    if (sequence->pages_.empty()) continue;
    const int32_t chunk = std::min(room, sequence->uncomputed());
    plan.push_back({sequence, chunk, LogitRows(*sequence, chunk)});
    room -= chunk;
    prefilled = true;
  }
  steps_without_prefill_ = prefilled || prefilling.empty() ? 0 : steps_without_prefill_ + 1;
  return plan;
}

// One that was in failed runs too often, alone.
std::vector<Scheduler::Planned> Scheduler::PlanSuspect() {
  std::vector<Planned> plan;
  const auto found = std::find_if(running_.begin(), running_.end(), [](const SequencePtr& sequence) {
    return sequence->failed_runs_ >= kSuspectRuns && sequence->sink_->Writable();
  });
  if (found == running_.end()) return plan;
  const SequencePtr sequence = *found;
  if (!GrowByOne(sequence, plan)) return plan;
  const int32_t chunk = std::min(step_tokens_, sequence->uncomputed());
  plan.push_back({sequence, chunk, LogitRows(*sequence, chunk)});
  return plan;
}

// How many tokens of the chunk want logits. Prompt log-probabilities of tokens 2..n come from the rows of
// 1..n-1; those sent before a preemption are not asked for again.
int32_t Scheduler::LogitRows(const Sequence& sequence, int32_t chunk) {
  int32_t rows = 0;
  for (int32_t i = 0; i < chunk; ++i) rows += WantsLogits(sequence, sequence.computed_ + i) ? 1 : 0;
  return rows;
}

bool Scheduler::WantsLogits(const Sequence& sequence, int32_t position) {
  if (position + 1 == static_cast<int32_t>(sequence.tokens_.size())) {
    return sequence.request_.stopping.max_tokens != 0u;
  }
  return sequence.request_.prompt_logprobs &&
         position >= static_cast<int32_t>(sequence.prompt_logprobs_sent_) &&
         position + 1 < static_cast<int32_t>(sequence.request_.prompt.size());
}

// A page for the sequence's next token, if it needs one. When none is left, sequences are preempted, the
// sequence itself if it is the one that can best wait: then it has no place in this step.
bool Scheduler::GrowByOne(const SequencePtr& sequence, std::vector<Planned>& plan) {
  while (PagesFor(sequence->computed_ + 1, pool_.page_tokens()) >
         static_cast<int32_t>(sequence->pages_.size())) {
    if (const std::optional<int32_t> page = pool_.Allocate()) {
      sequence->pages_.push_back(*page);
      continue;
    }
    const SequencePtr victim = Victim();
    Preempt(victim, plan);
    if (victim == sequence) return false;
  }
  return true;
}

// Paused ones first, then the youngest of the lowest priority: `running_` is in that order.
Scheduler::SequencePtr Scheduler::Victim() const {
  for (auto it = running_.rbegin(); it != running_.rend(); ++it) {
    if (!(*it)->sink_->Writable()) return *it;
  }
  return running_.back();
}

// Back to the queue, in its old place; its tokens are computed again, its reply goes on unchanged.
void Scheduler::Preempt(const SequencePtr& sequence, std::vector<Planned>& plan) {
  observer_->OnPreempted();
  ReleasePages(*sequence);
  std::erase_if(plan, [&](const Planned& planned) { return planned.sequence == sequence; });
  std::erase(running_, sequence);
  waiting_.push_back(sequence);
}

runtime::Step Scheduler::Describe(const std::vector<Planned>& plan) const {
  runtime::Step step;
  for (const Planned& planned : plan) {
    const Sequence& sequence = *planned.sequence;
    const auto slot = static_cast<int32_t>(step.page_tables.size());
    for (int32_t i = 0; i < planned.chunk; ++i) {
      const int32_t position = sequence.computed_ + i;
      step.tokens.push_back({static_cast<int32_t>(sequence.tokens_[position]), slot, position,
                             sequence.computed_, WantsLogits(sequence, position)});
    }
    const int32_t pages = PagesFor(sequence.computed_ + planned.chunk, pool_.page_tokens());
    step.page_tables.emplace_back(sequence.pages_.begin(), sequence.pages_.begin() + pages);
  }
  return step;
}

// Hands a sequence its part of a step that has completed.
void Scheduler::Deal(const Planned& planned, const runtime::StepResult& result, std::span<const float> rows,
                     int32_t step_tokens) {
  Sequence& sequence = *planned.sequence;
  ReplySummary& summary = sequence.summary_;
  sequence.last_step_ = steps_;
  // Energy is divided among the step's tokens; its time is not: every sequence in it waited for all of it.
  summary.joules += result.joules * planned.chunk / step_tokens;
  summary.joules_measured = summary.joules_measured && result.joules_measured;
  summary.modelled_cycles += result.modelled_cycles;
  summary.modelled_seconds += result.modelled_seconds;

  const size_t vocabulary = decoder_->info().vocabulary;
  const int32_t first = sequence.computed_;
  const int32_t end = first + planned.chunk;
  const int32_t known_tokens = static_cast<int32_t>(sequence.tokens_.size());
  ReplyDelta delta;
  absl::Status status;
  bool finished = false;
  for (int32_t position = first; position < end && status.ok(); ++position) {
    if (!WantsLogits(sequence, position)) continue;
    const std::span<const float> logits = rows.first(vocabulary);
    rows = rows.subspan(vocabulary);
    status = position + 1 < known_tokens ? DealPromptRow(sequence, position, logits, delta)
                                         : DealNextToken(sequence, logits, delta, finished);
  }
  sequence.computed_ = end;
  // Only what is new is progress: computing again what a failed run took can go on for ever.
  if (end > sequence.most_computed_) {
    sequence.most_computed_ = end;
    sequence.failed_runs_ = 0;
  }
  PublishPages(sequence);
  if (end == known_tokens && sequence.request_.stopping.max_tokens == 0u) {
    summary.finish_reason = FinishReason::kLength;
    finished = true;
  }
  // A client that has gone hears no more.
  if (!delta.empty() && !sequence.cancelled()) sequence.sink_->OnDelta(std::move(delta));
  if (finished || !status.ok()) End(planned.sequence, status);
}

absl::Status Scheduler::DealPromptRow(Sequence& sequence, int32_t position, std::span<const float> logits,
                                      ReplyDelta& delta) {
  const uint32_t next = sequence.tokens_[position + 1];
  absl::StatusOr<TokenLogprob> logprob = LogSoftmax(logits, next, sequence.request_.logprobs.value_or(0));
  if (!logprob.ok()) return logprob.status();
  delta.prompt_logprobs.push_back(*std::move(logprob));
  sequence.prompt_logprobs_sent_ = position + 1;
  return absl::OkStatus();
}

absl::Status Scheduler::DealNextToken(Sequence& sequence, std::span<const float> logits, ReplyDelta& delta,
                                      bool& finished) {
  const StoppingParams& stopping = sequence.request_.stopping;
  const bool too_few = sequence.generated() + 1 < stopping.min_tokens;
  absl::StatusOr<uint32_t> token = sequence.sampler_.Sample(
      logits, too_few ? std::span<const uint32_t>(sequence.banned_) : std::span<const uint32_t>());
  if (!token.ok()) return token.status();
  if (sequence.request_.logprobs.has_value()) {
    absl::StatusOr<TokenLogprob> logprob = LogSoftmax(logits, *token, *sequence.request_.logprobs);
    if (!logprob.ok()) return logprob.status();
    delta.logprobs.push_back(*std::move(logprob));
  }
  sequence.sampler_.Accept(*token);
  sequence.tokens_.push_back(*token);
  delta.token_ids.push_back(*token);
  TakeTime(sequence);

  const bool is_last =
      sequence.generated() == stopping.max_tokens.value_or(std::numeric_limits<uint32_t>::max()) ||
      static_cast<int32_t>(sequence.tokens_.size()) >= max_context_;
  Reply::Progress progress = sequence.reply_.Push(*token, is_last);
  delta.text += progress.text;
  ReplySummary& summary = sequence.summary_;
  summary.completion_tokens = sequence.generated();
  summary.finish_reason = progress.finish_reason;
  summary.stop_match = std::move(progress.stop_match);
  finished = progress.finish_reason != FinishReason::kNone;
  return absl::OkStatus();
}

void Scheduler::TakeTime(Sequence& sequence) {
  const absl::Time now = clock_->Now();
  if (sequence.generated() == 1) {
    sequence.first_token_ = now;
    sequence.summary_.ttft_seconds = absl::ToDoubleSeconds(now - sequence.request_.arrival);
    observer_->OnFirstToken(now - sequence.request_.arrival);
  } else {
    observer_->OnNextToken(now - sequence.last_token_);
  }
  sequence.last_token_ = now;
  sequence.summary_.decode_seconds = absl::ToDoubleSeconds(now - sequence.first_token_);
}

// Full pages of a completed launch become known by their content.
void Scheduler::PublishPages(Sequence& sequence) {
  const int32_t page_tokens = pool_.page_tokens();
  while ((sequence.published_ + 1) * page_tokens <= sequence.computed_) {
    const std::span<const uint32_t> tokens(sequence.tokens_);
    sequence.content_ = pool_.Publish(sequence.pages_[sequence.published_], sequence.content_,
                                      tokens.subspan(sequence.published_ * page_tokens, page_tokens));
    ++sequence.published_;
  }
}

// Last page first: of a prefix that is given up, its end is forgotten first.
void Scheduler::ReleasePages(Sequence& sequence) {
  for (auto page = sequence.pages_.rbegin(); page != sequence.pages_.rend(); ++page) pool_.Release(*page);
  sequence.pages_.clear();
  sequence.published_ = 0;
  sequence.content_ = PagePool::kRoot;
  sequence.computed_ = 0;
}

void Scheduler::End(const SequencePtr& sequence, const absl::Status& status) {
  const SequencePtr keep = sequence;  // the reference may stand in a list that it is erased from
  std::erase(running_, keep);
  std::erase(waiting_, keep);
  ReleasePages(*keep);
  observer_->OnFinished(status, keep->summary_, clock_->Now() - keep->request_.arrival);
  keep->sink_->OnDone(status, keep->summary_);
}

absl::Time Scheduler::NextDeadline() const {
  const absl::Time now = clock_->Now();
  absl::Time next = absl::InfiniteFuture();
  for (const auto* list : {&running_, &waiting_}) {
    for (const SequencePtr& sequence : *list) {
      next = std::min(
          {next, sequence->request_.deadline, sequence->unwritable_since_ + limits_.slow_reader_timeout});
      // Then it leaves its place to those that wait.
      if (list == &running_ && !waiting_.empty() &&
          sequence->unwritable_since_ + limits_.paused_patience > now)
        next = std::min(next, sequence->unwritable_since_ + limits_.paused_patience);
    }
  }
  return next;
}

}  // namespace streamtensor::server
