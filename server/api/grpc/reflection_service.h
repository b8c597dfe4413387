// SPDX-License-Identifier: Apache-2.0
// grpc.reflection.v1alpha.ServerReflection: describes the server's services to clients without their schemas.
// gRPC's own service spends a thread on each open call.
#pragma once

#include <string>
#include <vector>

#include "server/api/grpc/call_gate.h"
#include "server/api/grpc/early_service.h"
#include "server/generation/generation_service.h"

namespace streamtensor::server {

class ReflectionService : public EarlyService {
 public:
  // `services` are full names, to be listed; all pointers outlive this.
  ReflectionService(GenerationService* generation, CallGate* gate, std::vector<std::string> services);

 private:
  const std::vector<std::string> services_;
};

}  // namespace streamtensor::server
