// SPDX-License-Identifier: Apache-2.0
// std::mutex and std::condition_variable with Clang's thread-safety annotations (-Wthread-safety). Members
// declare their lock with ABSL_GUARDED_BY, functions with ABSL_EXCLUSIVE_LOCKS_REQUIRED.
//
// Not absl::Mutex: ThreadSanitizer cannot see into an uninstrumented library such as Debian's Abseil and
// would report every access that such a mutex guards.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace streamtensor {

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Spurious wake-ups happen: callers check their condition in a loop. All waits on a CondVar use the same
// mutex.
class CondVar {
 public:
  void NotifyOne() { changed_.notify_one(); }
  void NotifyAll() { changed_.notify_all(); }

  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    changed_.wait(lock);
    lock.release();
  }

  // False: the deadline has passed.
  bool WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point deadline)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const std::cv_status status = changed_.wait_until(lock, deadline);
    lock.release();
    return status == std::cv_status::no_timeout;
  }

 private:
  std::condition_variable changed_;
};

// The deadline for WaitUntil() `duration` from now; never, if that is more than a century.
inline std::chrono::steady_clock::time_point SteadyDeadline(absl::Duration duration) {
  constexpr absl::Duration kForever = absl::Hours(24 * 365 * 100);
  return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(std::min(duration, kForever));
}

}  // namespace streamtensor
