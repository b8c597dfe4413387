// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace streamtensor::server {
namespace {

constexpr int32_t kPrefillPatienceSteps = 3;
constexpr int32_t kFailedStepsOfSuspect = 2;  // after these a sequence is scheduled alone
constexpr int32_t kMaxFailedSteps = 4;

// Service order: higher priority first, then earlier arrival.
bool Earlier(const std::shared_ptr<Sequence>& a, const std::shared_ptr<Sequence>& b) {
  const int32_t first = a->request().priority;
  const int32_t second = b->request().priority;
  return first != second ? first > second : a->order() < b->order();
}

int32_t ServableContext(const runtime::DecoderInfo& decoder) {
  const int64_t pages = std::min(decoder.pages, decoder.max_pages);
  return static_cast<int32_t>(std::min<int64_t>(decoder.max_context, pages * decoder.page_tokens));
}

int32_t PagesFor(int32_t tokens, int32_t page_tokens) { return (tokens + page_tokens - 1) / page_tokens; }

}  // namespace

Scheduler::Scheduler(const runtime::DecoderInfo& decoder, const Clock* clock, const SchedulerLimits& limits,
                     SchedulerObserver* observer)
    : clock_(clock),
      limits_(limits),
      observer_(observer),
      step_tokens_(decoder.step_tokens),
      max_context_(ServableContext(decoder)),
      pool_(decoder.pages, decoder.page_tokens) {}

Scheduler::~Scheduler() {
  step_under_way_.reset();
  EndAll(absl::UnavailableError("the model is being unloaded"));
}

SchedulerCounts Scheduler::counts() const {
  return {static_cast<int32_t>(waiting_.size()), static_cast<int32_t>(running_.size()), pool_.held(),
          pool_.cached(), pool_.available() - pool_.cached()};
}

absl::Status Scheduler::Check(const Sequence& sequence) const {
  const size_t prompt = sequence.request().prompt.size();
  const bool generates = sequence.request().stopping.max_tokens != 0u;
  const size_t max_prompt = max_context_ - (generates ? 1 : 0);
  if (prompt == 0) return absl::InvalidArgumentError("the prompt has no tokens; at least 1 is needed");
  if (prompt > max_prompt) {
    return absl::InvalidArgumentError(absl::StrCat("the prompt has ", prompt,
                                                   " tokens; the model's context of ", max_context_,
                                                   " tokens has room for ", max_prompt));
  }
  return absl::OkStatus();
}

void Scheduler::Enqueue(SequencePtr sequence) {
  ST_CHECK(!step_under_way_.has_value());
  ST_CHECK(!sequence->ended_, sequence->request().request_id);
  ST_CHECK(sequence->placement_.pages.empty() && sequence->placement_.computed == 0);
  waiting_.push_back(std::move(sequence));
}

StepPlan Scheduler::Schedule() {
  ST_CHECK(!step_under_way_.has_value());
  const absl::Time now = clock_->Now();
  EndExpiredAt(now);
  Admit(now);
  StepPlan plan;
  plan.chunks = PlanChunks();
  if (plan.empty()) return plan;
  plan.number = ++steps_;
  plan.step = DescribeStep(plan.chunks);
  CheckPlan(plan);
  step_under_way_ = plan.number;
  return plan;
}

void Scheduler::Update(const StepPlan& plan, const runtime::StepResult& result,
                       std::span<const ChunkOutcome> outcomes) {
  FinishStep(plan);
  ST_CHECK(outcomes.size() == plan.chunks.size());
  for (size_t i = 0; i < outcomes.size(); ++i) {
    UpdateSequence(plan.chunks[i], plan, result);
    if (outcomes[i].finished || !outcomes[i].status.ok()) End(plan.chunks[i].sequence, outcomes[i].status);
  }
#ifndef NDEBUG
  CheckInvariants();
#endif
}

