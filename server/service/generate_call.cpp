// SPDX-License-Identifier: Apache-2.0
#include "server/service/generate_call.h"

#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/service/grpc_order.h"

namespace streamtensor::server {
namespace {

// A stream pauses here, so that with the step under way, 16 prompt tokens with 20 alternatives each, it stays
// below 64 KiB.
constexpr size_t kPauseBytes = 56 << 10;

absl::Time DeadlineOf(const grpc::ServerContextBase& call, const Clock& clock) {
  const auto deadline = call.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return clock.Now() + absl::FromChrono(deadline - std::chrono::system_clock::now());
}

// About what a message takes on the wire.
size_t BytesOf(const ReplyDelta& delta) {
  size_t bytes = 8 + delta.text.size() + 3 * delta.token_ids.size();
  for (const auto* list : {&delta.logprobs, &delta.prompt_logprobs}) {
    for (const TokenLogprob& logprob : *list) bytes += 24 + 12 * logprob.alternatives.size();
  }
  return bytes;
}

// What both kinds of call share: submitting, and one line in the log at the end.
class Submission {
 public:
  Submission(ServiceContext* context, grpc::ServerContextBase* call)
      : context_(context),
        call_(call),
        id_(context->RequestId(*call)),
        arrival_(context->clock->Now()),
        deadline_(DeadlineOf(*call, *context->clock)) {
    call->AddInitialMetadata(kRequestIdMetadata, id_);
    ++context_->calls;
  }
  ~Submission() { --context_->calls; }
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;

  absl::Status Start(const v1::GenerateRequest& message, std::shared_ptr<ReplySink> sink) {
    if (absl::Status status = context_->Admit(*call_, message.model(), /*counts=*/true); !status.ok()) {
      spdlog::info("request={} refused: {}", id_,
                   Shortened(status).ToString(absl::StatusToStringMode::kWithNoExtraData));
      return status;
    }
    const absl::Status status = Submit(message, std::move(sink));
    if (!status.ok()) {
      context_->metrics->CountRefused(status);
      spdlog::info("request={} refused: {}", id_, Shortened(status).ToString());
    }
    return status;
  }

  void Cancel() {
    if (Sequence* sequence = submitted_) sequence->Cancel();
  }
  void Wake() {
    if (Sequence* sequence = submitted_) sequence->Wake();
  }

  const Tokenizer& tokenizer() const { return model_->tokenizer(); }

  void LogEnd(const absl::Status& status, const ReplySummary& summary) const {
    const double seconds = absl::ToDoubleSeconds(context_->clock->Now() - arrival_);
    spdlog::info(
        "request={} model={} {}: prompt {} (cached {}), reply {} tokens, TTFT {:.3f} s, {:.3f} s in all, "
        "card {}",
        id_, model_->name(), status.ok() ? "done" : status.ToString(), summary.prompt_tokens,
        summary.cached_tokens, summary.completion_tokens, summary.ttft_seconds, seconds, sequence_->cards());
    context_->ObserveDuration(seconds);
  }

 private:
  absl::Status Submit(const v1::GenerateRequest& message, std::shared_ptr<ReplySink> sink) {
    if (message.model().empty())
      return absl::InvalidArgumentError("model is empty; a model's name is needed");
    absl::StatusOr<std::shared_ptr<const LoadedModel>> model = context_->registry->Get(message.model());
    if (!model.ok()) return model.status();
    if (context_->log_prompts) {
      spdlog::info("request={} model={} asks: {}", id_, message.model(), message.ShortDebugString());
    }
    absl::StatusOr<GenerationRequest> request =
        ReadRequest(message, **model, RequestLimits{context_->max_prompt_tokens});
    if (!request.ok()) return request.status();
    request->request_id = id_;
    request->arrival = arrival_;
    request->deadline = deadline_;
    model_ = *std::move(model);
    sequence_ = std::make_shared<Sequence>(*std::move(request), model_->vocabulary(), std::move(sink));
    submitted_ = sequence_.get();
    return model_->cards().Submit(sequence_);
  }

