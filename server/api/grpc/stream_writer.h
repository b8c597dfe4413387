// SPDX-License-Identifier: Apache-2.0
// The thread that writes all streams. gRPC reports the end of a write to whichever thread polls the
// completion queue. Here that is the thread that started the write, so it wakes once a step and not once a
// token.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "server/generation/send_queue.h"

namespace streamtensor::server {

// An event of a completion queue.
class QueueEvent {
 public:
  virtual ~QueueEvent() = default;
  virtual void OnEvent(bool ok) = 0;
};

// Handles a queue's events until it is shut down and empty.
void RunQueue(grpc::CompletionQueue& queue);

// Thread-safe.
class StreamWriter {
 public:
  explicit StreamWriter(std::unique_ptr<grpc::ServerCompletionQueue> queue);
  // No stream may remain.
  ~StreamWriter();

  void Start();

  // A stream has arrived, or is gone: nothing of it is left on any queue.
  void Enter();
  void Leave();
  // Call after the server's shutdown, which does not wait for the last events of its calls.
  void WaitUntilAllLeft();

  // The writer's thread calls the streams' Send().
  SendQueue& streams() { return streams_; }

  // For operations of calls; its events are QueueEvents.
  grpc::ServerCompletionQueue* queue() const { return queue_.get(); }

 private:
  struct Woken : QueueEvent {
    explicit Woken(SendQueue* streams) : streams(streams) {}
    void OnEvent(bool ok) override { streams->SendAll(); }
    SendQueue* const streams;
  };
  void Wake();

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  SendQueue streams_;
  Woken woken_{&streams_};
  grpc::Alarm alarm_;
  Mutex mutex_;
  CondVar changed_;
  int64_t streams_open_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace streamtensor::server