void Scheduler::OnStepFailed(const StepPlan& plan, const absl::Status& failure) {
  FinishStep(plan);
  OnCardLost();
  for (const PlannedChunk& chunk : plan.chunks) {
    if (++chunk.sequence->failed_steps_ < kMaxFailedSteps) continue;
    End(chunk.sequence, absl::UnavailableError(
                            absl::StrCat("the card failed in ", kMaxFailedSteps,
                                         " runs of this request, one after the other: ", failure.message())));
  }
}

void Scheduler::OnStepRefused(const StepPlan& plan, const absl::Status& refusal) {
  FinishStep(plan);
  const absl::Status error =
      absl::InternalError(absl::StrCat("the card refused a step: ", refusal.message()));
  for (const PlannedChunk& chunk : plan.chunks) End(chunk.sequence, error);
}

void Scheduler::OnCardLost() {
  ST_CHECK(!step_under_way_.has_value());
  for (const SequencePtr& sequence : running_) {
    ReleasePages(*sequence);
    waiting_.push_back(sequence);
  }
  running_.clear();
  ST_CHECK(pool_.held() == 0, pool_.held(), " pages are held by no sequence");
  pool_.Clear();
}

void Scheduler::EndExpired() { EndExpiredAt(clock_->Now()); }

absl::Time Scheduler::NextDeadline() const {
  const absl::Time now = clock_->Now();
  absl::Time next = absl::InfiniteFuture();
  for (const auto* list : {&running_, &waiting_}) {
    for (const SequencePtr& sequence : *list) {
      next = std::min(
          {next, sequence->request().deadline, sequence->unwritable_since_ + limits_.slow_reader_timeout});
      // From then on a waiting sequence can replace it.
      if (list == &running_ && !waiting_.empty() &&
          sequence->unwritable_since_ + limits_.paused_patience > now)
        next = std::min(next, sequence->unwritable_since_ + limits_.paused_patience);
    }
  }
  return next;
}

std::vector<Scheduler::SequencePtr> Scheduler::TakeWaiting() {
  ST_CHECK(!step_under_way_.has_value());
  std::sort(waiting_.begin(), waiting_.end(), Earlier);
  return std::exchange(waiting_, {});
}

void Scheduler::EndTaken(const SequencePtr& sequence, const absl::Status& status) { End(sequence, status); }

void Scheduler::EndAll(const absl::Status& status) {
  ST_CHECK(!step_under_way_.has_value());
  while (!running_.empty()) End(running_.back(), status);
  while (!waiting_.empty()) End(waiting_.back(), status);
  ST_CHECK(pool_.held() == 0, pool_.held(), " pages are held by no sequence");
}

void Scheduler::EndExpiredAt(absl::Time now) {
  std::vector<std::pair<SequencePtr, absl::Status>> expired;
  for (const auto* list : {&running_, &waiting_}) {
    for (const SequencePtr& sequence : *list) {
      if (absl::Status reason = ReasonToEnd(*sequence, now); !reason.ok())
        expired.emplace_back(sequence, std::move(reason));
    }
  }
  for (const auto& [sequence, reason] : expired) End(sequence, reason);
}

// OK: the sequence continues. Also records since when its client has not read.
absl::Status Scheduler::ReasonToEnd(Sequence& sequence, absl::Time now) {
  // Deadline first: gRPC cancels a call whose deadline has passed.
  if (now >= sequence.request().deadline) {
    return absl::DeadlineExceededError(
        absl::StrCat("the deadline passed after ", sequence.generated(), " tokens"));
  }
  if (sequence.cancelled()) return absl::CancelledError("the client disconnected");
  if (sequence.sink().Overflowed()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the reply is too large to be sent whole, after ", sequence.generated(),
                     " tokens: stream it, or ask for fewer log-probabilities, replies or tokens"));
  }
  if (sequence.sink().Writable()) {
    sequence.unwritable_since_ = absl::InfiniteFuture();
  } else if (sequence.unwritable_since_ == absl::InfiniteFuture()) {
    sequence.unwritable_since_ = now;
  } else if (now - sequence.unwritable_since_ >= limits_.slow_reader_timeout) {
    return absl::ResourceExhaustedError(absl::StrCat("the client has left the stream unread for ",
                                                     absl::FormatDuration(limits_.slow_reader_timeout)));
  }
  return absl::OkStatus();
}

