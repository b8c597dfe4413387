// SPDX-License-Identifier: Apache-2.0
// A call that passes the gate, and whose client has to send its messages and to read the replies in time.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "server/api/grpc/call_gate.h"
#include "server/api/grpc/early_service.h"
#include "server/generation/generation_service.h"
#include "server/generation/overdue_calls.h"

namespace streamtensor::server {

// gRPC keeps it until OnDone(), which follows End(). All pointers outlive it.
class GatedCall : public CallReactor {
 public:
  GatedCall(GenerationService* service, CallGate* gate, grpc::CallbackServerContext* context)
      : service_(service), gate_(gate), context_(context) {}

  // Lets the call in and awaits its first message. Call once, before gRPC gets this.
  void Begin();

  void OnReadDone(bool ok) final;
  void OnDone() override;

 protected:
  // An awaited message has arrived.
  virtual void OnMessage(grpc::ByteBuffer message) = 0;
  // None will: the client sends no more, is gone, or sent what gRPC refuses.
  virtual void OnNoMessage();
  // Ends the call; afterwards this may be gone. This one ends it without a reply; call it once.
  virtual void End(const grpc::Status& status);
  // End() with an error, which is counted.
  void Refuse(const absl::Status& status);
  // In the log; empty: none.
  virtual std::string request_id() const { return ""; }

  void AwaitMessage();
  // The client has to read what is sent next, until HasRead().
  void AwaitReading() { service_->unread().Add(unread_); }
  void HasRead() { service_->unread().Remove(unread_); }
  // Nothing of this call is awaited any more. To be called before it is destroyed.
  void Forget();

  GenerationService& service() const { return *service_; }
  grpc::CallbackServerContext& context() const { return *context_; }

 private:
  void Abandon();

  GenerationService* const service_;
  CallGate* const gate_;
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer message_;
  CallGate::Pass pass_{[this](const absl::Status& status) { Refuse(status); }};
  OverdueCalls::Entry unread_{[this](OverdueCalls::End) { Abandon(); }};
};

// With one request and one reply.
class UnaryCall : public GatedCall {
 public:
  using GatedCall::GatedCall;

 protected:
  // Sends the response, or a status without one. Call once, perhaps later and on another thread; afterwards
  // this may be gone.
  void End(const grpc::Status& status) final;
  void SetResponse(grpc::ByteBuffer response) { response_.Swap(&response); }

 private:
  grpc::ByteBuffer response_;
};

// The reactor of a new call.
template <typename Call, typename... Arguments>
CallReactor* BeginCall(Arguments&&... arguments) {
  auto* const call = new Call(std::forward<Arguments>(arguments)...);
  call->Begin();
  return call;
}

}  // namespace streamtensor::server
