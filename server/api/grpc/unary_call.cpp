// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/unary_call.h"

#include "server/api/grpc/call_metadata.h"
#include "server/api/grpc/grpc_order.h"

namespace streamtensor::server {

void UnaryCall::Begin() {
  BeforeGrpc(this);  // the reactions may come from here on
  if (const absl::Status status = gate_->Enter(context_->peer(), pass_); !status.ok()) {
    if (pass_.must_be_cancelled()) context_->TryCancel();
    Refuse(status);
    return;
  }
  gate_->Await(pass_);
  StartRead(&request_);
}

void UnaryCall::OnReadDone(bool ok) {
  AfterGrpc(this);
  if (!gate_->Arrived(pass_)) return;  // the call has ended
  if (!ok) {
    // Nobody reads this of a client that is gone, or whose message gRPC refuses.
    End(ToGrpc(absl::InvalidArgumentError("the call has no message; one is needed")));
    return;
  }
  grpc::ByteBuffer request;
  request.Swap(&request_);
  OnRequest(request);
}

void UnaryCall::End(const grpc::Status& status) {
  service_->unread().Add(unread_);
  BeforeGrpc(this);
  if (status.ok()) {
    StartWriteAndFinish(&response_, grpc::WriteOptions(), status);
  } else {
    Finish(status);
  }
}

void UnaryCall::Refuse(const absl::Status& status) {
  service_->CountRefusal(status);
  End(ToGrpc(status, *service_, *context_));
}

void UnaryCall::OnDone() {
  AfterGrpc(this);
  gate_->Arrived(pass_);
  service_->unread().Remove(unread_);
  delete this;
}

void UnaryCall::Abandon() {
  service_->LogUnread(request_id());
  context_->TryCancel();
}

}  // namespace streamtensor::server