// In order, without overtaking: small requests must not starve a large one that does not fit yet. Only a
// sequence whose client does not read is skipped: it could not run.
void Scheduler::Admit(absl::Time now) {
  bool full = false;
  for (SequencePtr& sequence : TakeWaiting()) {
    const bool tries = !full && sequence->sink().Writable();
    if (!tries || !AdmitOrReplace(*sequence, now)) {
      full = full || tries;
      waiting_.push_back(std::move(sequence));
      continue;
    }
    if (!sequence->admitted_before_) {
      sequence->admitted_before_ = true;
      sequence->summary_.queue_seconds = absl::ToDoubleSeconds(now - sequence->request().arrival);
      observer_->OnAdmitted(now - sequence->request().arrival);
    }
    running_.insert(std::upper_bound(running_.begin(), running_.end(), sequence, Earlier), sequence);
  }
}

// If needed, replaces sequences that have been paused for a while: they only wait for their own clients.
bool Scheduler::AdmitOrReplace(Sequence& sequence, absl::Time now) {
  std::vector<PlannedChunk> no_chunks;
  while (static_cast<int32_t>(running_.size()) >= limits_.max_running || !TryAdmit(sequence)) {
    const auto paused = std::find_if(running_.rbegin(), running_.rend(), [&](const SequencePtr& other) {
      return now - other->unwritable_since_ >= limits_.paused_patience && !other->sink().Writable();
    });
    if (paused == running_.rend()) return false;
    Preempt(SequencePtr(*paused), no_chunks);
  }
  return true;
}

// Reuses known pages of the same content and allocates new ones for the rest of the prefill. At least one
// token remains to be computed, because its logits are needed.
bool Scheduler::TryAdmit(Sequence& sequence) {
  const int32_t page_tokens = pool_.page_tokens();
  const int32_t tokens = sequence.token_count();
  PagePool::Prefix prefix;
  if (!sequence.request().prompt_logprobs)
    prefix = pool_.Match(sequence.tokens(), (tokens - 1) / page_tokens);
  const int32_t needed = PagesFor(tokens, page_tokens) - static_cast<int32_t>(prefix.pages.size());
  // Reserves a page per running sequence, so that none is preempted at its next page boundary.
  if (!running_.empty() && needed + static_cast<int32_t>(running_.size()) > pool_.available()) {
    for (const int32_t page : prefix.pages) pool_.Release(page);
    return false;
  }
  Sequence::Placement& placement = sequence.placement_;
  ST_CHECK(placement.pages.empty());
  placement.pages = std::move(prefix.pages);
  placement.content = prefix.content;
  placement.published = static_cast<int32_t>(placement.pages.size());
  placement.computed = placement.published * page_tokens;
  for (int32_t i = 0; i < needed; ++i) {
    const std::optional<int32_t> page = pool_.Allocate();
    ST_CHECK(page.has_value(), "a sequence of ", tokens, " tokens on a card of ", pool_.total(), " pages");
    placement.pages.push_back(*page);
  }
  if (!sequence.admitted_before_) sequence.summary_.cached_tokens = placement.computed;
  return true;
}

