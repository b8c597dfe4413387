// SPDX-License-Identifier: Apache-2.0
// Metadata of a gRPC call, and conversion of statuses.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/generation/generation_service.h"

namespace streamtensor::server {

// The first value of a metadata key; empty if absent.
std::string Metadata(const grpc::ServerContextBase& call, const char* key);

Caller CallerOf(const grpc::ServerContextBase& call);

// The call's deadline, converted from the system clock to a clock whose time is `now`.
absl::Time DeadlineOf(const grpc::ServerContextBase& call, absl::Time now);

// Same code and message, Shortened().
grpc::Status ToGrpc(const absl::Status& status);
// Also sets retry-after-ms and grpc-retry-pushback-ms if the status carries them.
grpc::Status ToGrpc(const absl::Status& status, const GenerationService& service,
                    grpc::ServerContextBase& call);

}  // namespace streamtensor::server
