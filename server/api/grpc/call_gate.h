// SPDX-License-Identifier: Apache-2.0
// What a call passes on its way in. An open call holds 10-20 kB of gRPC's memory and ours from its headers
// on, whatever its client does afterwards, so open calls are bounded, and a message must follow its headers
// in time.
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
    int64_t max_calls = 8192;
    int64_t max_calls_per_address = 2048;  // not of a socket in the file system
  };
  // As long as the body of an HTTP request may take.
  static constexpr absl::Duration kMessageTime = absl::Seconds(60);

  // One call's place. The call is open until this is destroyed.
  class Pass {
   public:
    // `end`: a message did not come in time, or another call needs the place; end the call, with NoMessage().
    // See OverdueCalls::Entry.
    explicit Pass(std::function<void()> end) : awaited_(std::move(end)) {}
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    friend class CallGate;
    CallGate* gate_ = nullptr;  // set while the call is counted
    std::string address_;
    OverdueCalls::Entry awaited_;
  };

  // `clock` outlives this, and this outlives every Pass.
  CallGate(Limits limits, const Clock* clock);

  // A call has arrived from `peer`, as gRPC writes it. Call once. In place of a call beyond the limit of all,
  // that ends which has awaited its message for the longest.
  //   RESOURCE_EXHAUSTED  the limit that is reached; the call is not counted
  absl::Status Enter(const std::string& peer, Pass& pass);
  // The call's next message is awaited, and has come or will not come. The latter is false if the time was
  // over and the pass's `end` was called.
  void Await(Pass& pass) { awaited_.Add(pass.awaited_); }
  bool Arrived(Pass& pass) { return awaited_.Remove(pass.awaited_); }

  // DEADLINE_EXCEEDED.
  static absl::Status NoMessage();

 private:
  void Leave(const std::string& address);

  const Limits limits_;
  Mutex mutex_;
  int64_t calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<std::string, int64_t> calls_of_ ABSL_GUARDED_BY(mutex_);
  OverdueCalls awaited_;
};

}  // namespace streamtensor::server
