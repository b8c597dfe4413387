// SPDX-License-Identifier: Apache-2.0
// The gRPC endpoint: our services, health and reflection on one port.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/access/tls_pair.h"
#include "server/config/config.h"
#include "server/generation/generation_service.h"
#include "server/models/model_registry.h"

namespace streamtensor::server {

// Thread-safe.
class GrpcServer {
 public:
  // Listens on `config.listen`, within the limits of `config`; without a TLS pair connections are plaintext.
  // `on_refused` is called for each connection that is refused. The pointers outlive the server.
  //   UNAVAILABLE  the address cannot be bound, and why
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const ServerConfig& config,
                                                           const std::optional<TlsPair>& tls,
                                                           GenerationService* generation,
                                                           const ModelRegistry* registry,
                                                           std::function<void()> on_refused);
  // All calls must have ended, or Shutdown() been called.
  ~GrpcServer();

  // Updates grpc.health.v1 from the registry: "" is SERVING when all models are.
  void UpdateHealth();

  // Accepts no more calls; those still running after `grace` are cancelled.
  void Shutdown(absl::Duration grace);

 private:
  struct Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace streamtensor::server
