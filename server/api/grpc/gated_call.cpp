// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/gated_call.h"

#include "server/api/grpc/call_metadata.h"
#include "server/api/grpc/grpc_order.h"

namespace streamtensor::server {

void GatedCall::Begin() {
  BeforeGrpc(this);  // the reactions may come from here on
  if (const absl::Status status = gate_->Enter(context_->peer(), pass_); !status.ok()) {
    if (pass_.must_be_cancelled()) context_->TryCancel();
    Refuse(status);
    return;
  }
  AwaitMessage();
}

void GatedCall::AwaitMessage() {
  gate_->Await(pass_);
  BeforeGrpc(this);
  StartRead(&message_);
}

void GatedCall::OnReadDone(bool ok) {
  AfterGrpc(this);
  if (!gate_->Arrived(pass_)) return;  // the call has ended
  if (!ok) return OnNoMessage();
  grpc::ByteBuffer message;
  message.Swap(&message_);
  OnMessage(message);
}

void GatedCall::OnNoMessage() {
  End(ToGrpc(absl::InvalidArgumentError("the call has no message; one is needed")));
}

void GatedCall::End(const grpc::Status& status) {
  AwaitReading();
  BeforeGrpc(this);
  Finish(status);
}

void GatedCall::Refuse(const absl::Status& status) {
  service_->CountRefusal(status);
  End(ToGrpc(status, *service_, *context_));
}

void GatedCall::Abandon() {
  service_->LogUnread(request_id());
  context_->TryCancel();
}

void GatedCall::Forget() {
  gate_->Arrived(pass_);
  HasRead();
}

void GatedCall::OnDone() {
  AfterGrpc(this);
  Forget();
  delete this;
}

void UnaryCall::End(const grpc::Status& status) {
  if (!status.ok()) return GatedCall::End(status);
  AwaitReading();
  BeforeGrpc(this);
  StartWriteAndFinish(&response_, grpc::WriteOptions(), status);
}

}  // namespace streamtensor::server
