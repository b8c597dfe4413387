// SPDX-License-Identifier: Apache-2.0
// Collects the streams that have output over a step, so that the writing thread wakes once a step and not
// once a token.
#pragma once

#include <functional>
#include <vector>

#include "base/mutex.h"

namespace streamtensor::server {

// Thread-safe except SendAll().
class SendQueue {
 public:
  class Stream {
   public:
    virtual ~Stream() = default;
    // Called by the writer's thread.
    virtual void Send() = 0;
  };

  // `wake` makes the writer's thread call SendAll() once, soon. Called by any thread, without locks held.
  explicit SendQueue(std::function<void()> wake);

  // Send() will be called, at the latest after the next Flush(). The stream must live until then and must not
  // be added again before.
  void Add(Stream* stream);
  // Wakes the writer if anything is queued.
  void Flush();

  // Only by the writer's thread.
  void SendAll();

 private:
  const std::function<void()> wake_;
  Mutex mutex_;
  std::vector<Stream*> streams_ ABSL_GUARDED_BY(mutex_);
  bool is_woken_ ABSL_GUARDED_BY(mutex_) = false;  // SendAll() is pending
  std::vector<Stream*> sending_;                   // used by the writer; kept for its capacity
};

}  // namespace streamtensor::server
