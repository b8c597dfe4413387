// SPDX-License-Identifier: Apache-2.0
// What a gRPC call says beside its message, and how a status is told to its client.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/generation/generation_service.h"

namespace streamtensor::server {

inline constexpr char kRequestIdMetadata[] = "x-request-id";

// The first value of a request's metadata; empty if there is none.
std::string Metadata(const grpc::ServerContextBase& call, const char* key);

Caller CallerOf(const grpc::ServerContextBase& call);

// The call's deadline, which gRPC tells by the system's clock, by a clock that says `now`.
absl::Time DeadlineOf(const grpc::ServerContextBase& call, absl::Time now);

// The same code and message, Shortened().
grpc::Status ToGrpc(const absl::Status& status);
// Also sets retry-after-ms and grpc-retry-pushback-ms where the service says when to try again.
grpc::Status ToGrpc(const absl::Status& status, const GenerationService& service,
                    grpc::ServerContextBase& call);

}  // namespace streamtensor::server
