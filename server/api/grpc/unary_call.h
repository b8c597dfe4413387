// SPDX-License-Identifier: Apache-2.0
// A call with one request and one reply. Its client has to send the one and to read the other in time.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/status/status.h"
#include "server/api/grpc/call_gate.h"
#include "server/api/grpc/early_service.h"
#include "server/generation/generation_service.h"
#include "server/generation/overdue_calls.h"

namespace streamtensor::server {

// gRPC keeps it until OnDone(), which follows End(). All pointers outlive it.
class UnaryCall : public CallReactor {
 public:
  UnaryCall(GenerationService* service, CallGate* gate, grpc::CallbackServerContext* context)
      : service_(service), gate_(gate), context_(context) {}

  // Lets the call in and awaits its request. Call once, before gRPC gets this.
  void Begin();

  void OnReadDone(bool ok) final;
  void OnDone() override;

 protected:
  // The request has arrived. End() must follow, perhaps later and on another thread.
  virtual void OnRequest(grpc::ByteBuffer request) = 0;
  // Sends the response, or a status without one. Call once; afterwards this may be gone.
  void End(const grpc::Status& status);
  void SetResponse(grpc::ByteBuffer response) { response_.Swap(&response); }
  // In the log; empty: none.
  virtual std::string request_id() const { return ""; }

  GenerationService& service() const { return *service_; }
  grpc::CallbackServerContext& context() const { return *context_; }

 private:
  // Ends a call that has no request, with an error, which is counted.
  void Refuse(const absl::Status& status);
  void Abandon();

  GenerationService* const service_;
  CallGate* const gate_;
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  CallGate::Pass pass_{[this](const absl::Status& status) { Refuse(status); }};
  OverdueCalls::Entry unread_{[this](OverdueCalls::End) { Abandon(); }};
};

}  // namespace streamtensor::server
