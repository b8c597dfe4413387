// SPDX-License-Identifier: Apache-2.0
// Calls that wait for their clients: to read the end of a reply, or to send a message. A client has a limited
// time for either.
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "base/mutex.h"
#include "server/scheduler/clock.h"

namespace streamtensor::server {

// Thread-safe.
class OverdueCalls {
 public:
  enum class End {
    kOverdue,   // the time is over
    kReplaced,  // another call needs the place: EndOldest()
  };

  // A call's place in the list. Destroy it after Remove().
  class Entry {
   public:
    // `end`: end the call. Called at most once for each time that the entry is listed, without a lock, by the
    // thread of OverdueCalls or that of EndOldest().
    explicit Entry(std::function<void(End)> end) : end_(std::move(end)) {}

   private:
    friend class OverdueCalls;
    const std::function<void(End)> end_;
    std::optional<std::list<std::pair<absl::Time, Entry*>>::iterator> place_;  // set while it is listed
    bool is_ending_ = false;                                                   // `end` runs
  };

  // `limit` returns how long a call may wait; called often, so that it may change. `clock` outlives this.
  // `thread` names the thread, in at most 15 characters.
  OverdueCalls(const std::string& thread, const Clock* clock, std::function<absl::Duration()> limit);
  ~OverdueCalls();
  OverdueCalls(const OverdueCalls&) = delete;
  OverdueCalls& operator=(const OverdueCalls&) = delete;

  // The call begins to wait. Idempotent.
  void Add(Entry& entry);
  // The call waits no longer. Afterwards its end is not called and does not run, so not from within it.
  // False: it was not listed, so its end has been called if Add() was.
  bool Remove(Entry& entry);
  // Ends the call that has waited longest, now. False: none waits.
  bool EndOldest();

 private:
  void Run();
  void EndFirst(End why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void EndOverdue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock* const clock_;
  const std::function<absl::Duration()> limit_;
  Mutex mutex_;
  CondVar closed_;
  CondVar ended_;
  // Oldest first, with the times at which they began.
  std::list<std::pair<absl::Time, Entry*>> entries_ ABSL_GUARDED_BY(mutex_);
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace streamtensor::server
