// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/unary_reply.h"

#include "server/api/grpc/grpc_order.h"

namespace streamtensor::server {

void UnaryReply::End(const grpc::Status& status) {
  service_->unread().Add(*this);
  BeforeGrpc(this);
  Finish(status);
}

void UnaryReply::OnDone() {
  AfterGrpc(this);
  service_->unread().Remove(*this);
  delete this;
}

void UnaryReply::Abandon() {
  service_->LogUnread(request_id());
  call_->TryCancel();
}

}  // namespace streamtensor::server