std::vector<PlannedChunk> Scheduler::PlanChunks() {
  if (std::vector<PlannedChunk> alone = PlanSuspect(); !alone.empty()) return alone;
  std::vector<SequencePtr> decoding;
  std::vector<SequencePtr> prefilling;
  for (const SequencePtr& sequence : running_) {
    if (!sequence->sink().Writable()) continue;
    (sequence->decodes() ? decoding : prefilling).push_back(sequence);
  }
  std::stable_sort(decoding.begin(), decoding.end(),
                   [](const SequencePtr& a, const SequencePtr& b) { return a->last_step_ < b->last_step_; });

  int32_t decode_room = step_tokens_;
  if (!prefilling.empty() && steps_without_prefill_ >= kPrefillPatienceSteps)
    decode_room -= std::max(1, step_tokens_ / 2);

  std::vector<PlannedChunk> chunks;
  for (const SequencePtr& sequence : decoding) {
    if (static_cast<int32_t>(chunks.size()) >= decode_room) break;
    // A sequence without pages was preempted for an earlier one.
    if (!sequence->placement_.pages.empty() && GrowByOneToken(sequence, chunks))
      chunks.push_back(MakeChunk(sequence, 1));
  }
  int32_t room = step_tokens_ - static_cast<int32_t>(chunks.size());
  bool prefilled = false;
  for (const SequencePtr& sequence : prefilling) {
    if (room == 0) break;
    if (sequence->placement_.pages.empty()) continue;
    chunks.push_back(MakeChunk(sequence, std::min(room, sequence->uncomputed())));
    room -= chunks.back().tokens;
    prefilled = true;
  }
  steps_without_prefill_ = prefilled || prefilling.empty() ? 0 : steps_without_prefill_ + 1;
  return chunks;
}

// The first sequence with too many failed steps, scheduled alone.
std::vector<PlannedChunk> Scheduler::PlanSuspect() {
  std::vector<PlannedChunk> chunks;
  const auto found = std::find_if(running_.begin(), running_.end(), [](const SequencePtr& sequence) {
    return sequence->failed_steps_ >= kFailedStepsOfSuspect && sequence->sink().Writable();
  });
  if (found == running_.end()) return chunks;
  const auto sequence = SequencePtr(*found);
  if (GrowByOneToken(sequence, chunks))
    chunks.push_back(MakeChunk(sequence, std::min(step_tokens_, sequence->uncomputed())));
  return chunks;
}

PlannedChunk Scheduler::MakeChunk(const SequencePtr& sequence, int32_t tokens) {
  PlannedChunk chunk{sequence, tokens};
  for (int32_t i = 0; i < tokens; ++i)
    chunk.logit_rows += WantsLogits(*sequence, sequence->placement_.computed + i) ? 1 : 0;
  return chunk;
}

// The latest token's logits yield the next token. Log-probabilities of prompt tokens 2..n come from rows
// 1..n-1; those sent before a preemption are not requested again.
bool Scheduler::WantsLogits(const Sequence& sequence, int32_t position) {
  if (position + 1 == sequence.token_count()) return sequence.request().stopping.max_tokens != 0u;
  return sequence.request().prompt_logprobs &&
         position >= static_cast<int32_t>(sequence.output_.prompt_logprobs_sent) &&
         position + 1 < static_cast<int32_t>(sequence.request().prompt.size());
}

// Ensures that the sequence has a page for its next token, preempting sequences if none is left. False: the
// sequence itself was preempted and is not part of this step.
bool Scheduler::GrowByOneToken(const SequencePtr& sequence, std::vector<PlannedChunk>& chunks) {
  Sequence::Placement& placement = sequence->placement_;
  while (PagesFor(placement.computed + 1, pool_.page_tokens()) >
         static_cast<int32_t>(placement.pages.size())) {
    if (const std::optional<int32_t> page = pool_.Allocate()) {
      placement.pages.push_back(*page);
      continue;
    }
    const SequencePtr victim = ChooseVictim();
    Preempt(victim, chunks);
    if (victim == sequence) return false;
  }
  return true;
}

