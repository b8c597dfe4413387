// SPDX-License-Identifier: Apache-2.0
// One request on its way: between a face, which speaks with the client, and the card's thread, which makes
// the reply.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "server/generation/generation_service.h"
#include "server/models/loaded_model.h"
#include "server/scheduler/sequence.h"

namespace streamtensor::server {

// A face's end of a reply. Called by the card's thread: must not block.
class ReplyReceiver {
 public:
  virtual ~ReplyReceiver() = default;
  // About what `delta` takes on the wire. 0, for a reply that is sent whole: its client never reads too
  // slowly.
  virtual size_t WireBytes(const ReplyDelta& delta) const { return 0; }
  // The receiver calls Generation::OnSent(wire_bytes) once it has left.
  virtual void OnDelta(ReplyDelta delta, size_t wire_bytes) = 0;
  // The step's deltas of all requests have been given. Not called after OnDone().
  virtual void Flush() {}
  // Exactly once, last. The counts of `summary` hold as far as the reply came.
  virtual void OnDone(const absl::Status& status, const ReplySummary& summary) = 0;
};

// Thread-safe, but for Start(). Shared by the face, which holds it until its client has got everything, and
// the sequence. At most 64 KiB of a reply wait for the client: then the sequence pauses (see
// ReplySink::Writable).
class Generation : public ReplySink, public std::enable_shared_from_this<Generation> {
 public:
  // Time counts from here. `deadline` as absolute time of the service's clock.
  static std::shared_ptr<Generation> Create(GenerationService* service, std::string request_id,
                                            absl::Time deadline);
  ~Generation() override;
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  // Queues the request, once. Only when this returns OK is `receiver` called, perhaps before this returns; it
  // is let go after OnDone(). A refusal is counted and logged.
  //  INVALID_ARGUMENT (the prompt exceeds the context), RESOURCE_EXHAUSTED (the queue is full), UNAVAILABLE
  absl::Status Start(CheckedRequest request, std::shared_ptr<ReplyReceiver> receiver);

  // The client is gone: the reply ends before the card's next step. At any time, before Start() too.
  void Cancel();

  // So many of the bytes that OnDelta() told have left.
  void OnSent(size_t wire_bytes);

  const std::string& request_id() const { return request_id_; }

  // From Start() on.
  const LoadedModel& model() const { return *model_; }

  // Of the scheduler's.
  bool Writable() const override;
  void OnDelta(ReplyDelta delta) override;
  void Flush() override;
  void OnDone(const absl::Status& status, const ReplySummary& summary) override;

 private:
  Generation(GenerationService* service, std::string request_id, absl::Time deadline);
  void LogEnd(const absl::Status& status, const ReplySummary& summary, const std::string& cards) const;

  GenerationService* const service_;
  const std::string request_id_;
  const absl::Time arrival_;
  const absl::Time deadline_;
  std::shared_ptr<const LoadedModel> model_;
  std::shared_ptr<ReplyReceiver> receiver_;  // the card's thread's, once queued
  std::atomic<size_t> unsent_bytes_ = 0;

  Mutex mutex_;
  std::shared_ptr<Sequence> sequence_ ABSL_GUARDED_BY(mutex_);  // from Start() to OnDone()
  bool is_cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace streamtensor::server
