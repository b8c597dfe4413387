// SPDX-License-Identifier: Apache-2.0
#include "runtime/card/second_thread.h"

#include <immintrin.h>
#include <sched.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "runtime/card/float_mode.h"

namespace streamtensor::runtime::card {
namespace {

// Waits briefly; yields the core after some microseconds.
class Spin {
 public:
  void Wait() {
    if (++turns_ < 2000) {
      _mm_pause();
    } else {
      sched_yield();
    }
  }

 private:
  uint32_t turns_ = 0;
};

constexpr uint64_t JobOf(uint64_t ticket) { return ticket >> 32; }
constexpr uint32_t CountOf(uint64_t ticket) { return (ticket >> 16) & 0xffff; }
constexpr uint32_t NextOf(uint64_t ticket) { return ticket & 0xffff; }

}  // namespace

SecondThread::SecondThread() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  const int error = pthread_create(&thread_, &attributes, &Main, this);
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    std::fprintf(stderr, "streamtensor: a second thread for the card: %s\n", std::strerror(error));
    std::abort();
  }
}

SecondThread::~SecondThread() {
  mode_.store(kEnding, std::memory_order_release);
  mode_.notify_one();
  pthread_join(thread_, nullptr);
}

void SecondThread::WakeUp() {
  mode_.store(kAwake, std::memory_order_release);
  mode_.notify_one();
}

void SecondThread::Sleep() { mode_.store(kAsleep, std::memory_order_release); }

void SecondThread::Share(void (*part)(void*, uint32_t), void* argument, uint32_t count) {
  // The job before is done: no thread reads these until the ticket says that there is a new one.
  part_ = part;
  argument_ = argument;
  done_.store(0, std::memory_order_relaxed);
  const uint64_t job = JobOf(ticket_.load(std::memory_order_relaxed)) + 1;
  ticket_.store(job << 32 | uint64_t{count} << 16, std::memory_order_release);
  TakeParts();
  for (Spin spin; done_.load(std::memory_order_acquire) != count;) spin.Wait();
}

void SecondThread::TakeParts() {
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  while (NextOf(ticket) < CountOf(ticket)) {
    if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                       std::memory_order_acquire)) {
      continue;
    }
    // Taken: the job lasts until this part is done.
    part_(argument_, NextOf(ticket));
    done_.fetch_add(1, std::memory_order_acq_rel);
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

void* SecondThread::Main(void* context) {
  SecondThread& self = *static_cast<SecondThread*>(context);
  const ScopedFloatMode mode;
  for (;;) {
    self.mode_.wait(kAsleep, std::memory_order_acquire);
    Spin spin;
    for (;;) {
      const uint32_t now = self.mode_.load(std::memory_order_acquire);
      if (now == kEnding) return nullptr;
      if (now == kAsleep) break;
      const uint64_t before = self.ticket_.load(std::memory_order_relaxed);
      if (NextOf(before) < CountOf(before)) {
        self.TakeParts();
        spin = Spin();
      } else {
        spin.Wait();
      }
    }
  }
}

}  // namespace streamtensor::runtime::card
