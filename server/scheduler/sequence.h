// SPDX-License-Identifier: Apache-2.0
// One request on its way through a card: what was asked, how far it has come, where its reply goes.
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
#include "server/scheduler/page_pool.h"
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

// What a step adds to a reply.
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

// Where a reply goes. Called by the card's thread: must not block. OnDone is called exactly once, last.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  // False while the client has too much unread: the sequence pauses. Sequence::Wake() when that changes.
  virtual bool Writable() const = 0;
  virtual void OnDelta(ReplyDelta delta) = 0;
  // The step has no more deltas, for any sequence.
  virtual void Flush() {}
  // With an OK status the summary is complete; otherwise it covers what was generated.
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

// Everything that decides the reply is here, so a sequence that lost its pages or its card goes on from its
// tokens.
//
// Belongs to one card at a time, whose thread alone touches it, but for Cancel() and Wake(), which any thread
// may call.
class Sequence {
 public:
  // `request` must have passed its checks. `vocabulary` outlives the sequence.
  Sequence(GenerationRequest request, std::shared_ptr<const Vocabulary> vocabulary,
           std::shared_ptr<ReplySink> sink);

  // The client does not want the reply any more. From any thread.
  void Cancel() {
    cancelled_ = true;
    Wake();
  }
  bool cancelled() const { return cancelled_; }
  // From any thread, while its homes live: the sink is writable again.
  void Wake() {
    if (SequenceHome* home = home_) home->Wake();
  }
  // Before the new home looks at the sequence, so that one of the two sees each change.
  void MoveTo(SequenceHome* home) {
    home_ = home;
    cards_.append(cards_.empty() ? "" : " > ").append(home->name());
  }
  // The cards it was given to, in order: "emulated:0 > emulated:1".
  const std::string& cards() const { return cards_; }

  const GenerationRequest& request() const { return request_; }
  ReplySink& sink() const { return *sink_; }
  uint64_t order() const { return order_; }
  // Prompt, then reply.
  const std::vector<uint32_t>& tokens() const { return tokens_; }
  int32_t token_count() const { return static_cast<int32_t>(tokens_.size()); }
  uint32_t generated() const { return static_cast<uint32_t>(tokens_.size() - request_.prompt.size()); }

 private:
  // Each writes the members that are said to be its own.
  friend class Scheduler;
  friend class OutputProcessor;
  friend class CardLoop;

  // What of the sequence is in the card's pages: nothing, while it waits.
  struct Placement {
    int32_t computed = 0;  // tokens whose K and V are in pages
    std::vector<int32_t> pages;
    int32_t published = 0;               // of `pages`, how many are known by their content
    uint64_t content = PagePool::kRoot;  // of the last of those
  };

  // What makes the reply from logits.
  struct Output {
    Output(const GenerationRequest& request, const std::shared_ptr<const Vocabulary>& vocabulary);

    Sampler sampler;
    Reply reply;
    std::vector<uint32_t> banned_ids;   // while fewer than min_tokens are generated
    uint32_t prompt_logprobs_sent = 0;  // for so many positions of the prompt
    absl::Time first_token;
    absl::Time last_token;
  };

  int32_t uncomputed() const { return token_count() - placement_.computed; }
  // The one token that is not computed is the reply's latest.
  bool decodes() const { return generated() > 0 && uncomputed() == 1; }

  const GenerationRequest request_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  const std::shared_ptr<ReplySink> sink_;
  std::atomic<bool> cancelled_ = false;
  std::atomic<SequenceHome*> home_ = nullptr;
  const uint64_t order_;  // of arrival, the same on every card
  std::string cards_;

  // The output processor's; the scheduler adds energy, cycles and times of its own to the summary.
  std::vector<uint32_t> tokens_;
  ReplySummary summary_;
  Output output_;

  // The scheduler's.
  Placement placement_;
  bool ended_ = false;  // the sink has been told
  bool admitted_before_ = false;
  uint64_t last_step_ = 0;    // that carried it, by the number of the card that ran it
  int32_t max_computed_ = 0;  // of placement_.computed, on any card
  int32_t failed_steps_ = 0;  // that carried it, since max_computed_ grew
  absl::Time unwritable_since_ = absl::InfiniteFuture();

  // The card loop's.
  absl::Time stranded_since_ = absl::InfiniteFuture();  // without a card since then
};

}  // namespace streamtensor::server
