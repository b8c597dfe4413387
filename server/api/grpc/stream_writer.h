// SPDX-License-Identifier: Apache-2.0
// The thread that writes all streams. gRPC tells the end of a write to whoever waits at the completion queue;
// here that is the thread that began it, which for the writes of a step is woken once, not once a token.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <thread>

#include "server/generation/send_queue.h"

namespace streamtensor::server {

// What comes out of a completion queue.
class QueueEvent {
 public:
  virtual ~QueueEvent() = default;
  virtual void OnEvent(bool ok) = 0;
};

// Handles a queue's events until the queue has been shut down and is empty.
void RunQueue(grpc::CompletionQueue& queue);

// Thread-safe.
class StreamWriter {
 public:
  explicit StreamWriter(std::unique_ptr<grpc::ServerCompletionQueue> queue);
  // No stream may be left.
  ~StreamWriter();

  void Start();

  // The streams' Send() is called by the writer's thread.
  SendQueue& streams() { return streams_; }

  // For the operations of calls; its events are QueueEvents.
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
  std::thread thread_;
};

}  // namespace streamtensor::server
