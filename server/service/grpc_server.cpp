// SPDX-License-Identifier: Apache-2.0
#include "server/service/grpc_server.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpc_health.pb.h"
#include "server/metrics/listen_error.h"

namespace streamtensor::server {
namespace {

// gRPC's own lines are no errors of ours: they go to the debug log.
void LogFromGrpc(gpr_log_func_args* line) { spdlog::debug("grpc: {}", line->message); }

}  // namespace

struct GrpcServer::Impl {
  explicit Impl(ServiceContext* context) : context(context), inference(context), operations(context) {}

  ServiceContext* const context;
  InferenceService inference;
  OperatorService operations;
  std::mutex health_mutex;
  std::set<std::string> watched;  // all that were ever told
  std::unique_ptr<grpc::Server> server;
};

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcServer::~GrpcServer() = default;

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const std::string& listen,
                                                              ServiceContext* context) {
  gpr_set_log_function(&LogFromGrpc);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  google::protobuf::LinkMessageReflection<grpc::health::v1::HealthCheckRequest>();  // what reflection tells
  auto impl = std::make_unique<Impl>(context);
  grpc::ServerBuilder builder;
  // Two daemons on one port would share its calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.RegisterService(&impl->inference);
  builder.RegisterService(&impl->operations);
  int port = 0;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr || port == 0) {
    return absl::UnavailableError(
        absl::StrCat("can not listen on ", listen, " (gRPC): ", WhyNotBound(listen)));
  }
  auto server = std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
  server->UpdateHealth();
  return server;
}

void GrpcServer::UpdateHealth() {
  std::lock_guard lock(impl_->health_mutex);
  grpc::HealthCheckServiceInterface* health = impl_->server->GetHealthCheckService();
  const ModelRegistry& registry = *impl_->context->registry;
  std::set<std::string> names;
  for (const ModelStatus& model : registry.Models()) {
    names.insert(model.name);
    health->SetServingStatus(model.name, registry.Serves(model.name));
  }
  // Whoever watches a model that was unloaded must hear of it.
  for (const std::string& name : impl_->watched) {
    if (!names.contains(name)) health->SetServingStatus(name, false);
  }
  impl_->watched.merge(names);
  health->SetServingStatus("", registry.ServesAll());
}

void GrpcServer::Shutdown(absl::Duration grace) {
  impl_->server->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace));
}

}  // namespace streamtensor::server
