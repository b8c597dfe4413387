// SPDX-License-Identifier: Apache-2.0
// How many calls are let in, and for how long they may owe their messages, in simulated time.
#include "server/api/grpc/call_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace streamtensor::server {
namespace {

class SteppedClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(seconds); }
  std::atomic<int64_t> seconds = 1000;
};

struct Call {
  std::atomic<int> ended = 0;
  std::promise<absl::Status> end;
  CallGate::Pass pass{[this](const absl::Status& status) {
    if (++ended == 1) end.set_value(status);
  }};
};

TEST(CallGate, CallsOfAnAddressAreBounded) {
  SteppedClock clock;
  CallGate gate({.max_calls = 100, .max_calls_per_address = 2}, &clock);
  auto first = std::make_unique<Call>();
  Call second;
  auto third = std::make_unique<Call>();
  Call of_another;
  Call next;
  EXPECT_TRUE(gate.Enter("ipv4:10.0.0.7:1", first->pass).ok());
  EXPECT_TRUE(gate.Enter("ipv4:10.0.0.7:2", second.pass).ok());
  const absl::Status refused = gate.Enter("ipv4:10.0.0.7:3", third->pass);
  EXPECT_EQ(refused, absl::ResourceExhaustedError(
                         "there are 2 open calls from ipv4:10.0.0.7, which is the limit of an "
                         "address (server.max_calls_per_address)"));
  EXPECT_TRUE(gate.Enter("ipv4:10.0.0.8:1", of_another.pass).ok());
  EXPECT_FALSE(third->pass.must_be_cancelled());
  first.reset();
  third.reset();
  EXPECT_TRUE(gate.Enter("ipv4:10.0.0.7:4", next.pass).ok());
}

TEST(CallGate, RefusedCallsThatStayAreCancelled) {
  SteppedClock clock;
  CallGate gate({.max_calls = 1000, .max_calls_per_address = 80}, &clock);
  std::vector<std::unique_ptr<Call>> calls;
  int refused = 0;
  while (calls.empty() || !calls.back()->pass.must_be_cancelled()) {
    ASSERT_LT(calls.size(), 1000u);
    calls.push_back(std::make_unique<Call>());
    refused += gate.Enter("ipv4:10.0.0.7:1", calls.back()->pass).ok() ? 0 : 1;
  }
  EXPECT_EQ(calls.size() - static_cast<size_t>(refused), 80u);
  EXPECT_EQ(refused, 80 / 8 + 16 + 1);
}

TEST(CallGate, ANetworkOfIpv6IsOneAddressAndASocketOfTheHostNone) {
  SteppedClock clock;
  CallGate gate({.max_calls = 100, .max_calls_per_address = 1}, &clock);
  std::vector<std::unique_ptr<Call>> calls;
  const auto enters = [&](const std::string& peer) {
    calls.push_back(std::make_unique<Call>());
    return gate.Enter(peer, calls.back()->pass).ok();
  };
  EXPECT_TRUE(enters("ipv6:%5B2001:db8::7%5D:51234"));
  EXPECT_FALSE(enters("ipv6:%5B2001:db8::8%5D:51234"));
  EXPECT_TRUE(enters("ipv6:%5B2001:db8:0:1::8%5D:51234"));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(enters("unix:/run/streamtensor.sock"));
}

TEST(CallGate, WhoOwesAMessageForTheLongestGivesItsPlace) {
  SteppedClock clock;
  CallGate gate({.max_calls = 2, .max_calls_per_address = 2}, &clock);
  Call served;
  Call idle;
  Call next;
  Call last;
  ASSERT_TRUE(gate.Enter("ipv4:10.0.0.1:1", served.pass).ok());
  gate.Await(served.pass);
  ASSERT_TRUE(gate.Enter("ipv4:10.0.0.2:1", idle.pass).ok());
  gate.Await(idle.pass);
  EXPECT_TRUE(gate.Arrived(served.pass));
  EXPECT_TRUE(gate.Enter("ipv4:10.0.0.3:1", next.pass).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(idle.end.get_future().get()));
  EXPECT_FALSE(gate.Arrived(idle.pass));
  // Nobody owes one any more.
  EXPECT_EQ(gate.Enter("ipv4:10.0.0.4:1", last.pass),
            absl::ResourceExhaustedError("there are 2 open calls, which is the limit (server.max_calls)"));
  EXPECT_EQ(served.ended, 0);
}

TEST(CallGate, ACallHasWorkFromItsMessageOn) {
  SteppedClock clock;
  CallGate gate({.max_calls = 10, .max_calls_per_address = 10}, &clock);
  const std::string peer = "ipv4:10.0.0.1:1";
  auto first = std::make_unique<Call>();
  auto second = std::make_unique<Call>();
  ASSERT_TRUE(gate.Enter(peer, first->pass).ok());
  ASSERT_TRUE(gate.Enter(peer, second->pass).ok());
  gate.Await(first->pass);
  gate.Await(second->pass);
  EXPECT_FALSE(gate.HasWork(peer));
  EXPECT_TRUE(gate.Arrived(first->pass));
  EXPECT_TRUE(gate.Arrived(second->pass));
  first.reset();
  EXPECT_TRUE(gate.HasWork(peer));
  EXPECT_FALSE(gate.HasWork("ipv4:10.0.0.1:2"));
  gate.Await(second->pass);  // its next message
  EXPECT_FALSE(gate.HasWork(peer));
  EXPECT_TRUE(gate.Arrived(second->pass));
  EXPECT_TRUE(gate.HasWork(peer));
  second.reset();
  EXPECT_FALSE(gate.HasWork(peer));
}

TEST(CallGate, AMessageMustComeInTime) {
  SteppedClock clock;
  CallGate gate({.max_calls = 2, .max_calls_per_address = 2}, &clock);
  Call late;
  Call later;
  ASSERT_TRUE(gate.Enter("ipv4:10.0.0.1:1", late.pass).ok());
  ASSERT_TRUE(gate.Enter("ipv4:10.0.0.1:1", later.pass).ok());
  gate.Await(late.pass);
  clock.seconds += 30;
  gate.Await(later.pass);
  clock.seconds += 30;
  EXPECT_EQ(late.end.get_future().get(),
            absl::DeadlineExceededError("the call's message did not arrive within 1m"));
  EXPECT_FALSE(gate.Arrived(late.pass));
  EXPECT_TRUE(gate.Arrived(later.pass));
  EXPECT_EQ(later.ended, 0);
}

}  // namespace
}  // namespace streamtensor::server
