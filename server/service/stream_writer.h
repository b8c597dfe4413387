// SPDX-License-Identifier: Apache-2.0
// The thread that writes all streams. gRPC tells the end of a write to whoever waits at the completion queue;
// here that is the thread that began it, which for the writes of a step is woken once, not once a token.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace streamtensor::server {

// What comes out of a completion queue.
class QueueEvent {
 public:
  virtual ~QueueEvent() = default;
  virtual void OnEvent(bool ok) = 0;
};

// Lets a queue's events happen, until the queue has been shut down and is empty.
void RunQueue(grpc::CompletionQueue& queue);

// Thread-safe.
class StreamWriter {
 public:
  // Has something to write.
  class Stream {
   public:
    virtual ~Stream() = default;
    virtual void Send() = 0;
  };

  explicit StreamWriter(std::unique_ptr<grpc::ServerCompletionQueue> queue);
  // No stream may be left.
  ~StreamWriter();

  void Start();

  // Send() will be called by the writer's thread, at the latest after the next Flush().
  void Add(Stream* stream);
  void Flush();

  // For the operations of calls; its events are QueueEvents.
  grpc::ServerCompletionQueue* queue() const { return queue_.get(); }

 private:
  struct Woken : QueueEvent {
    explicit Woken(StreamWriter* owner) : owner(owner) {}
    void OnEvent(bool ok) override { owner->SendAll(); }
    StreamWriter* const owner;
  };
  void SendAll();

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  Woken woken_{this};
  grpc::Alarm alarm_;
  std::mutex mutex_;
  std::vector<Stream*> streams_;
  bool is_woken_ = false;  // the alarm is set, and its event has not come
  std::vector<Stream*> sending_;
  std::thread thread_;
};

}  // namespace streamtensor::server
