// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/arrival_queue.h"

#include <grpc/support/time.h>
#include <pthread.h>

#include <utility>

namespace streamtensor::server {
namespace {

constexpr int kThreads = 4;

}  // namespace

void ArrivalQueue::Start() {
  for (int i = 0; i < kThreads; ++i) {
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), "stream-arrivals");
      RunQueue(*queue_);
    });
  }
}

void ArrivalQueue::Close() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(is_closed_, true)) return;
    queue_->Shutdown();
  }
  for (std::thread& thread : threads_) thread.join();
  RunQueue(*queue_);  // drains the queue when no thread was started
}

bool ArrivalQueue::Post(grpc::Alarm& alarm, QueueEvent& event) {
  MutexLock lock(mutex_);
  if (is_closed_) return false;
  alarm.Set(queue_.get(), gpr_inf_past(GPR_CLOCK_MONOTONIC), &event);
  return true;
}

}  // namespace streamtensor::server
