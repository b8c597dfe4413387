// SPDX-License-Identifier: Apache-2.0
// The second thread of an emulated card: computes parts of work that a design shares (st_host_api::share).
// Sleeps between launches, spins during one.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace streamtensor::runtime::card {

class SecondThread {
 public:
  // Of its stack: a part may need what its process may. Reserved, not used.
  static constexpr std::size_t kStackBytes = std::size_t{64} << 20;

  static constexpr uint32_t kMaxParts = 0xffff;

  // Starts the thread, with the numerics' float mode. Aborts when the system has no thread left.
  SecondThread();
  ~SecondThread();
  SecondThread(const SecondThread&) = delete;
  SecondThread& operator=(const SecondThread&) = delete;

  // All from one thread. Share() only between WakeUp() and Sleep(): it calls part(argument, i) for each
  // i < count (at most kMaxParts) on both threads and returns when all calls have. The second thread may come
  // late, or never: then the caller does it all.
  void WakeUp();
  void Share(void (*part)(void* argument, uint32_t index), void* argument, uint32_t count);
  void Sleep();

 private:
  enum Mode : uint32_t { kAsleep, kAwake, kEnding };

  static void* Main(void* self);
  // Takes parts of the current job until none is left.
  void TakeParts();

  // Job number, number of parts, and next part: 32, 16 and 16 bits in one word, so that a late
  // thread can't take a part of another job.
  std::atomic<uint64_t> ticket_{0};
  std::atomic<uint32_t> done_{0};  // parts of this job
  void (*part_)(void*, uint32_t) = nullptr;
  void* argument_ = nullptr;

  std::atomic<uint32_t> mode_{kAsleep};
  pthread_t thread_;
};

}  // namespace streamtensor::runtime::card
