// SPDX-License-Identifier: Apache-2.0
// One request on its way through the scheduler: what was asked, what was made of it, where it goes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/sampling/logprobs.h"
#include "server/sampling/params.h"
#include "server/sampling/sampler.h"
#include "server/scheduler/reply.h"
#include "server/scheduler/vocabulary.h"

namespace streamtensor::server {

struct GenerationRequest {
  std::string request_id;
  std::vector<uint32_t> prompt;  // at least one token
  SamplingParams sampling;
  StoppingParams stopping;
  std::optional<uint32_t> logprobs;  // alternatives a token
  bool prompt_logprobs = false;      // also turns prefix reuse off
  int32_t priority = 0;              // higher first
  absl::Time arrival;
  absl::Time deadline = absl::InfiniteFuture();
};

// What is new in a reply.
struct ReplyDelta {
  std::string text;
  std::vector<uint32_t> token_ids;
  std::vector<TokenLogprob> logprobs;
  std::vector<TokenLogprob> prompt_logprobs;

  bool empty() const { return text.empty() && token_ids.empty() && prompt_logprobs.empty(); }
};

struct ReplySummary {
  FinishReason finish_reason = FinishReason::kNone;
  std::string stop_match;
  uint64_t seed = 0;
  uint32_t prompt_tokens = 0;
  uint32_t cached_tokens = 0;
  uint32_t completion_tokens = 0;
  double queue_seconds = 0;   // measured
  double ttft_seconds = 0;    // measured
  double decode_seconds = 0;  // measured: first to last token
  double joules = 0;
  bool joules_measured = true;  // false: some of them are modelled
  uint64_t modelled_cycles = 0;
  double modelled_seconds = 0;
};

// Where a reply goes. Called by the card's thread: must not block. OnDone comes exactly once, last.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  // False while the client has too much unread: the sequence pauses. Sequence::Wake() when that changes.
  virtual bool Writable() const = 0;
  virtual void OnDelta(ReplyDelta delta) = 0;
  // All deltas of the step have been given, those of other sequences too.
  virtual void Flush() {}
  // An OK summary is complete; otherwise its counts hold as far as the reply came.
  virtual void OnDone(const absl::Status& status, const ReplySummary& summary) = 0;
};

// Whoever has a sequence at the time.
class SequenceHome {
 public:
  virtual ~SequenceHome() = default;
  // From any thread: something about a sequence changed outside.
  virtual void Wake() = 0;
  // The card, for the log.
  virtual std::string_view name() const { return ""; }
};

// Belongs to one scheduler at a time, which alone touches it but for Cancel() and Wake(). Everything that
// decides the reply is here, so a sequence that lost its pages or its card goes on from its tokens.
class Sequence {
 public:
  // `request` must have passed its checks. `vocabulary` outlives the sequence.
  Sequence(GenerationRequest request, std::shared_ptr<const Vocabulary> vocabulary,
           std::shared_ptr<ReplySink> sink);

  // From any thread.
  void Cancel() {
    cancelled_ = true;
    Wake();
  }
  bool cancelled() const { return cancelled_; }
  // From any thread, while its homes live: the sink is writable again.
  void Wake() {
    if (SequenceHome* home = home_) home->Wake();
  }
  // Before the new home looks at it, so that a change is seen by one of the two.
  void MoveTo(SequenceHome* home) {
    home_ = home;
    cards_.append(cards_.empty() ? "" : " > ").append(home->name());
  }
  // The cards it was given to, in order: "emulated:0 > emulated:1".
  const std::string& cards() const { return cards_; }

  const GenerationRequest& request() const { return request_; }
  uint64_t order() const { return order_; }

 private:
  friend class Scheduler;
  friend class CardLoop;

  uint32_t generated() const { return static_cast<uint32_t>(tokens_.size() - request_.prompt.size()); }
  int32_t uncomputed() const { return static_cast<int32_t>(tokens_.size()) - computed_; }
  bool decodes() const { return generated() > 0 && uncomputed() == 1; }

  const GenerationRequest request_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  const std::shared_ptr<ReplySink> sink_;
  std::atomic<bool> cancelled_ = false;
  std::atomic<SequenceHome*> home_ = nullptr;
  const uint64_t order_;  // of arrival, the same on every card
  std::string cards_;

  Sampler sampler_;
  Reply reply_;
  ReplySummary summary_;
  std::vector<uint32_t> tokens_;  // prompt, then reply
  std::vector<uint32_t> banned_;  // while fewer than min_tokens are generated
  uint32_t prompt_logprobs_sent_ = 0;

  // On a card.
  int32_t computed_ = 0;  // tokens whose K and V stand in pages
  std::vector<int32_t> pages_;
  int32_t published_ = 0;  // of pages_, how many are known by content
  uint64_t content_ = 0;   // names the last of those
  bool admitted_before_ = false;
  uint64_t last_step_ = 0;
  int32_t most_computed_ = 0;                           // of tokens, at any time
  int32_t failed_runs_ = 0;                             // of those that carried it, since the last progress
  absl::Time stranded_since_ = absl::InfiniteFuture();  // without a card since then
  absl::Time unwritable_since_ = absl::InfiniteFuture();
  absl::Time last_token_;
  absl::Time first_token_;
};

}  // namespace streamtensor::server