// Paused sequences first, then the last in service order.
Scheduler::SequencePtr Scheduler::ChooseVictim() const {
  ST_CHECK(!running_.empty(), "all pages are held, but no sequence runs");
  for (auto it = running_.rbegin(); it != running_.rend(); ++it) {
    if (!(*it)->sink().Writable()) return *it;
  }
  return running_.back();
}

// Back to its place in the queue: its tokens are computed again and its reply continues unchanged.
void Scheduler::Preempt(const SequencePtr& sequence, std::vector<PlannedChunk>& chunks) {
  observer_->OnPreempted();
  ReleasePages(*sequence);
  std::erase_if(chunks, [&](const PlannedChunk& chunk) { return chunk.sequence == sequence; });
  std::erase(running_, sequence);
  waiting_.push_back(sequence);
}

runtime::Step Scheduler::DescribeStep(const std::vector<PlannedChunk>& chunks) const {
  runtime::Step step;
  for (const PlannedChunk& chunk : chunks) {
    const Sequence& sequence = *chunk.sequence;
    const Sequence::Placement& placement = sequence.placement_;
    const auto slot = static_cast<int32_t>(step.page_tables.size());
    for (int32_t i = 0; i < chunk.tokens; ++i) {
      const int32_t position = placement.computed + i;
      step.tokens.push_back({static_cast<int32_t>(sequence.tokens()[position]), slot, position,
                             placement.computed, WantsLogits(sequence, position)});
    }
    const int32_t pages = PagesFor(placement.computed + chunk.tokens, pool_.page_tokens());
    step.page_tables.emplace_back(placement.pages.begin(), placement.pages.begin() + pages);
  }
  return step;
}

// Pages that the card will write must belong to one sequence. The step runner checks the step's shape.
void Scheduler::CheckPlan(const StepPlan& plan) const {
  const int32_t page_tokens = pool_.page_tokens();
  int32_t tokens = 0;
  for (size_t slot = 0; slot < plan.chunks.size(); ++slot) {
    const PlannedChunk& chunk = plan.chunks[slot];
    const Sequence& sequence = *chunk.sequence;
    const Sequence::Placement& placement = sequence.placement_;
    const int32_t end = placement.computed + chunk.tokens;
    ST_CHECK(chunk.tokens > 0 && end <= sequence.token_count(), sequence.request().request_id, ": ",
             placement.computed, " tokens computed, a chunk of ", chunk.tokens, ", ", sequence.token_count(),
             " in all");
    ST_CHECK(end <= max_context_, end, " tokens in a context of ", max_context_);
    ST_CHECK(end <= static_cast<int32_t>(placement.pages.size()) * page_tokens);
    // Held once and unknown by content: no other slot reads or writes it.
    for (int32_t i = placement.computed / page_tokens; i * page_tokens < end; ++i)
      ST_CHECK(pool_.writable(placement.pages[i]), "page ", placement.pages[i], " of slot ", slot);
    tokens += chunk.tokens;
  }
  ST_CHECK(tokens <= step_tokens_, tokens, " tokens in a step of ", step_tokens_);
  ST_CHECK(static_cast<size_t>(tokens) == plan.step.tokens.size());
  ST_CHECK(plan.chunks.size() == plan.step.page_tables.size());
}

// Accepts only the plan last returned by Schedule(), once.
void Scheduler::FinishStep(const StepPlan& plan) {
  ST_CHECK(step_under_way_ == plan.number, "step ", plan.number, " is not under way");
  step_under_way_.reset();
}

