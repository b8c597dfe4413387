// SPDX-License-Identifier: Apache-2.0
#include "server/api/openai/completion_call.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/field_error.h"
#include "base/status_macros.h"
#include "server/api/openai/error_response.h"
#include "server/generation/generation.h"
#include "server/generation/request_id.h"

namespace streamtensor::server::openai {
namespace {

template <typename T>
void AppendTo(std::vector<T>& list, std::vector<T> more) {
  if (list.empty()) {
    list = std::move(more);
  } else {
    list.insert(list.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
}

size_t LogprobBytes(const std::vector<TokenLogprob>& logprobs) {
  size_t bytes = 0;
  for (const TokenLogprob& logprob : logprobs) bytes += 100 + 100 * logprob.alternatives.size();
  return bytes;
}

Caller CallerOf(const http::Request& request) {
  return {std::string(request.Header("authorization")), request.peer};
}

std::string DecodedText(const Tokenizer& tokenizer, const std::vector<uint32_t>& ids) {
  Utf8Stream characters;
  std::string text = characters.Push(tokenizer.Decode(ids).value_or(""));
  return text + characters.Finish();
}

http::Response WithRequestId(http::Response response, const std::string& request_id) {
  response.headers.emplace_back(kRequestIdHeader, request_id);
  return response;
}

void Refuse(const CallHost& host, http::Exchange& exchange, const std::string& request_id,
            const absl::Status& status) {
  exchange.Respond(WithRequestId(ErrorResponse(status, host.service->RetryAfterMs(status)), request_id));
}

// All replies to a request that is not streamed, about as JSON.
constexpr size_t kMaxWholeReplyBytes = 8 << 20;

constexpr char kEndOfStream[] = "data: [DONE]\n\n";

}  // namespace

// From a request's header until it is read.
struct CompletionCall::Arrival : http::ExchangeListener {
  void OnSent() override {}
  void OnClosed() override { is_gone = true; }
  std::atomic<bool> is_gone = false;
};

// One choice's reply: filled by the card's thread, drained by the sending thread.
class CompletionCall::Reply : public ReplyReceiver {
 public:
  Reply(CompletionCall* call, uint32_t index, std::shared_ptr<Generation> generation)
      : generation(std::move(generation)), call_(call), index_(index) {}

  size_t WireBytes(const ReplyDelta& delta) const override {
    return 16 + delta.text.size() + LogprobBytes(delta.logprobs) + LogprobBytes(delta.prompt_logprobs);
  }

  size_t MaxWholeBytes() const override {
    return call_->is_stream_ ? 0 : kMaxWholeReplyBytes / call_->replies_.size();
  }

  void OnDelta(ReplyDelta delta, size_t wire_bytes) override {
    MutexLock lock(call_->mutex_);
    gathered_.text += delta.text;
    AppendTo(gathered_.logprobs, std::move(delta.logprobs));
    AppendTo(gathered_.prompt_logprobs, std::move(delta.prompt_logprobs));
    gathered_bytes_ += wire_bytes;
    if (call_->is_stream_) call_->OnChange();
  }

  void Flush() override { call_->host_->streams->Flush(); }

  void OnDone(const absl::Status& status, const ReplySummary& reply_summary) override {
    {
      MutexLock lock(call_->mutex_);
      summary = reply_summary;
      is_done_ = true;
      --call_->unfinished_;
      call_->error_.Update(status);
      call_->OnChange();
    }
    call_->host_->streams->Flush();  // may not be at the end of a step
  }

  // Before Start(): the beginning of an echo.
  void SetPrompt(const CompletionRequest& request, const CheckedRequest& checked) {
    const Tokenizer& tokenizer = checked.model->tokenizer();
    logprobs_.emplace(request.endpoint, &tokenizer);
    if (!request.echo) return;
    gathered_.text = DecodedText(tokenizer, checked.generation.prompt);
    if (checked.generation.prompt_logprobs) logprobs_->AddUnknown(checked.generation.prompt.front());
  }

  // With the call's lock held: takes the pending output. False: there is none.
  bool Take(ReplyDelta& delta, FinishReason& reason) {
    const bool ends = is_done_ && !std::exchange(has_ended_, is_done_);
    taken_bytes_ += std::exchange(gathered_bytes_, 0);
    delta = std::exchange(gathered_, ReplyDelta());
    reason = ends ? summary.finish_reason : FinishReason::kNone;
    return reason != FinishReason::kNone || !delta.text.empty() || !delta.logprobs.empty() ||
           !delta.prompt_logprobs.empty();
  }

  // By the sending thread.
  nlohmann::ordered_json TakeLogprobs(const ReplyDelta& delta) {
    for (const TokenLogprob& token : delta.prompt_logprobs) logprobs_->Add(token);
    for (const TokenLogprob& token : delta.logprobs) logprobs_->Add(token);
    return logprobs_->Take();
  }
  void AppendEvent(const ReplyDelta& delta, FinishReason reason, std::string& out) {
    call_->chunks_.AppendText(index_, std::exchange(is_first_, false), delta.text, TakeLogprobs(delta),
                              reason, out);
  }
  // The taken output was sent.
  void OnSent() {
    if (const size_t bytes = std::exchange(taken_bytes_, 0); bytes > 0) generation->OnSent(bytes);
  }

  const std::shared_ptr<Generation> generation;
  ReplySummary summary;  // valid once done

 private:
  CompletionCall* const call_;  // kept alive by the generation through this receiver's pointer
  const uint32_t index_;
  // Guarded by the call's lock.
  ReplyDelta gathered_;
  size_t gathered_bytes_ = 0;
  bool is_done_ = false;
  bool has_ended_ = false;  // the end has been taken too
  // Used by the sending thread.
  std::optional<LogprobsWriter> logprobs_;
  bool is_first_ = true;
  size_t taken_bytes_ = 0;  // and not sent yet
};

CompletionCall::CompletionCall(const CallHost* host, std::shared_ptr<http::Exchange> exchange,
                               const std::string& request_id, const CompletionRequest& request)
    : host_(host),
      exchange_(std::move(exchange)),
      request_id_(request_id),
      is_stream_(request.stream),
      include_usage_(request.include_usage),
      replies_a_prompt_(request.replies),
      head_{request.endpoint, request_id, request.parameters.model, absl::ToUnixSeconds(absl::Now())},
      chunks_(head_, request.include_usage),
      unfinished_(request.prompts.size() * request.replies) {
  for (uint32_t i = 0; i < unfinished_; ++i) {
    const std::string id = unfinished_ == 1 ? request_id : absl::StrCat(request_id, ".", i);
    replies_.push_back(std::make_unique<Reply>(
        this, i, Generation::Create(host->service, id, /*deadline=*/absl::InfiniteFuture(), unfinished_)));
  }
}

CompletionCall::~CompletionCall() = default;

void CompletionCall::Begin(const CallHost* host, const std::shared_ptr<http::Exchange>& exchange,
                           const std::string& request_id, Endpoint endpoint) {
  const auto arrival = std::make_shared<Arrival>();
  exchange->Listen(arrival);
  const auto read = [=] {
    const absl::Status status = ReadAndStart(host, exchange, request_id, endpoint, *arrival);
    if (status.ok()) return;
    host->service->LogRefusal(request_id, status);
    Refuse(*host, *exchange, request_id, status);
  };
  const absl::Status status = host->service->PrepareUnread(request_id, exchange->request().body.size(), read);
  if (!status.ok()) Refuse(*host, *exchange, request_id, status);
}

// An error before there is a call, which answers all later ones.
absl::Status CompletionCall::ReadAndStart(const CallHost* host,
                                          const std::shared_ptr<http::Exchange>& exchange,
                                          const std::string& request_id, Endpoint endpoint,
                                          const Arrival& arrival) {
  const GenerationService& service = *host->service;
  const auto is_wanted = [&] {
    return arrival.is_gone ? absl::CancelledError("the client disconnected") : absl::OkStatus();
  };
  RETURN_IF_ERROR(service.Poll(is_wanted));
  ASSIGN_OR_RETURN(CompletionRequest request,
                   ReadRequest(endpoint, exchange->request().body, [&] { return service.Poll(is_wanted); }));
  // The request was admitted, and counted as one, by its header.
  const Caller caller = CallerOf(exchange->request());
  RETURN_IF_ERROR(service.CheckAccess(caller, request.parameters.model));
  service.ChargeFurther(caller, static_cast<int64_t>(request.prompts.size() * request.replies) - 1);
  const auto call = std::make_shared<CompletionCall>(host, exchange, request_id, request);
  exchange->Listen(call);
  const absl::Status status = call->Start(std::move(request));
  if (status.ok()) return status;
  const std::string field = FieldOf(status);
  call->Fail(field.empty() ? status : RenameField(status, FieldName(endpoint, field)));
  return absl::OkStatus();
}

absl::Status CompletionCall::Start(CompletionRequest request) {
  const GenerationService& service = *host_->service;
  const auto poll = [this] { return replies_.front()->generation->Poll(); };
  std::vector<CheckedRequest> checked;
  for (Prompt& prompt : request.prompts) {
    ClientRequest one = request.parameters;
    one.prompt = std::move(prompt);
    const auto as_written = [&] {
      return checked.empty() ? exchange_->request().body : absl::StrCat("prompt ", checked.size());
    };
    ASSIGN_OR_RETURN(CheckedRequest passed, service.Check(request_id_, std::move(one), poll, as_written));
    checked.push_back(std::move(passed));
  }
  for (size_t i = 0; i < replies_.size(); ++i) {
    CheckedRequest one = checked[i / replies_a_prompt_];
    // Replies to one prompt differ from each other, and are reproducible.
    one.generation.sampling.seed += i % replies_a_prompt_;
    Reply* const reply = replies_[i].get();
    reply->SetPrompt(request, one);
    if (i + 1 == replies_.size()) exchange_->ReleaseBody();
    RETURN_IF_ERROR(
        reply->generation->Start(std::move(one), std::shared_ptr<ReplyReceiver>(shared_from_this(), reply)));
  }
  {
    MutexLock lock(mutex_);
    is_started_ = true;
    OnChange();
  }
  host_->streams->Flush();
  return absl::OkStatus();
}

// A reply has more output, or has ended.
void CompletionCall::OnChange() {
  if (!is_started_ || is_closed_ || is_queued_ || is_sending_) return;
  if (!is_stream_ && unfinished_ > 0 && error_.ok()) return;
  is_queued_ = true;
  self_ = shared_from_this();
  host_->streams->Add(this);
}

void CompletionCall::Send() {
  std::shared_ptr<CompletionCall> self;
  {
    MutexLock lock(mutex_);
    is_queued_ = false;
    self = std::move(self_);
    if (is_sending_) return;  // OnSent() checks again
  }
  SendNext();
}

void CompletionCall::OnSent() {
  for (const auto& reply : replies_) reply->OnSent();
  {
    MutexLock lock(mutex_);
    is_sending_ = false;
  }
  SendNext();
}

void CompletionCall::SendNext() {
  absl::Status error;
  {
    MutexLock lock(mutex_);
    if (is_closed_) return;
    error = error_;
  }
  if (!error.ok()) return Fail(error);
  if (is_stream_) return SendEvents();
  // Long replies are converted to JSON on a worker, so that other streams do not wait.
  host_->post_to_worker([self = shared_from_this()] { self->SendWhole(); });
}

std::string CompletionCall::TakeEvents() {
  std::string out;
  ReplyDelta delta;
  FinishReason reason = FinishReason::kNone;
  for (const auto& reply : replies_) {
    if (reply->Take(delta, reason)) reply->AppendEvent(delta, reason, out);
  }
  return out;
}

void CompletionCall::SendEvents() {
  std::string out;
  bool is_last = false;
  {
    MutexLock lock(mutex_);
    out = TakeEvents();
    is_last = is_closed_ = unfinished_ == 0;
    is_sending_ = !out.empty();
  }
  if (out.empty()) {
    for (const auto& reply : replies_) reply->OnSent();  // a token without text, such as part of a character
    return;
  }
  if (!std::exchange(has_begun_, true)) {
    exchange_->Begin(WithRequestId(
        {200, {{"Content-Type", "text/event-stream; charset=utf-8"}, {"Cache-Control", "no-store"}}, ""},
        request_id_));
  }
  if (!is_last) return exchange_->Send(std::move(out));
  if (include_usage_) chunks_.AppendUsage(TotalUsage(), out);
  out += kEndOfStream;
  exchange_->SendLast(std::move(out));
}

void CompletionCall::SendWhole() {
  std::vector<Choice> choices(replies_.size());
  {
    MutexLock lock(mutex_);
    if (std::exchange(is_closed_, true)) return;
    for (size_t i = 0; i < replies_.size(); ++i) {
      ReplyDelta delta;
      replies_[i]->Take(delta, choices[i].finish_reason);
      choices[i].logprobs = replies_[i]->TakeLogprobs(delta);
      choices[i].text = std::move(delta.text);
    }
  }
  exchange_->Respond(WithRequestId({200,
                                    {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
                                    WholeReply(head_, choices, TotalUsage())},
                                   request_id_));
}

// A prompt counts once, regardless of the number of its replies.
Usage CompletionCall::TotalUsage() const {
  Usage usage;
  for (size_t i = 0; i < replies_.size(); ++i) {
    const ReplySummary& summary = replies_[i]->summary;
    usage.completion_tokens += summary.completion_tokens;
    if (i % replies_a_prompt_ != 0) continue;
    usage.prompt_tokens += summary.prompt_tokens;
    usage.cached_tokens += summary.cached_tokens;
  }
  return usage;
}

void CompletionCall::Fail(const absl::Status& status) {
  if (!Close()) return;
  if (!has_begun_) {
    return exchange_->Respond(
        WithRequestId(ErrorResponse(status, host_->service->RetryAfterMs(status)), request_id_));
  }
  std::string out;
  {
    MutexLock lock(mutex_);
    out = TakeEvents();
  }
  exchange_->SendLast(absl::StrCat(out, "data: ", ErrorBody(status), "\n\n"));
}

void CompletionCall::OnClosed() { Close(); }

// False: it was already closed. No generation continues without a client.
bool CompletionCall::Close() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(is_closed_, true)) return false;
  }
  for (const auto& reply : replies_) reply->generation->Cancel();
  return true;
}

}  // namespace streamtensor::server::openai
