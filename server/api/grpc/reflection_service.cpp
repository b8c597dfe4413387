// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/reflection_service.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "grpc_reflection.pb.h"
#include "server/api/grpc/call_metadata.h"
#include "server/api/grpc/grpc_order.h"
#include "server/api/grpc/message_outline.h"
#include "server/generation/overdue_calls.h"

namespace streamtensor::server {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;

void WriteError(const absl::Status& status, ServerReflectionResponse& response) {
  response.mutable_error_response()->set_error_code(static_cast<int>(status.code()));
  response.mutable_error_response()->set_error_message(std::string(Shortened(status).message()));
}

void AddFile(const FileDescriptor& file, std::set<const FileDescriptor*>& added,
             ServerReflectionResponse& response) {
  if (!added.insert(&file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  response.mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), added, response);
}

void WriteFile(const FileDescriptor* file, const std::string& wanted, ServerReflectionResponse& response) {
  if (file == nullptr) {
    return WriteError(absl::NotFoundError(absl::StrCat("there is no ", base::Printable(wanted),
                                                       "; list_services names what there is")),
                      response);
  }
  std::set<const FileDescriptor*> added;
  AddFile(*file, added, response);
}

ServerReflectionResponse Answer(const ServerReflectionRequest& request,
                                const std::vector<std::string>& services) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kListServices:
      for (const std::string& name : services) {
        response.mutable_list_services_response()->add_service()->set_name(name);
      }
      break;
    case ServerReflectionRequest::kFileByFilename:
      WriteFile(pool.FindFileByName(request.file_by_filename()), request.file_by_filename(), response);
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      WriteFile(pool.FindFileContainingSymbol(request.file_containing_symbol()),
                request.file_containing_symbol(), response);
      break;
    case ServerReflectionRequest::kFileContainingExtension:
    case ServerReflectionRequest::kAllExtensionNumbersOfType:
      WriteError(absl::NotFoundError("the schemas have no extensions"), response);
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      WriteError(
          absl::InvalidArgumentError("the request asks for nothing; one field of message_request is needed"),
          response);
      break;
  }
  return response;
}

class ReflectionCall : public CallReactor {
 public:
  ReflectionCall(GenerationService* generation, CallGate* gate, const std::vector<std::string>* services,
                 grpc::CallbackServerContext* context)
      : generation_(generation), gate_(gate), services_(services), context_(context) {}

  void Begin() {
    BeforeGrpc(this);
    if (const absl::Status status = gate_->Enter(context_->peer(), pass_); !status.ok())
      return Refuse(status);
    AwaitRequest();
  }

  void OnReadDone(bool ok) override {
    AfterGrpc(this);
    if (!gate_->Arrived(pass_)) return;        // the call has ended
    if (!ok) return Finish(grpc::Status::OK);  // the client has no more requests
    ServerReflectionRequest request;
    if (const absl::Status status = ParseSmallMessage(request_, request); !status.ok()) {
      return End(ToGrpc(status));
    }
    response_ = SerializeMessage(Answer(request, *services_));
    generation_->unread().Add(unread_);
    BeforeGrpc(this);
    StartWrite(&response_);
  }

  void OnWriteDone(bool ok) override {
    AfterGrpc(this);
    generation_->unread().Remove(unread_);
    if (!ok) return End(ToGrpc(absl::CancelledError("the client disconnected")));
    AwaitRequest();
  }

  void OnDone() override {
    AfterGrpc(this);
    gate_->Arrived(pass_);
    generation_->unread().Remove(unread_);
    delete this;
  }

 private:
  void AwaitRequest() {
    request_.Clear();
    gate_->Await(pass_);
    BeforeGrpc(this);
    StartRead(&request_);
  }

  void Refuse(const absl::Status& status) {
    generation_->CountRefusal(status);
    End(ToGrpc(status, *generation_, *context_));
  }

  void End(const grpc::Status& status) {
    generation_->unread().Add(unread_);
    BeforeGrpc(this);
    Finish(status);
  }

  void Abandon() {
    generation_->LogUnread("");
    context_->TryCancel();
  }

  GenerationService* const generation_;
  CallGate* const gate_;
  const std::vector<std::string>* const services_;
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  CallGate::Pass pass_{[this](const absl::Status& status) { Refuse(status); }};
  OverdueCalls::Entry unread_{[this](OverdueCalls::End) { Abandon(); }};
};

}  // namespace

ReflectionService::ReflectionService(GenerationService* generation, CallGate* gate,
                                     std::vector<std::string> services)
    : EarlyService(*ServerReflectionRequest::descriptor()->file(), "ServerReflection"),
      services_(std::move(services)) {
  Handle("ServerReflectionInfo", [=, this](auto* context) {
    auto* const call = new ReflectionCall(generation, gate, &services_, context);
    call->Begin();
    return call;
  });
}

}  // namespace streamtensor::server
