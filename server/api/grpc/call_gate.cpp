// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/call_gate.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/access/access_control.h"

namespace streamtensor::server {

CallGate::Pass::~Pass() {
  if (gate_ == nullptr) return;
  gate_->awaited_.Remove(awaited_);
  gate_->Leave(address_);
}

CallGate::CallGate(Limits limits, const Clock* clock)
    : limits_(limits), awaited_("awaited-calls", clock, [] { return kMessageTime; }) {}

absl::Status CallGate::Enter(const std::string& peer, Pass& pass) {
  pass.address_ = AddressOfPeer(peer);
  bool is_full = false;
  {
    MutexLock lock(mutex_);
    int64_t& of_address = calls_of_[pass.address_];
    if (of_address >= limits_.max_calls_per_address && !absl::StartsWith(peer, "unix:")) {
      return absl::ResourceExhaustedError(
          absl::StrCat("there are ", of_address, " open calls from ", pass.address_,
                       ", which is the limit of an address (server.max_calls_per_address)"));
    }
    is_full = calls_ >= limits_.max_calls;
    ++of_address;
    ++calls_;
    pass.gate_ = this;
  }
  // Not under this lock, which a call that ends needs.
  if (!is_full || awaited_.EndOldest()) return absl::OkStatus();
  pass.gate_ = nullptr;
  Leave(pass.address_);
  return absl::ResourceExhaustedError(
      absl::StrCat("there are ", limits_.max_calls, " open calls, which is the limit (server.max_calls)"));
}

void CallGate::Leave(const std::string& address) {
  MutexLock lock(mutex_);
  const auto found = calls_of_.find(address);
  if (--found->second == 0) calls_of_.erase(found);
  --calls_;
}

absl::Status CallGate::NoMessage() {
  return absl::DeadlineExceededError(absl::StrCat("the call's message did not arrive in time, at most ",
                                                  absl::FormatDuration(kMessageTime), " after its headers"));
}

}  // namespace streamtensor::server
