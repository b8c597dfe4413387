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
#include "server/api/grpc/gated_call.h"
#include "server/api/grpc/grpc_order.h"
#include "server/api/grpc/message_outline.h"

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

class ReflectionCall : public GatedCall {
 public:
  ReflectionCall(GenerationService* generation, CallGate* gate, const std::vector<std::string>* services,
                 grpc::CallbackServerContext* context)
      : GatedCall(generation, gate, context), services_(services) {}

  void OnWriteDone(bool ok) override {
    AfterGrpc(this);
    HasRead();
    if (!ok) return End(ToGrpc(absl::CancelledError("the client disconnected")));
    AwaitMessage();
  }

 protected:
  void OnMessage(grpc::ByteBuffer bytes) override {
    ServerReflectionRequest request;
    if (const absl::Status status = ParseSmallMessage(bytes, request); !status.ok()) {
      return End(ToGrpc(status));
    }
    response_ = SerializeMessage(Answer(request, *services_));
    AwaitReading();
    BeforeGrpc(this);
    StartWrite(&response_);
  }

  // The client has no more requests.
  void OnNoMessage() override { End(grpc::Status::OK); }

 private:
  const std::vector<std::string>* const services_;
  grpc::ByteBuffer response_;
};

}  // namespace

ReflectionService::ReflectionService(GenerationService* generation, CallGate* gate,
                                     std::vector<std::string> services)
    : EarlyService(*ServerReflectionRequest::descriptor()->file(), "ServerReflection"),
      services_(std::move(services)) {
  Handle("ServerReflectionInfo", [=, this](auto* context) {
    return BeginCall<ReflectionCall>(generation, gate, &services_, context);
  });
}

}  // namespace streamtensor::server