// Accounts for a step's cost and progress, apart from its output.
void Scheduler::UpdateSequence(const PlannedChunk& chunk, const StepPlan& plan,
                               const runtime::StepResult& result) {
  Sequence& sequence = *chunk.sequence;
  Sequence::Placement& placement = sequence.placement_;
  ReplySummary& summary = sequence.summary_;
  sequence.last_step_ = plan.number;
  // Energy is divided among the step's tokens. Time is not: every sequence waited for the whole step.
  summary.joules += result.joules * chunk.tokens / static_cast<int32_t>(plan.step.tokens.size());
  summary.joules_measured = summary.joules_measured && result.joules_measured;
  summary.modelled_cycles += result.modelled_cycles;
  summary.modelled_seconds += result.modelled_seconds;

  placement.computed += chunk.tokens;
  ST_CHECK(placement.computed <= sequence.token_count());
  // Only new tokens are progress: those of a failed step could be recomputed forever.
  if (placement.computed > sequence.max_computed_) {
    sequence.max_computed_ = placement.computed;
    sequence.failed_steps_ = 0;
  }
  PublishPages(sequence);
}

// Full pages of a completed step become known by content.
void Scheduler::PublishPages(Sequence& sequence) {
  Sequence::Placement& placement = sequence.placement_;
  const int32_t page_tokens = pool_.page_tokens();
  while ((placement.published + 1) * page_tokens <= placement.computed) {
    const size_t first = static_cast<size_t>(placement.published) * page_tokens;
    placement.content =
        pool_.Publish(placement.pages[placement.published], placement.content,
                      std::span(sequence.tokens()).subspan(first, static_cast<size_t>(page_tokens)));
    ++placement.published;
  }
}

// Last page first, so that a cached prefix is evicted from its end.
void Scheduler::ReleasePages(Sequence& sequence) {
  Sequence::Placement& placement = sequence.placement_;
  for (auto page = placement.pages.rbegin(); page != placement.pages.rend(); ++page) pool_.Release(*page);
  placement.pages.clear();
  placement.published = 0;
  placement.content = PagePool::kRoot;
  placement.computed = 0;
}

void Scheduler::End(const SequencePtr& sequence, const absl::Status& status) {
  ST_CHECK(!step_under_way_.has_value());
  const auto keep = SequencePtr(sequence);  // the reference may point into a list that it is erased from
  std::erase(running_, keep);
  std::erase(waiting_, keep);
  ReleasePages(*keep);
  ST_CHECK(!std::exchange(keep->ended_, true), keep->request().request_id);
  observer_->OnFinished(status, keep->summary_, clock_->Now() - keep->request().arrival);
  keep->sink().OnDone(status, keep->summary_);
}

void Scheduler::CheckInvariants() const {
  pool_.CheckInvariants();
  const int32_t page_tokens = pool_.page_tokens();
  absl::flat_hash_set<const Sequence*> seen;
  absl::flat_hash_map<int32_t, int32_t> references;
  for (const SequencePtr& sequence : running_) {
    ST_CHECK(seen.insert(sequence.get()).second, "a sequence runs twice");
    const Sequence::Placement& placement = sequence->placement_;
    const auto pages = static_cast<int32_t>(placement.pages.size());
    ST_CHECK(pages > 0, "a sequence runs without pages");
    ST_CHECK(placement.computed >= 0 && placement.computed <= sequence->token_count());
    ST_CHECK(placement.computed <= pages * page_tokens);
    ST_CHECK(placement.published == placement.computed / page_tokens, placement.published,
             " pages published, ", placement.computed, " tokens computed");
    for (const int32_t page : placement.pages) ++references[page];
  }
  ST_CHECK(std::is_sorted(running_.begin(), running_.end(), Earlier));
  for (const SequencePtr& sequence : waiting_) {
    ST_CHECK(seen.insert(sequence.get()).second, "a sequence waits twice, or waits and runs");
    ST_CHECK(sequence->placement_.pages.empty() && sequence->placement_.computed == 0,
             "a waiting sequence has pages");
  }
  for (int32_t page = 0; page < pool_.total(); ++page) {
    const auto found = references.find(page);
    const int32_t expected = found == references.end() ? 0 : found->second;
    ST_CHECK(pool_.references(page) == expected, "page ", page, " has ", pool_.references(page),
             " references, sequences hold it ", expected, " times");
  }
}

}  // namespace streamtensor::server
