// SPDX-License-Identifier: Apache-2.0
// One request in progress: connects an API, which talks to the client, to the card's thread, which produces
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

// An API's end of a reply. Called by the card's thread: must not block.
class ReplyReceiver {
 public:
  virtual ~ReplyReceiver() = default;
  // Approximate wire size of `delta`.
  virtual size_t WireBytes(const ReplyDelta& delta) const = 0;
  // Of a reply that is sent whole: how many bytes it may have. 0: it is sent in pieces, and the receiver
  // calls Generation::OnSent(wire_bytes) once a delta is sent.
  virtual size_t MaxWholeBytes() const { return 0; }
  virtual void OnDelta(ReplyDelta delta, size_t wire_bytes) = 0;
  // All deltas of the step, for every request, were delivered. Not called after OnDone().
  virtual void Flush() {}
  // Exactly once, last. The counts in `summary` cover the reply so far.
  virtual void OnDone(const absl::Status& status, const ReplySummary& summary) = 0;
};

// Thread-safe except Start(). Shared by the sequence and the API, which holds it until its client has
// received everything; the sequence and its sampler are freed when the reply is complete. At most 64 KiB of a
// reply that is sent in pieces are pending; beyond that the sequence pauses (see ReplySink::Writable).
class Generation : public ReplySink, public std::enable_shared_from_this<Generation> {
 public:
  // Times are measured from here. `deadline` is absolute, by the service's clock. `siblings` generations
  // share one client's connection and so the bytes that may be pending.
  static std::shared_ptr<Generation> Create(GenerationService* service, std::string request_id,
                                            absl::Time deadline, size_t siblings = 1);
  ~Generation() override;
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  // Queues the request. Call once. `receiver` is called only if this returns OK, perhaps before it returns,
  // and is released after OnDone(). A refusal is counted and logged.
  //   INVALID_ARGUMENT (the prompt exceeds the context), RESOURCE_EXHAUSTED (the queue is full), UNAVAILABLE
  absl::Status Start(CheckedRequest request, std::shared_ptr<ReplyReceiver> receiver);

  // The client is gone: the reply ends before the card's next step. May be called any time, even before
  // Start().
  void Cancel();

  // OK while the request is wanted: CANCELLED after Cancel(), DEADLINE_EXCEEDED after its deadline.
  absl::Status Poll() const;

  // So many of the bytes reported by OnDelta() were sent.
  void OnSent(size_t wire_bytes);

  const std::string& request_id() const { return request_id_; }

  // Valid after Start().
  const LoadedModel& model() const { return *model_; }

  // Called by the scheduler.
  bool Writable() const override;
  bool Overflowed() const override;
  void OnDelta(ReplyDelta delta) override;
  void Flush() override;
  void OnDone(const absl::Status& status, const ReplySummary& summary) override;

 private:
  Generation(GenerationService* service, std::string request_id, absl::Time deadline, size_t siblings);
  void LogEnd(const absl::Status& status, const ReplySummary& summary, const std::string& cards) const;

  GenerationService* const service_;
  const std::string request_id_;
  const absl::Time arrival_;
  const absl::Time deadline_;
  const size_t pause_bytes_;
  size_t max_whole_bytes_ = 0;  // set by Start(); 0: the reply is sent in pieces
  std::shared_ptr<const LoadedModel> model_;
  std::shared_ptr<ReplyReceiver> receiver_;  // used by the card's thread once queued
  std::atomic<size_t> unsent_bytes_ = 0;

  mutable Mutex mutex_;
  std::shared_ptr<Sequence> sequence_ ABSL_GUARDED_BY(mutex_);  // from Start() to OnDone()
  bool is_cancelled_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace streamtensor::server
