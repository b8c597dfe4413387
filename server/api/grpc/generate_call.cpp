// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/generate_call.h"

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "base/mutex.h"
#include "base/status_macros.h"
#include "server/api/grpc/call_metadata.h"
#include "server/api/grpc/grpc_order.h"
#include "server/api/grpc/message_outline.h"
#include "server/api/grpc/messages.h"
#include "server/api/grpc/unary_reply.h"
#include "server/generation/generation.h"
#include "server/generation/request_id.h"
#include "server/generation/unread_replies.h"

namespace streamtensor::server {
namespace {

std::shared_ptr<Generation> CreateGeneration(GenerationService* service, grpc::ServerContextBase* call) {
  auto generation = Generation::Create(service, service->RequestId(Metadata(*call, kRequestIdHeader)),
                                       DeadlineOf(*call, service->Now()));
  call->AddInitialMetadata(kRequestIdHeader, generation->request_id());
  return generation;
}

// A reply that is not streamed. gRPC's clients accept as much of a message unless they are told otherwise.
constexpr size_t kMaxWholeReplyBytes = 4 << 20;

// Admits, parses, prepares and queues a request, perhaps later and on another thread, and then calls
// `started` once. Nothing is built of a request that is not admitted.
void Start(GenerationService* service, const grpc::ServerContextBase& call, const grpc::ByteBuffer& request,
           const std::shared_ptr<Generation>& generation, std::shared_ptr<ReplyReceiver> receiver,
           const std::function<void(const absl::Status&)>& started) {
  const std::string& id = generation->request_id();
  const absl::StatusOr<MessageOutline> outline = OutlineMessage(*v1::GenerateRequest::descriptor(), request);
  const std::string model = outline.ok() ? outline->model : "";
  absl::Status status = service->AdmitGeneration(id, CallerOf(call), model);
  if (status.ok() && !outline.ok()) {
    status = outline.status();
    service->LogRefusal(id, status);
  }
  if (!status.ok()) return started(status);
  const auto prepare = [service, bytes = std::make_shared<grpc::ByteBuffer>(request), generation,
                        receiver = std::move(receiver), started] {
    const auto poll = [&] { return generation->Poll(); };
    const auto read = [&]() -> absl::StatusOr<v1::GenerateRequest> {
      RETURN_IF_ERROR(service->Poll(poll));
      v1::GenerateRequest message;
      RETURN_IF_ERROR(ParseMessage(*bytes, message));
      bytes->Clear();
      return message;
    };
    const auto run = [&]() -> absl::Status {
      absl::StatusOr<v1::GenerateRequest> message = read();
      if (!message.ok()) {
        service->LogRefusal(generation->request_id(), message.status());
        return message.status();
      }
      ASSIGN_OR_RETURN(CheckedRequest request,
                       service->Check(generation->request_id(), ReadRequest(*message), poll,
                                      [&] { return message->ShortDebugString(); }));
      return generation->Start(std::move(request), receiver);
    };
    started(run());
  };
  status = service->Prepare(id, model, outline->memory_bytes, prepare);
  if (!status.ok()) started(status);
}

class UnaryCall : public UnaryReply {
 public:
  UnaryCall(GenerationService* service, grpc::CallbackServerContext* call, grpc::ByteBuffer* response)
      : UnaryReply(service, call),
        service_(service),
        call_(call),
        response_(response),
        generation_(CreateGeneration(service, call)),
        receiver_(std::make_shared<Receiver>(this)) {}

  void Start(const grpc::ByteBuffer& request) {
    BeforeGrpc(this);  // OnCancel() may be called from here on
    server::Start(service_, *call_, request, generation_, receiver_, [this](const absl::Status& status) {
      BeforeGrpc(this);
      if (!status.ok()) End(ToGrpc(status, *service_, *call_));
    });
  }

  void OnCancel() override {
    AfterGrpc(this);
    generation_->Cancel();
  }

  void OnDone() override {
    AfterGrpc(this);
    {
      MutexLock lock(receiver_->mutex);
    }
    UnaryReply::OnDone();
  }

 protected:
  std::string request_id() const override { return generation_->request_id(); }