  ServiceContext* const context_;
  grpc::ServerContextBase* const call_;
  const std::string id_;
  const absl::Time arrival_;
  const absl::Time deadline_;
  std::shared_ptr<const LoadedModel> model_;
  std::shared_ptr<Sequence> sequence_;
  std::atomic<Sequence*> submitted_ = nullptr;
};

// Kept by the sequence; the reactor may go first only after the sink was told OnDone.
class UnaryCall : public grpc::ServerUnaryReactor {
 public:
  UnaryCall(ServiceContext* context, grpc::CallbackServerContext* call, v1::GenerateResponse* response)
      : context_(context),
        call_(call),
        response_(response),
        submission_(context, call),
        sink_(std::make_shared<Sink>(this)) {}

  void Start(const v1::GenerateRequest& request) {
    BeforeGrpc(this);  // OnCancel() may come already
    const absl::Status status = submission_.Start(request, sink_);
    BeforeGrpc(this);
    if (!status.ok()) Finish(ToGrpc(status, call_, context_));
  }

  void OnCancel() override {
    AfterGrpc(this);
    submission_.Cancel();
  }

  void OnDone() override {
    AfterGrpc(this);
    { std::lock_guard lock(sink_->mutex); }
    delete this;
  }

 private:
  struct Sink : ReplySink {
    explicit Sink(UnaryCall* owner) : owner(owner) {}
    bool Writable() const override { return true; }
    void OnDelta(ReplyDelta delta) override { WriteDelta(delta, owner->submission_.tokenizer(), message); }
    void OnDone(const absl::Status& status, const ReplySummary& summary) override {
      // Finish() lets the owner go, but not before this lock is given back.
      std::lock_guard lock(mutex);
      owner->submission_.LogEnd(status, summary);
      WriteSummary(summary, message);
      owner->response_->Swap(&message);
      BeforeGrpc(owner);
      owner->Finish(ToGrpc(status, owner->call_, owner->context_));
    }
    UnaryCall* const owner;
    std::mutex mutex;
    v1::GenerateResponse message;  // touched by the card's thread alone
  };

  ServiceContext* const context_;
  grpc::CallbackServerContext* const call_;
  v1::GenerateResponse* const response_;
  Submission submission_;
  const std::shared_ptr<Sink> sink_;
};

// At most one write is under way; what comes meanwhile is gathered into the next message. All operations but
// the request for the call and a refusal are begun by the writer's thread.
class StreamCall : public StreamWriter::Stream {
 public:
  StreamCall(ServiceContext* context, InferenceService* service, grpc::ServerCompletionQueue* arrivals,
             StreamWriter* streams)
      : context_(context),
        service_(service),
        arrivals_(arrivals),
        streams_(streams),
        writer_(&call_),
        sink_(std::make_shared<Sink>(this)) {}

  void Await() {
    BeforeGrpc(this);
    call_.AsyncNotifyWhenDone(&done_);
    service_->RequestGenerateStream(&call_, &request_, &writer_, streams_->queue(), arrivals_, &arrived_);
  }

  void Send() override { sink_->Send(); }

 private:
  struct Event : QueueEvent {
    Event(StreamCall* call, void (StreamCall::*then)(bool)) : call(call), then(then) { BeforeGrpc(this); }
    void OnEvent(bool ok) override {
      AfterGrpc(call);
      (call->*then)(ok);
    }
    StreamCall* const call;
    void (StreamCall::*const then)(bool);
  };

  struct Sink : ReplySink {
    explicit Sink(StreamCall* owner) : owner(owner), streams(owner->streams_) {}

    bool Writable() const override { return unsent_bytes < kPauseBytes; }

    void OnDelta(ReplyDelta delta) override {
      const size_t bytes = BytesOf(delta);
      std::lock_guard lock(mutex);
      if (broken) return;
      WriteDelta(delta, owner->submission_->tokenizer(), next);
      next_bytes += bytes;
      unsent_bytes += bytes;
      Enqueue();
    }

    void Flush() override { streams->Flush(); }

    void OnDone(const absl::Status& end_status, const ReplySummary& summary) override {
      {
        std::lock_guard lock(mutex);
        owner->submission_->LogEnd(end_status, summary);
        if (end_status.ok()) WriteSummary(summary, next);
        done = true;
        status = ToGrpc(end_status, &owner->call_, owner->context_);
        Enqueue();
      }
      streams->Flush();  // it may not be the end of a step
    }

    void Enqueue() {
      if (writing || queued) return;
      queued = true;
      streams->Add(owner);
    }

    void Send() {
      std::lock_guard lock(mutex);
      queued = false;
      if (done) {
        WriteLast();
      } else {
        WriteNext();
      }
    }

