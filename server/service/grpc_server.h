// SPDX-License-Identifier: Apache-2.0
// The gRPC endpoint: our services, health and reflection on one port.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/service/inference_service.h"

namespace streamtensor::server {

// PEM files, both or neither.
struct TlsFiles {
  std::string certificate;
  std::string key;
};

// Thread-safe.
class GrpcServer {
 public:
  // `listen` is HOST:PORT; without TLS files connections are not encrypted. `context` outlives the server.
  //  UNAVAILABLE  the address can not be bound, and why; NOT_FOUND, INVALID_ARGUMENT  a file for TLS
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const std::string& listen, const TlsFiles& tls,
                                                           ServiceContext* context);
  // Calls must have ended, or Shutdown() been called.
  ~GrpcServer();

  // Brings grpc.health.v1 up to date with the registry: "" serves when all models do.
  void UpdateHealth();

  // Takes no more calls; those still running after `grace` are cancelled.
  void Shutdown(absl::Duration grace);

 private:
  struct Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace streamtensor::server