 private:
  struct Receiver : ReplyReceiver {
    explicit Receiver(UnaryCall* owner) : owner(owner) {}
    size_t WireBytes(const ReplyDelta& delta) const override { return server::WireBytes(delta); }
    size_t MaxWholeBytes() const override { return kMaxWholeReplyBytes; }
    void OnDelta(ReplyDelta delta, size_t) override {
      WriteDelta(delta, owner->generation_->model().tokenizer(), message);
    }
    void OnDone(const absl::Status& status, const ReplySummary& summary) override {
      // End() releases the owner, but not before this lock is released.
      MutexLock lock(mutex);
      WriteSummary(summary, message);
      *owner->response_ = SerializeMessage(message);
      v1::GenerateResponse().Swap(&message);
      // gRPC may take the bytes of the response later, if the call has just arrived.
      owner->End(ToGrpc(status, *owner->service_, *owner->call_));
    }
    UnaryCall* const owner;
    Mutex mutex;
    v1::GenerateResponse message;  // used only by the card's thread
  };

  GenerationService* const service_;
  grpc::CallbackServerContext* const call_;
  grpc::ByteBuffer* const response_;
  const std::shared_ptr<Generation> generation_;
  const std::shared_ptr<Receiver> receiver_;
};

// At most one write is in flight; deltas that arrive meanwhile are merged into the next message. The writer's
// thread starts every operation except the request for the call and a refusal.
class StreamCall : public SendQueue::Stream, private UnreadReplies::Reply {
 public:
  StreamCall(GenerationService* generations, InferenceService* service, grpc::ServerCompletionQueue* arrivals,
             StreamWriter* stream_writer)
      : generations_(generations),
        service_(service),
        arrivals_(arrivals),
        stream_writer_(stream_writer),
        writer_(&call_),
        receiver_(std::make_shared<Receiver>(this)) {}

  void Await() {
    BeforeGrpc(this);
    call_.AsyncNotifyWhenDone(&done_);
    service_->RequestGenerateStream(&call_, &request_, &writer_, stream_writer_->queue(), arrivals_,
                                    &arrived_);
  }

  void Send() override { receiver_->Send(); }

 private:
  struct Event : QueueEvent {
    Event(StreamCall* call, void (StreamCall::*then)(bool)) : call(call), then(then) { BeforeGrpc(this); }
    void OnEvent(bool ok) override {
      AfterGrpc(call);
      (call->*then)(ok);
    }
    StreamCall* const call;
    void (StreamCall::* const then)(bool);
  };

  class Receiver : public ReplyReceiver {
   public:
    explicit Receiver(StreamCall* owner) : owner_(owner), streams_(&owner->stream_writer_->streams()) {}

    size_t WireBytes(const ReplyDelta& delta) const override { return server::WireBytes(delta); }

    void OnDelta(ReplyDelta delta, size_t wire_bytes) override {
      MutexLock lock(mutex_);
      if (broken_) return;
      WriteDelta(delta, owner_->generation_->model().tokenizer(), next_);
      next_bytes_ += wire_bytes;
      Enqueue();
    }

    void Flush() override { streams_->Flush(); }

    void OnDone(const absl::Status& status, const ReplySummary& summary) override {
      {
        MutexLock lock(mutex_);
        if (status.ok()) WriteSummary(summary, next_);
        done_ = true;
        owner_->generations_->unread().Add(*owner_);
        status_ = ToGrpc(status, *owner_->generations_, owner_->call_);
        Enqueue();
      }
      streams_->Flush();  // may not be at the end of a step
    }

    void Send() {
      MutexLock lock(mutex_);
      queued_ = false;
      if (done_) {
        WriteLast();
      } else {
        WriteNext();
      }
    }

    void OnWritten(bool ok) {
      size_t sent_bytes = 0;
      {
        MutexLock lock(mutex_);
        writing_ = false;
        sent_bytes = written_bytes_;
        if (!ok) {
          // The client is gone: OnCallDone() cancels the generation, which then calls OnDone().
          broken_ = true;
          next_.Clear();
          sent_bytes += std::exchange(next_bytes_, 0);
        }
        if (done_) {
          WriteLast();
        } else if (next_bytes_ > 0) {
          WriteNext();
        }
      }
      // OnFinished() also runs on this thread: the call still exists.
      owner_->generation_->OnSent(sent_bytes);
    }

    // Waits until no thread is inside any more.
    void Settle() { MutexLock lock(mutex_); }

