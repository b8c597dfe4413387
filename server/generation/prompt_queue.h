// SPDX-License-Identifier: Apache-2.0
// Prepares requests, which mostly means tokenizing their prompts. Long requests have threads of their own, so
// that they never delay short ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "base/mutex.h"

namespace streamtensor::server {

// Thread-safe.
class PromptQueue {
 public:
  // A request of at most so many bytes is short: it is prepared in about a millisecond.
  static constexpr size_t kMaxShortBytes = 16 << 10;
  // Memory that long requests may hold while they wait.
  static constexpr size_t kMaxWaitingBytes = 64 << 20;

  // `threads` prepare long requests.
  explicit PromptQueue(int threads);
  // As Close().
  ~PromptQueue();

  // Runs `work` for a request of `bytes`: at once if it is short, otherwise on another thread, in order of
  // arrival.
  //   RESOURCE_EXHAUSTED  `max_waiting` long requests wait already, or too many bytes
  //   UNAVAILABLE         a long request after Close()
  absl::Status Run(size_t bytes, int64_t max_waiting, std::function<void()> work);

  // Accepts no more long requests, and waits for those that it has.
  void Close();

 private:
  struct Work {
    size_t bytes;
    std::function<void()> run;
  };
  void RunThread();

  Mutex mutex_;
  CondVar changed_;
  std::deque<Work> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace streamtensor::server
