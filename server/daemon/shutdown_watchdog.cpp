// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/shutdown_watchdog.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>

namespace streamtensor::server {

ShutdownWatchdog::ShutdownWatchdog(absl::Duration limit)
    : deadline_(SteadyDeadline(limit)), thread_([this] {
        pthread_setname_np(pthread_self(), "shutdown");
        Run();
      }) {}

ShutdownWatchdog::~ShutdownWatchdog() {
  {
    MutexLock lock(mutex_);
    is_over_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void ShutdownWatchdog::Hurry(absl::Duration limit) {
  {
    MutexLock lock(mutex_);
    deadline_ = std::min(deadline_, SteadyDeadline(limit));
  }
  changed_.NotifyAll();
}

void ShutdownWatchdog::Run() {
  {
    MutexLock lock(mutex_);
    while (!is_over_ && std::chrono::steady_clock::now() < deadline_) changed_.WaitUntil(mutex_, deadline_);
    if (is_over_) return;
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin_;
  spdlog::critical(
      "the shutdown still waits for {} after {:.1f} s: the process ends itself, with exit code {}",
      stage_.load(), taken.count(), kExitCode);
  spdlog::default_logger()->flush();  // takes a second at most
  _exit(kExitCode);                   // destructors would wait for the same
}

}  // namespace streamtensor::server
