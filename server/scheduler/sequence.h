// SPDX-License-Identifier: Apache-2.0
// One request on a card: its parameters, progress and output sink.
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
  std::optional<uint32_t> logprobs;  // alternatives per token
  bool prompt_logprobs = false;      // also disables prefix reuse
  int32_t priority = 0;              // higher first
  absl::Time arrival;
  absl::Time deadline = absl::InfiniteFuture();
};

// A step's addition to a reply.
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
  bool joules_measured = true;  // false: some are modelled
  uint64_t modelled_cycles = 0;
  double modelled_seconds = 0;
};

// Receives a reply. Called by the card's thread: must not block. OnDone is called exactly once, last.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  // False while the client has too much unread output: the sequence pauses. Call Sequence::Wake() when that
  // changes.
  virtual bool Writable() const = 0;
  // True: a reply that is sent whole has become larger than it may be; it ends.
  virtual bool Overflowed() const { return false; }
  virtual void OnDelta(ReplyDelta delta) = 0;
  // The step has no more deltas, for any sequence.
  virtual void Flush() {}
  // With an OK status the summary is complete; otherwise it covers what was generated.
  virtual void OnDone(const absl::Status& status, const ReplySummary& summary) = 0;
};

// The current owner of a sequence.
class SequenceHome {
 public:
  virtual ~SequenceHome() = default;
  // From any thread: a sequence's state has changed externally.
  virtual void Wake() = 0;
  // The card's name, for the log.
  virtual std::string_view name() const { return ""; }
};

// Holds everything that determines the reply, so a sequence that lost its pages or its card continues from
// its tokens.
//
// Belongs to one card at a time and is used only by its thread, except Cancel() and Wake(), which any thread
// may call.
class Sequence {
 public:
  // `request` must have passed its checks. `vocabulary` outlives the sequence.
  Sequence(GenerationRequest request, std::shared_ptr<const Vocabulary> vocabulary,
           std::shared_ptr<ReplySink> sink);

  // The client no longer wants the reply. From any thread.
  void Cancel() {
    cancelled_ = true;
    Wake();
  }
  bool cancelled() const { return cancelled_; }
  // The sink is writable again. From any thread, while its homes live.
  void Wake() {
    if (SequenceHome* home = home_) home->Wake();
  }
  // Called before the new home looks at the sequence, so that one of the two sees each change.
  void MoveTo(SequenceHome* home) {
    home_ = home;
    cards_.append(cards_.empty() ? "" : " > ").append(home->name());
  }
  // The cards that had it, in order: "emulated:0 > emulated:1".
  const std::string& cards() const { return cards_; }

  const GenerationRequest& request() const { return request_; }
  ReplySink& sink() const { return *sink_; }
  uint64_t order() const { return order_; }
  // Prompt, then reply.
  const std::vector<uint32_t>& tokens() const { return tokens_; }
  int32_t token_count() const { return static_cast<int32_t>(tokens_.size()); }
  uint32_t generated() const { return static_cast<uint32_t>(tokens_.size() - request_.prompt.size()); }

 private:
  // Each component writes only its own members, as labelled.
  friend class Scheduler;
  friend class OutputProcessor;
  friend class CardLoop;

  // The sequence's state in the card's pages: empty while it waits.
  struct Placement {
    int32_t computed = 0;  // tokens whose K and V are in pages
    std::vector<int32_t> pages;
    int32_t published = 0;               // of `pages`, how many are known by content
    uint64_t content = PagePool::kRoot;  // of the last known page
  };

  // State that turns logits into the reply.
  struct Output {
    Output(const GenerationRequest& request, const std::shared_ptr<const Vocabulary>& vocabulary);

    Sampler sampler;
    Reply reply;
    std::vector<uint32_t> banned_ids;   // until min_tokens tokens are generated
    uint32_t prompt_logprobs_sent = 0;  // prompt positions already sent
    absl::Time first_token;
    absl::Time last_token;
  };

  int32_t uncomputed() const { return token_count() - placement_.computed; }
  // Every token is computed except the latest of the reply.
  bool decodes() const { return generated() > 0 && uncomputed() == 1; }

  const GenerationRequest request_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  const std::shared_ptr<ReplySink> sink_;
  std::atomic<bool> cancelled_ = false;
  std::atomic<SequenceHome*> home_ = nullptr;
  const uint64_t order_;  // arrival order, the same on every card
  std::string cards_;

  // Owned by the output processor; the scheduler adds energy, cycles and times to the summary.
  std::vector<uint32_t> tokens_;
  ReplySummary summary_;
  Output output_;

  // Owned by the scheduler.
  Placement placement_;
  bool ended_ = false;  // the sink was notified
  bool admitted_before_ = false;
  uint64_t last_step_ = 0;    // the latest step that carried it, as numbered by that card
  int32_t max_computed_ = 0;  // maximum of placement_.computed, on any card
  int32_t failed_steps_ = 0;  // that carried it, since max_computed_ grew
  absl::Time unwritable_since_ = absl::InfiniteFuture();

  // Owned by the card loop.
  absl::Time stranded_since_ = absl::InfiniteFuture();  // since when it has no card
};

}  // namespace streamtensor::server
