// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/early_service.h"

#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {

EarlyService::EarlyService(const google::protobuf::FileDescriptor& file, const std::string& name)
    : service_(file.FindServiceByName(name)) {}

int EarlyService::Add(const std::string& method) {
  paths_.push_back(absl::StrCat("/", service_->full_name(), "/", service_->FindMethodByName(method)->name()));
  AddMethod(new grpc::internal::RpcServiceMethod(paths_.back().c_str(),
                                                 grpc::internal::RpcMethod::BIDI_STREAMING, nullptr));
  return static_cast<int>(paths_.size()) - 1;
}

void EarlyService::Handle(const std::string& method,
                          std::function<CallReactor*(grpc::CallbackServerContext*)> begin) {
  using Handler = grpc::internal::CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer>;
  MarkMethodRawCallback(Add(method), new Handler(std::move(begin)));
}

int EarlyService::Queue(const std::string& method) {
  const int index = Add(method);
  MarkMethodRaw(index);
  return index;
}

}  // namespace streamtensor::server
