// SPDX-License-Identifier: Apache-2.0
// The streams that have something to send, gathered over a step of the card, so that the thread that writes
// them is woken once a step and not once a token.
#pragma once

#include <functional>
#include <vector>

#include "base/mutex.h"

namespace streamtensor::server {

// Thread-safe, but for SendAll().
class SendQueue {
 public:
  class Stream {
   public:
    virtual ~Stream() = default;
    // Called by the writer's thread.
    virtual void Send() = 0;
  };

  // `wake` makes the writer's thread call SendAll(), soon and once. Called without a lock, by any thread.
  explicit SendQueue(std::function<void()> wake);

  // Send() will be called, at the latest after the next Flush(). The stream must live until then, and is not
  // to be added again before.
  void Add(Stream* stream);
  // Wakes the writer if there is anything to send.
  void Flush();

  // By the writer's thread alone.
  void SendAll();

 private:
  const std::function<void()> wake_;
  Mutex mutex_;
  std::vector<Stream*> streams_ ABSL_GUARDED_BY(mutex_);
  bool is_woken_ ABSL_GUARDED_BY(mutex_) = false;  // SendAll() will come
  std::vector<Stream*> sending_;                   // the writer's; kept for its capacity
};

}  // namespace streamtensor::server
