// SPDX-License-Identifier: Apache-2.0
// What a call passes on its way in. An open call holds up to 21 kB (measured) beside its messages from its
// headers on, whatever its client does afterwards, so open calls are bounded, and a message must follow its
// headers in time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "server/generation/overdue_calls.h"
#include "server/scheduler/clock.h"

namespace streamtensor::server {

// Thread-safe.
class CallGate {
 public:
  struct Limits {
    int64_t max_calls = 0;
    int64_t max_calls_per_address = 0;  // not of a socket in the file system
  };
  // As long as the body of an HTTP request may take.
  static constexpr absl::Duration kMessageTime = absl::Seconds(60);

  // One call's place. It counts until this is destroyed.
  class Pass {
   public:
    // `end`: the next message has not come in time, or another call needs the place: end the call with this
    // status. See OverdueCalls::Entry.
    explicit Pass(std::function<void(const absl::Status&)> end);
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

    // The call was refused, and so many are that were before it that their clients don't let them end: cancel
    // it, which needs no client.
    bool must_be_cancelled() const { return must_be_cancelled_; }

   private:
    friend class CallGate;
    CallGate* gate_ = nullptr;  // after Enter()
    std::string peer_;
    std::string address_;
    bool has_work_ = false;  // guarded by the gate's lock
    bool must_be_cancelled_ = false;
    OverdueCalls::Entry awaited_;
  };

  // `clock` outlives this, and this outlives every Pass.
  CallGate(Limits limits, const Clock* clock);

  // A call has arrived from `peer`, as gRPC writes it. Call once. In place of a call beyond the limit of all,
  // that ends which has awaited its message for the longest.
  //   RESOURCE_EXHAUSTED  the limit that is reached; refuse the call
  absl::Status Enter(const std::string& peer, Pass& pass);
  // The call's next message is awaited.
  void Await(Pass& pass);
  // It has come, or will not come. False if it was not awaited any more: the pass's `end` has been called.
  // Also to be called before the call is destroyed.
  bool Arrived(Pass& pass);

  // Whether a call of the connection `peer` has its message and has not ended.
  bool HasWork(const std::string& peer) const;

 private:
  void Leave(Pass& pass);
  void SetHasWork(Pass& pass, bool has_work) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tell(const absl::Status& refusal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  const Clock* const clock_;
  mutable Mutex mutex_;
  int64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, int64_t> calls_of_ ABSL_GUARDED_BY(mutex_);  // by address
  std::unordered_map<std::string, int64_t> work_of_ ABSL_GUARDED_BY(mutex_);   // by peer
  int64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;                                // since they were last told
  absl::Time told_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  OverdueCalls awaited_;
};

}  // namespace streamtensor::server
