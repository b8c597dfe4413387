// SPDX-License-Identifier: Apache-2.0
// The threads that start streams. They tokenize prompts; a long prompt must not delay other streams, nor the
// thread that writes them.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "server/api/grpc/stream_writer.h"

namespace streamtensor::server {

// Thread-safe.
class ArrivalQueue {
 public:
  explicit ArrivalQueue(std::unique_ptr<grpc::ServerCompletionQueue> queue) : queue_(std::move(queue)) {}
  // As Close().
  ~ArrivalQueue() { Close(); }

  void Start();
  // Handles what has come, then ends the threads. The server accepts no more calls.
  void Close();

  // For the headers of calls; its events are QueueEvents.
  grpc::ServerCompletionQueue* queue() const { return queue_.get(); }

  // A thread handles `event`, which outlives that, as does `alarm`, used for nothing else. False after
  // Close().
  bool Post(grpc::Alarm& alarm, QueueEvent& event);

 private:
  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::vector<std::thread> threads_;
  Mutex mutex_;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace streamtensor::server