    void OnWritten(bool ok) {
      bool resumes = false;
      {
        std::lock_guard lock(mutex);
        writing = false;
        const size_t before = unsent_bytes.fetch_sub(written_bytes);
        resumes = before >= kPauseBytes && Writable();
        if (!ok) {
          // The client is gone: OnCallDone() tells the scheduler, whose OnDone() then comes.
          broken = true;
          next.Clear();
          unsent_bytes -= next_bytes;
          next_bytes = 0;
        }
        if (done) {
          WriteLast();
        } else if (next_bytes > 0) {
          WriteNext();
        }
      }
      if (resumes) owner->submission_->Wake();
    }

    void WriteNext() {
      current.Swap(&next);
      next.Clear();
      written_bytes = std::exchange(next_bytes, 0);
      writing = true;
      BeforeGrpc(owner);
      owner->writer_.Write(current, &owner->written_);
    }

    void WriteLast() {
      BeforeGrpc(owner);
      if (broken || (!status.ok() && next_bytes == 0)) {
        owner->writer_.Finish(status, &owner->finished_);
        return;
      }
      owner->writer_.WriteAndFinish(next, grpc::WriteOptions(), status, &owner->finished_);
    }

    StreamCall* const owner;
    StreamWriter* const streams;
    std::mutex mutex;
    std::atomic<size_t> unsent_bytes = 0;
    v1::GenerateStreamResponse current;  // gRPC's while `writing`
    v1::GenerateStreamResponse next;
    size_t written_bytes = 0;
    size_t next_bytes = 0;
    bool queued = false;  // the writer will call Send()
    bool writing = false;
    bool broken = false;
    bool done = false;
    grpc::Status status;
  };

  // The server shuts down, or a call has come.
  void OnArrived(bool ok) {
    if (!ok) {
      delete this;
      return;
    }
    (new StreamCall(context_, service_, arrivals_, streams_))->Await();
    {
      std::lock_guard lock(submission_mutex_);
      submission_.emplace(context_, &call_);
    }
    const absl::Status status = submission_->Start(request_, sink_);
    if (!status.ok()) {
      BeforeGrpc(this);
      writer_.Finish(ToGrpc(status, &call_, context_), &finished_);
    } else if (gone_) {
      submission_->Cancel();  // it went while it was being submitted
    }
    LetGo();
  }

  // Its status has left, or the client has.
  void OnCallDone(bool ok) {
    if (call_.IsCancelled()) {
      gone_ = true;
      std::lock_guard lock(submission_mutex_);
      if (submission_.has_value()) submission_->Cancel();
    }
    LetGo();
  }

  void OnWritten(bool ok) { sink_->OnWritten(ok); }

  void OnFinished(bool ok) { LetGo(); }

  void LetGo() {
    if (--holders_ > 0) return;
    { std::lock_guard lock(sink_->mutex); }
    delete this;
  }

  ServiceContext* const context_;
  InferenceService* const service_;
  grpc::ServerCompletionQueue* const arrivals_;
  StreamWriter* const streams_;
  grpc::ServerContext call_;
  v1::GenerateRequest request_;
  grpc::ServerAsyncWriter<v1::GenerateStreamResponse> writer_;
  Event arrived_{this, &StreamCall::OnArrived};
  Event done_{this, &StreamCall::OnCallDone};
  Event written_{this, &StreamCall::OnWritten};
  Event finished_{this, &StreamCall::OnFinished};
  std::mutex submission_mutex_;
  std::optional<Submission> submission_;
  std::atomic<bool> gone_ = false;
  std::atomic<int> holders_ = 3;  // OnArrived, OnCallDone, OnFinished
  const std::shared_ptr<Sink> sink_;
};

}  // namespace

grpc::ServerUnaryReactor* BeginGenerate(ServiceContext* context, grpc::CallbackServerContext* call,
                                        const v1::GenerateRequest& request, v1::GenerateResponse* response) {
  auto* unary = new UnaryCall(context, call, response);
  unary->Start(request);
  return unary;
}

void AwaitGenerateStream(ServiceContext* context, InferenceService* service,
                         grpc::ServerCompletionQueue* arrivals, StreamWriter* streams) {
  (new StreamCall(context, service, arrivals, streams))->Await();
}

}  // namespace streamtensor::server
