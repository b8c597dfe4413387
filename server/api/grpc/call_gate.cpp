// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/call_gate.h"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/access/access_control.h"

namespace streamtensor::server {
namespace {

// Calls that were refused and have not ended yet may be so many beyond a limit.
constexpr int64_t WithMargin(int64_t limit) { return limit + limit / 8 + 16; }

constexpr absl::Duration kTellPeriod = absl::Seconds(1);

}  // namespace

CallGate::Pass::Pass(std::function<void(const absl::Status&)> end)
    : awaited_([end = std::move(end)](OverdueCalls::End why) {
        if (why == OverdueCalls::End::kOverdue) {
          end(absl::DeadlineExceededError(
              absl::StrCat("the call's message did not arrive within ", absl::FormatDuration(kMessageTime))));
        } else {
          end(absl::ResourceExhaustedError(
              "the server has as many open calls as it may (server.max_calls), and this one's message was "
              "awaited for the longest"));
        }
      }) {}

CallGate::Pass::~Pass() {
  if (gate_ == nullptr) return;
  gate_->awaited_.Remove(awaited_);
  gate_->Leave(*this);
}

CallGate::CallGate(Limits limits, const Clock* clock)
    : limits_(limits), clock_(clock), awaited_("awaited-calls", clock, [] { return kMessageTime; }) {}

absl::Status CallGate::Enter(const std::string& peer, Pass& pass) {
  pass.peer_ = peer;
  pass.address_ = AddressOfPeer(peer);
  const bool has_address = !absl::StartsWith(peer, "unix:");
  bool may_replace = false;
  {
    MutexLock lock(mutex_);
    const int64_t of_address = calls_of_[pass.address_]++;
    const int64_t of_all = calls_++;
    pass.gate_ = this;
    pass.must_be_cancelled_ = of_all >= WithMargin(limits_.max_calls) ||
                              (has_address && of_address >= WithMargin(limits_.max_calls_per_address));
    if (has_address && of_address >= limits_.max_calls_per_address) {
      const absl::Status refused = absl::ResourceExhaustedError(
          absl::StrCat("there are ", limits_.max_calls_per_address, " open calls from ", pass.address_,
                       ", which is the limit of an address (server.max_calls_per_address)"));
      Tell(refused);
      return refused;
    }
    if (of_all < limits_.max_calls) return absl::OkStatus();
    may_replace = !pass.must_be_cancelled_;
  }
  // Not under this lock, which a call that ends needs.
  if (may_replace && awaited_.EndOldest()) return absl::OkStatus();
  const absl::Status refused = absl::ResourceExhaustedError(
      absl::StrCat("there are ", limits_.max_calls, " open calls, which is the limit (server.max_calls)"));
  MutexLock lock(mutex_);
  Tell(refused);
  return refused;
}

void CallGate::Await(Pass& pass) {
  {
    MutexLock lock(mutex_);
    SetHasWork(pass, false);
  }
  awaited_.Add(pass.awaited_);
}

bool CallGate::Arrived(Pass& pass) {
  if (!awaited_.Remove(pass.awaited_)) return false;
  MutexLock lock(mutex_);
  SetHasWork(pass, true);
  return true;
}

bool CallGate::HasWork(const std::string& peer) const {
  MutexLock lock(mutex_);
  return work_of_.contains(peer);
}

void CallGate::SetHasWork(Pass& pass, bool has_work) {
  if (std::exchange(pass.has_work_, has_work) == has_work) return;
  int64_t& work = work_of_[pass.peer_];
  work += has_work ? 1 : -1;
  if (work == 0) work_of_.erase(pass.peer_);
}

void CallGate::Leave(Pass& pass) {
  MutexLock lock(mutex_);
  SetHasWork(pass, false);
  const auto found = calls_of_.find(pass.address_);
  if (--found->second == 0) calls_of_.erase(found);
  --calls_;
}

void CallGate::Tell(const absl::Status& refusal) {
  ++refused_;
  const absl::Time now = clock_->Now();
  if (now - told_ < kTellPeriod) return;
  spdlog::warn("{} gRPC calls refused: {}", refused_, std::string(refusal.message()));
  refused_ = 0;
  told_ = now;
}

}  // namespace streamtensor::server
