// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/grpc_server.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "server/api/grpc/arrival_queue.h"
#include "server/api/grpc/call_gate.h"
#include "server/api/grpc/connection_listener.h"
#include "server/api/grpc/generate_call.h"
#include "server/api/grpc/health_service.h"
#include "server/api/grpc/inference_service.h"
#include "server/api/grpc/reflection_service.h"
#include "server/api/grpc/stream_writer.h"

namespace streamtensor::server {
namespace {

// gRPC's own log lines are not our errors: they go to the debug log. After a failed assertion it ends the
// process.
void LogFromGrpc(gpr_log_func_args* line) {
  if (absl::StrContains(line->message, "assertion failed")) {
    std::fprintf(stderr, "%s:%d: %s\n", line->file, line->line, line->message);
  }
  spdlog::debug("grpc: {}", line->message);
}

// Same for protobuf: malformed client messages.
void LogFromProtobuf(google::protobuf::LogLevel, const char*, int, const std::string& message) {
  spdlog::debug("protobuf: {}", message);
}

std::shared_ptr<grpc::ServerCredentials> CredentialsFrom(const std::optional<TlsPair>& tls) {
  if (!tls.has_value()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({tls->key, tls->certificate});
  return grpc::SslServerCredentials(options);
}

// Streams that can start at once without waiting for an arrival thread.
constexpr int kAwaitedStreams = 32;
constexpr int kMaxIdleMs = 60000;
constexpr int kHandshakeTimeoutMs = 10000;

}  // namespace

struct GrpcServer::Impl {
  Impl(const ServerConfig& config, GenerationService* generation, const ModelRegistry* registry)
      : generation(generation),
        registry(registry),
        gate({.max_calls = config.max_calls, .max_calls_per_address = config.max_calls_per_address},
             &generation->clock()),
        inference(generation, registry, &gate),
        operations(generation, registry, &gate),
        health(generation, &gate),
        reflection(generation, &gate,
                   {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection",
                    "streamtensor.v1.InferenceService", "streamtensor.v1.OperatorService"}) {}

  void StartStreams() {
    streams->Start();
    for (int i = 0; i < kAwaitedStreams; ++i) {
      AwaitGenerateStream(generation, &gate, &inference, arrivals.get(), streams.get());
    }
    arrivals->Start();
  }

  // The server accepts no more calls; the remaining ones are cancelled or about to end.
  ~Impl() {
    listener.reset();
    health.Shutdown();
    if (server != nullptr) server->Shutdown(std::chrono::system_clock::now());
    if (streams != nullptr) streams->WaitUntilAllLeft();
    if (arrivals != nullptr) arrivals->Close();
  }

  GenerationService* const generation;
  const ModelRegistry* const registry;
  CallGate gate;
  InferenceService inference;
  OperatorService operations;
  HealthService health;
  ReflectionService reflection;
  std::unique_ptr<StreamWriter> streams;
  std::unique_ptr<ArrivalQueue> arrivals;
  std::unique_ptr<grpc::Server> server;
  std::unique_ptr<ConnectionListener> listener;
};

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcServer::~GrpcServer() = default;

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const ServerConfig& config,
                                                              const std::optional<TlsPair>& tls,
                                                              GenerationService* generation,
                                                              const ModelRegistry* registry,
                                                              std::function<void()> on_refused) {
  gpr_set_log_function(&LogFromGrpc);
  google::protobuf::SetLogHandler(&LogFromProtobuf);
  auto impl = std::make_unique<Impl>(config, generation, registry);
  ASSIGN_OR_RETURN(
      impl->listener,
      ConnectionListener::Bind(
          {.listen = config.listen,
           .max_connections = config.max_connections,
           .max_connections_per_address = config.max_connections_per_address,
           .is_plaintext = !tls.has_value(),
           .on_refused = std::move(on_refused),
           .has_work = [gate = &impl->gate](const std::string& peer) { return gate->HasWork(peer); }}));
  grpc::ServerBuilder builder;
  builder.SetResourceQuota(
      grpc::ResourceQuota("streamtensord").Resize(static_cast<size_t>(config.grpc_memory)));
  builder.SetMaxReceiveMessageSize(static_cast<int>(config.max_message_bytes));
  // gRPC unpacks a message whole before it compares it with that limit: no compression is offered or
  // accepted.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             static_cast<int>(config.max_streams_per_connection));
  // Detects a client whose network vanished after 90 seconds, long before TCP does.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60000);
  // A connection without a call gives its place back; a client's library connects again with the next call.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kMaxIdleMs);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000);
  // Clients may do the same: by default gRPC closes connections that ping more often than every five minutes.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.RegisterService(&impl->inference);
  builder.RegisterService(&impl->operations);
  builder.RegisterService(&impl->health);
  builder.RegisterService(&impl->reflection);
  impl->streams = std::make_unique<StreamWriter>(builder.AddCompletionQueue());
  impl->arrivals = std::make_unique<ArrivalQueue>(builder.AddCompletionQueue());
  using Connections = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  auto acceptor =
      builder.experimental().AddExternalConnectionAcceptor(Connections::FROM_FD, CredentialsFrom(tls));
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr) {
    return absl::UnavailableError(absl::StrCat("gRPC on ", config.listen, " does not start"));
  }
  auto server = std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
  server->UpdateHealth();
  server->impl_->StartStreams();
  server->impl_->listener->Run(std::move(acceptor));
  return server;
}

void GrpcServer::UpdateHealth() {
  std::map<std::string, bool> statuses = {{"", impl_->registry->ServesAll()}};
  for (const ModelStatus& model : impl_->registry->Models()) {
    statuses[model.name] = impl_->registry->Serves(model.name);
  }
  impl_->health.SetStatuses(statuses);
}

void GrpcServer::Shutdown(absl::Duration grace) {
  impl_->listener.reset();
  impl_->health.Shutdown();
  impl_->server->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace));
}

}  // namespace streamtensor::server
