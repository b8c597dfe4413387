// SPDX-License-Identifier: Apache-2.0
// The reply of a call that is not streamed. Its client has to read it in time, as with streams.
#pragma once

#include <grpcpp/grpcpp.h>

#include "server/generation/generation_service.h"
#include "server/generation/unread_replies.h"

namespace streamtensor::server {

// gRPC keeps it until OnDone(), which follows End(). Both pointers outlive it.
class UnaryReply : public grpc::ServerUnaryReactor, private UnreadReplies::Reply {
 public:
  UnaryReply(GenerationService* service, grpc::CallbackServerContext* call)
      : service_(service), call_(call) {}

  // Sends the response, or a status without one. Call once; afterwards this may be gone.
  void End(const grpc::Status& status);

  void OnDone() override;

 protected:
  // In the log; empty: none.
  virtual std::string request_id() const { return ""; }

 private:
  void Abandon() override;

  GenerationService* const service_;
  grpc::CallbackServerContext* const call_;
};

}  // namespace streamtensor::server
