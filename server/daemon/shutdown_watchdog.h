// SPDX-License-Identifier: Apache-2.0
// Ends the process if its shutdown takes too long: a card that hangs, for example, can't be waited for.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "absl/time/time.h"
#include "base/mutex.h"

namespace streamtensor::server {

// Thread-safe. The destructor calls it off: the shutdown is over.
class ShutdownWatchdog {
 public:
  // The process's exit code then.
  static constexpr int kExitCode = 3;

  // Ends the process after `limit` with a line in the log.
  explicit ShutdownWatchdog(absl::Duration limit);
  ~ShutdownWatchdog();
  ShutdownWatchdog(const ShutdownWatchdog&) = delete;
  ShutdownWatchdog& operator=(const ShutdownWatchdog&) = delete;

  // Ends it earlier, if `limit` from now is earlier.
  void Hurry(absl::Duration limit);
  // What the shutdown waits for from now on, for the log. Lives as long as the program.
  void SetStage(const char* stage) { stage_ = stage; }

 private:
  void Run();

  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::atomic<const char*> stage_ = "";
  Mutex mutex_;
  CondVar changed_;
  std::chrono::steady_clock::time_point deadline_ ABSL_GUARDED_BY(mutex_);
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace streamtensor::server
