// SPDX-License-Identifier: Apache-2.0
// Replies that are complete but not sent: their clients have not read the end. A client may leave it unread
// for limits.slow_reader_seconds; until then the end of a reply is all that a call holds.
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "base/mutex.h"
#include "server/scheduler/clock.h"

namespace streamtensor::server {

// Thread-safe.
class UnreadReplies {
 public:
  class Reply {
   public:
    virtual ~Reply() = default;
    // The time is over: end the call. Called once, by a thread of UnreadReplies and under its lock.
    virtual void Abandon() = 0;

   private:
    friend class UnreadReplies;
    std::optional<std::list<std::pair<absl::Time, Reply*>>::iterator> place_;  // set while it is listed
  };

  // `limit` returns how long a reply may be unread; called often, so that it may change. `clock` outlives
  // this.
  UnreadReplies(const Clock* clock, std::function<absl::Duration()> limit);
  ~UnreadReplies();
  UnreadReplies(const UnreadReplies&) = delete;
  UnreadReplies& operator=(const UnreadReplies&) = delete;

  // The reply is complete. Idempotent.
  void Add(Reply& reply);
  // The reply was sent, or its call has ended. Afterwards Abandon() is not called and does not run.
  void Remove(Reply& reply);

 private:
  void Run();
  void AbandonOverdue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock* const clock_;
  const std::function<absl::Duration()> limit_;
  Mutex mutex_;
  CondVar closed_;
  std::list<std::pair<absl::Time, Reply*>> replies_ ABSL_GUARDED_BY(mutex_);  // oldest first, with their ends
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace streamtensor::server
