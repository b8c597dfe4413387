// SPDX-License-Identifier: Apache-2.0
// A service whose calls reach us with their headers. gRPC itself hands over a call of a method with one
// request only when that request is there, and counts nowhere what calls hold that wait for it. To gRPC all
// methods here are streams in both directions; on the wire that is the same.
#pragma once

#include <google/protobuf/descriptor.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <functional>
#include <string>

namespace streamtensor::server {

// A call that is handled by callbacks; its messages are bytes. Deletes itself in OnDone().
using CallReactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

class EarlyService : public grpc::Service {
 public:
  // Of a schema's service `name`, which `file` has.
  EarlyService(const google::protobuf::FileDescriptor& file, const std::string& name);

 protected:
  // Calls of `method` are handled by the reactors that `begin` makes.
  void Handle(const std::string& method, std::function<CallReactor*(grpc::CallbackServerContext*)> begin);
  // Calls of `method` are taken from a queue, by RequestAsyncBidiStreaming() with the index that this
  // returns.
  int Queue(const std::string& method);

 private:
  int Add(const std::string& method);

  const google::protobuf::ServiceDescriptor* const service_;
  std::deque<std::string> paths_;  // gRPC keeps pointers to them
};

}  // namespace streamtensor::server
