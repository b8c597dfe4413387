// SPDX-License-Identifier: Apache-2.0
#include "server/service/grpc_server.h"

#include <grpc/support/log.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <netdb.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {
namespace {

// gRPC's own lines are no errors of ours: they go to the debug log.
void LogFromGrpc(gpr_log_func_args* line) { spdlog::debug("grpc: {}", line->message); }

// Why an address can not be bound: gRPC does not tell.
std::string BindError(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), listen.substr(colon + 1).c_str(), &hints, &found);
      error != 0) {
    return gai_strerror(error);
  }
  std::string reason = "it could not be bound";
  const int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
  if (fd >= 0) {
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, found->ai_addr, found->ai_addrlen) != 0) reason = std::strerror(errno);
    close(fd);
  }
  freeaddrinfo(found);
  return reason;
}

}  // namespace

struct GrpcServer::Impl {
  explicit Impl(ServiceContext* context) : context(context), inference(context), operations(context) {}

  ServiceContext* const context;
  InferenceService inference;
  OperatorService operations;
  std::mutex health_mutex;
  std::unique_ptr<grpc::Server> server;
};

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcServer::~GrpcServer() = default;

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const std::string& listen,
                                                              ServiceContext* context) {
  gpr_set_log_function(&LogFromGrpc);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
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
    return absl::UnavailableError(absl::StrCat("can not listen on ", listen, " (gRPC): ", BindError(listen)));
  }
  auto server = std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
  server->UpdateHealth();
  return server;
}

void GrpcServer::UpdateHealth() {
  std::lock_guard lock(impl_->health_mutex);
  grpc::HealthCheckServiceInterface* health = impl_->server->GetHealthCheckService();
  const ModelRegistry& registry = *impl_->context->registry;
  for (const ModelStatus& model : registry.Models())
    health->SetServingStatus(model.name, registry.Serves(model.name));
  health->SetServingStatus("", registry.ServesAll());
}

void GrpcServer::Shutdown(absl::Duration grace) {
  impl_->server->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace));
}

}  // namespace streamtensor::server
