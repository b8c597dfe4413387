// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/generate_call.h"

#include <grpcpp/alarm.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "base/mutex.h"
#include "base/status_macros.h"
#include "server/api/grpc/call_metadata.h"
#include "server/api/grpc/gated_call.h"
#include "server/api/grpc/grpc_order.h"
#include "server/api/grpc/message_outline.h"
#include "server/api/grpc/messages.h"
#include "server/generation/generation.h"
#include "server/generation/overdue_calls.h"
#include "server/generation/request_id.h"

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

// A call's generation, once its request has arrived. The call may be cancelled at any time.
class CallGeneration {
 public:
  void Set(const std::shared_ptr<Generation>& generation) {
    bool is_cancelled = false;
    {
      MutexLock lock(mutex_);
      generation_ = generation;
      is_cancelled = is_cancelled_;
    }
    if (is_cancelled) generation->Cancel();
  }

  void Cancel() {
    {
      MutexLock lock(mutex_);
      is_cancelled_ = true;
    }
    // Not under the lock: a generation that ends asks for itself.
    if (const auto generation = get(); generation != nullptr) generation->Cancel();
  }

  // nullptr before Set().
  std::shared_ptr<Generation> get() const {
    MutexLock lock(mutex_);
    return generation_;
  }

  // Empty before Set().
  std::string request_id() const {
    const std::shared_ptr<Generation> generation = get();
    return generation == nullptr ? "" : generation->request_id();
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<Generation> generation_ ABSL_GUARDED_BY(mutex_);
  bool is_cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

class GenerateCall : public UnaryCall {
 public:
  GenerateCall(GenerationService* service, CallGate* gate, grpc::CallbackServerContext* context)
      : UnaryCall(service, gate, context), receiver_(std::make_shared<Receiver>(this)) {}

  void OnCancel() override {
    AfterGrpc(this);
    generation_.Cancel();
  }

  void OnDone() override {
    AfterGrpc(this);
    {
      MutexLock lock(receiver_->mutex);
    }
    GatedCall::OnDone();
  }

 protected:
  std::string request_id() const override { return generation_.request_id(); }

  void OnMessage(grpc::ByteBuffer request) override {
    BeforeGrpc(this);
    generation_.Set(CreateGeneration(&service(), &context()));
    Start(&service(), context(), request, generation_.get(), receiver_, [this](const absl::Status& status) {
      BeforeGrpc(this);
      if (!status.ok()) End(ToGrpc(status, service(), context()));
    });
  }

 private:
  struct Receiver : ReplyReceiver {
    explicit Receiver(GenerateCall* owner) : owner(owner) {}
    size_t WireBytes(const ReplyDelta& delta) const override { return server::WireBytes(delta); }
    size_t MaxWholeBytes() const override { return kMaxWholeReplyBytes; }
    void OnDelta(ReplyDelta delta, size_t) override {
      WriteDelta(delta, owner->generation_.get()->model().tokenizer(), message);
    }
    void OnDone(const absl::Status& status, const ReplySummary& summary) override {
      // End() releases the owner, but not before this lock is released.
      MutexLock lock(mutex);
      WriteSummary(summary, message);
      owner->SetResponse(SerializeMessage(message));
      v1::GenerateResponse().Swap(&message);
      owner->End(ToGrpc(status, owner->service(), owner->context()));
    }
    GenerateCall* const owner;
    Mutex mutex;
    v1::GenerateResponse message;  // used only by the card's thread
  };

  CallGeneration generation_;
  const std::shared_ptr<Receiver> receiver_;
};

// At most one write is in flight; deltas that arrive meanwhile are merged into the next message. The writer's
// thread starts every write except a refusal.
class StreamCall : public SendQueue::Stream {
 public:
  StreamCall(GenerationService* generations, CallGate* gate, InferenceService* service,
             ArrivalQueue* arrivals, StreamWriter* stream_writer)
      : generations_(generations),
        gate_(gate),
        service_(service),
        arrivals_(arrivals),
        stream_writer_(stream_writer),
        stream_(&call_),
        receiver_(std::make_shared<Receiver>(this)) {}

  void Await() {
    BeforeGrpc(this);
    call_.AsyncNotifyWhenDone(&done_);
    service_->RequestGenerateStream(&call_, &stream_, stream_writer_->queue(), arrivals_->queue(), &arrived_);
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
      WriteDelta(delta, owner_->generation_.get()->model().tokenizer(), next_);
      next_bytes_ += wire_bytes;
      Enqueue();
    }

    void Flush() override { streams_->Flush(); }

    void OnDone(const absl::Status& status, const ReplySummary& summary) override {
      {
        MutexLock lock(mutex_);
        if (status.ok()) WriteSummary(summary, next_);
        done_ = true;
        owner_->generations_->unread().Add(owner_->unread_);
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
      owner_->generation_.get()->OnSent(sent_bytes);
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
      owner_->stream_.Write(SerializeMessage(next_), &owner_->written_);
      next_.Clear();
    }

    void WriteLast() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      BeforeGrpc(owner_);
      if (broken_ || (!status_.ok() && next_bytes_ == 0)) {
        owner_->stream_.Finish(status_, &owner_->finished_);
      } else {
        owner_->stream_.WriteAndFinish(SerializeMessage(next_), grpc::WriteOptions(), status_,
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

  // The server shuts down, or the headers of a call have arrived.
  void OnArrived(bool ok) {
    if (!ok) {
      delete this;
      return;
    }
    stream_writer_->Enter();
    (new StreamCall(generations_, gate_, service_, arrivals_, stream_writer_))->Await();
    if (const absl::Status status = gate_->Enter(call_.peer(), pass_); !status.ok()) {
      if (pass_.must_be_cancelled()) call_.TryCancel();
      Refuse(status);
      Unref();
      return;
    }
    gate_->Await(pass_);
    BeforeGrpc(this);
    stream_.Read(&request_, &read_);
  }

  // The writer's thread only passes the request on: its prompt is tokenized where calls arrive.
  void OnRead(bool ok) {
    if (!gate_->Arrived(pass_)) return Unref();  // the call has ended
    if (!ok) {
      // Nobody reads this of a client that is gone, or whose message gRPC refuses.
      Finish(absl::InvalidArgumentError("the call has no message; one is needed"));
      return Unref();
    }
    BeforeGrpc(this);
    if (arrivals_->Post(requested_alarm_, requested_)) return;
    Finish(absl::UnavailableError("the server is shutting down"));
    Unref();
  }

  void OnRequest(bool) {
    grpc::ByteBuffer request;
    request.Swap(&request_);
    generation_.Set(CreateGeneration(generations_, &call_));
    Start(generations_, call_, request, generation_.get(), receiver_, [this](const absl::Status& status) {
      if (!status.ok()) Finish(status);
      Unref();
    });
  }

  void Refuse(const absl::Status& status) {
    generations_->CountRefusal(status);
    Finish(status);
  }

  void Finish(const absl::Status& status) {
    generations_->unread().Add(unread_);
    BeforeGrpc(this);
    stream_.Finish(ToGrpc(status, *generations_, call_), &finished_);
  }

  // The status was sent, or the client is gone.
  void OnCallDone(bool ok) {
    if (call_.IsCancelled()) generation_.Cancel();
    Unref();
  }

  void OnWritten(bool ok) { receiver_->OnWritten(ok); }

  void OnFinished(bool ok) { Unref(); }

  void Abandon() {
    generations_->LogUnread(generation_.request_id());
    BeforeGrpc(this);
    call_.TryCancel();
  }

  void Unref() {
    if (--holders_ > 0) return;
    receiver_->Settle();
    gate_->Arrived(pass_);
    generations_->unread().Remove(unread_);
    StreamWriter* const writer = stream_writer_;
    delete this;
    writer->Leave();
  }

  GenerationService* const generations_;
  CallGate* const gate_;
  InferenceService* const service_;
  ArrivalQueue* const arrivals_;
  StreamWriter* const stream_writer_;
  grpc::ServerContext call_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_;
  Event arrived_{this, &StreamCall::OnArrived};
  Event read_{this, &StreamCall::OnRead};
  Event requested_{this, &StreamCall::OnRequest};
  grpc::Alarm requested_alarm_;
  Event done_{this, &StreamCall::OnCallDone};
  Event written_{this, &StreamCall::OnWritten};
  Event finished_{this, &StreamCall::OnFinished};
  CallGeneration generation_;
  std::atomic<int> holders_ = 3;  // the start, OnCallDone, OnFinished
  const std::shared_ptr<Receiver> receiver_;
  CallGate::Pass pass_{[this](const absl::Status& status) { Refuse(status); }};
  OverdueCalls::Entry unread_{[this](OverdueCalls::End) { Abandon(); }};
};

}  // namespace

CallReactor* BeginGenerate(GenerationService* generation, CallGate* gate, grpc::CallbackServerContext* call) {
  return BeginCall<GenerateCall>(generation, gate, call);
}

void AwaitGenerateStream(GenerationService* generation, CallGate* gate, InferenceService* service,
                         ArrivalQueue* arrivals, StreamWriter* writer) {
  (new StreamCall(generation, gate, service, arrivals, writer))->Await();
}

}  // namespace streamtensor::server