   private:
    void Enqueue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      if (writing_ || queued_) return;
      queued_ = true;
      streams_->Add(owner_);
    }

    void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      written_bytes_ = std::exchange(next_bytes_, 0);
      writing_ = true;
      BeforeGrpc(owner_);
      owner_->writer_.Write(SerializeMessage(next_), &owner_->written_);
      next_.Clear();
    }

    void WriteLast() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      BeforeGrpc(owner_);
      if (broken_ || (!status_.ok() && next_bytes_ == 0)) {
        owner_->writer_.Finish(status_, &owner_->finished_);
      } else {
        owner_->writer_.WriteAndFinish(SerializeMessage(next_), grpc::WriteOptions(), status_,
                                       &owner_->finished_);
      }
      v1::GenerateStreamResponse().Swap(&next_);
    }

    StreamCall* const owner_;
    SendQueue* const streams_;
    Mutex mutex_;
    v1::GenerateStreamResponse next_ ABSL_GUARDED_BY(mutex_);
    size_t written_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
    size_t next_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
    bool queued_ ABSL_GUARDED_BY(mutex_) = false;  // Send() is pending
    bool writing_ ABSL_GUARDED_BY(mutex_) = false;
    bool broken_ ABSL_GUARDED_BY(mutex_) = false;
    bool done_ ABSL_GUARDED_BY(mutex_) = false;
    grpc::Status status_ ABSL_GUARDED_BY(mutex_);
  };

  // The server shuts down, or a call has arrived.
  void OnArrived(bool ok) {
    if (!ok) {
      delete this;
      return;
    }
    (new StreamCall(generations_, service_, arrivals_, stream_writer_))->Await();
    auto generation = CreateGeneration(generations_, &call_);
    bool is_gone = false;
    {
      MutexLock lock(mutex_);
      generation_ = generation;
      is_gone = is_gone_;
    }
    if (is_gone) generation->Cancel();
    grpc::ByteBuffer request;
    request.Swap(&request_);
    Start(generations_, call_, request, generation, receiver_, [this](const absl::Status& status) {
      if (!status.ok()) {
        BeforeGrpc(this);
        writer_.Finish(ToGrpc(status, *generations_, call_), &finished_);
      }
      Unref();
    });
  }

  // The status was sent, or the client is gone.
  void OnCallDone(bool ok) {
    if (call_.IsCancelled()) {
      std::shared_ptr<Generation> generation;
      {
        MutexLock lock(mutex_);
        is_gone_ = true;
        generation = generation_;
      }
      if (generation != nullptr) generation->Cancel();
    }
    Unref();
  }

  void OnWritten(bool ok) { receiver_->OnWritten(ok); }

  void OnFinished(bool ok) { Unref(); }

  void Abandon() override {
    generations_->LogUnread(generation_->request_id());
    BeforeGrpc(this);
    call_.TryCancel();
  }

  void Unref() {
    if (--holders_ > 0) return;
    receiver_->Settle();
    generations_->unread().Remove(*this);
    delete this;
  }

  GenerationService* const generations_;
  InferenceService* const service_;
  grpc::ServerCompletionQueue* const arrivals_;
  StreamWriter* const stream_writer_;
  grpc::ServerContext call_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncWriter<grpc::ByteBuffer> writer_;
  Event arrived_{this, &StreamCall::OnArrived};
  Event done_{this, &StreamCall::OnCallDone};
  Event written_{this, &StreamCall::OnWritten};
  Event finished_{this, &StreamCall::OnFinished};
  Mutex mutex_;  // OnCallDone() may run concurrently with OnArrived()
  std::shared_ptr<Generation> generation_;
  bool is_gone_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<int> holders_ = 3;  // the start, OnCallDone, OnFinished
  const std::shared_ptr<Receiver> receiver_;
};

}  // namespace

grpc::ServerUnaryReactor* BeginGenerate(GenerationService* generation, grpc::CallbackServerContext* call,
                                        const grpc::ByteBuffer& request, grpc::ByteBuffer* response) {
  auto* unary = new UnaryCall(generation, call, response);
  unary->Start(request);
  return unary;
}

void AwaitGenerateStream(GenerationService* generation, InferenceService* service,
                         grpc::ServerCompletionQueue* arrivals, StreamWriter* writer) {
  (new StreamCall(generation, service, arrivals, writer))->Await();
}

}  // namespace streamtensor::server
