// SPDX-License-Identifier: Apache-2.0
#include "server/generation/unread_replies.h"

#include <pthread.h>

#include <iterator>
#include <utility>

namespace streamtensor::server {
namespace {

// How late a reply may be abandoned. A timer per reply would cost each of them more than one look a second.
constexpr absl::Duration kPeriod = absl::Milliseconds(500);

}  // namespace

UnreadReplies::UnreadReplies(const Clock* clock, std::function<absl::Duration()> limit)
    : clock_(clock), limit_(std::move(limit)), thread_([this] {
        pthread_setname_np(pthread_self(), "unread-replies");
        Run();
      }) {}

UnreadReplies::~UnreadReplies() {
  {
    MutexLock lock(mutex_);
    is_closed_ = true;
  }
  closed_.NotifyAll();
  thread_.join();
}

void UnreadReplies::Add(Reply& reply) {
  MutexLock lock(mutex_);
  if (reply.place_.has_value()) return;
  replies_.emplace_back(clock_->Now(), &reply);
  reply.place_ = std::prev(replies_.end());
}

void UnreadReplies::Remove(Reply& reply) {
  MutexLock lock(mutex_);
  if (const auto place = std::exchange(reply.place_, std::nullopt); place.has_value()) replies_.erase(*place);
}

void UnreadReplies::Run() {
  MutexLock lock(mutex_);
  while (!is_closed_) {
    closed_.WaitUntil(mutex_, SteadyDeadline(kPeriod));
    AbandonOverdue();
  }
}

void UnreadReplies::AbandonOverdue() {
  const absl::Time overdue = clock_->Now() - limit_();
  while (!replies_.empty() && replies_.front().first <= overdue) {
    Reply& reply = *replies_.front().second;
    replies_.pop_front();
    reply.place_.reset();
    reply.Abandon();
  }
}

}  // namespace streamtensor::server
