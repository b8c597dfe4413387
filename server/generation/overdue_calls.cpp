// SPDX-License-Identifier: Apache-2.0
#include "server/generation/overdue_calls.h"

#include <pthread.h>

#include <iterator>
#include <utility>

namespace streamtensor::server {
namespace {

// How late a call may be ended. A timer per call would cost each of them more than one look a second.
constexpr absl::Duration kPeriod = absl::Milliseconds(500);

}  // namespace

OverdueCalls::OverdueCalls(const std::string& thread, const Clock* clock,
                           std::function<absl::Duration()> limit)
    : clock_(clock), limit_(std::move(limit)), thread_([this, thread] {
        pthread_setname_np(pthread_self(), thread.c_str());
        Run();
      }) {}

OverdueCalls::~OverdueCalls() {
  {
    MutexLock lock(mutex_);
    is_closed_ = true;
  }
  closed_.NotifyAll();
  thread_.join();
}

void OverdueCalls::Add(Entry& entry) {
  MutexLock lock(mutex_);
  if (entry.place_.has_value()) return;
  entries_.emplace_back(clock_->Now(), &entry);
  entry.place_ = std::prev(entries_.end());
}

bool OverdueCalls::Remove(Entry& entry) {
  MutexLock lock(mutex_);
  while (entry.is_ending_) ended_.Wait(mutex_);
  const auto place = std::exchange(entry.place_, std::nullopt);
  if (place.has_value()) entries_.erase(*place);
  return place.has_value();
}

void OverdueCalls::Run() {
  MutexLock lock(mutex_);
  while (!is_closed_) {
    closed_.WaitUntil(mutex_, SteadyDeadline(kPeriod));
    EndOverdue();
  }
}

bool OverdueCalls::EndOldest() {
  MutexLock lock(mutex_);
  if (entries_.empty()) return false;
  EndFirst(End::kReplaced);
  return true;
}

void OverdueCalls::EndOverdue() {
  const absl::Time overdue = clock_->Now() - limit_();
  while (!entries_.empty() && entries_.front().first <= overdue) EndFirst(End::kOverdue);
}

// gRPC may handle the arrival of another call within the end of this one, on the same thread: no lock is
// held.
void OverdueCalls::EndFirst(End why) {
  Entry& entry = *entries_.front().second;
  entries_.pop_front();
  entry.place_.reset();
  entry.is_ending_ = true;
  mutex_.Unlock();
  entry.end_(why);
  mutex_.Lock();
  entry.is_ending_ = false;
  ended_.NotifyAll();
}

}  // namespace streamtensor::server
