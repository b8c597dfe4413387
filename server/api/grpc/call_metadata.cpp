// SPDX-License-Identifier: Apache-2.0
#include "server/api/grpc/call_metadata.h"

#include <chrono>

namespace streamtensor::server {

std::string Metadata(const grpc::ServerContextBase& call, const char* key) {
  const auto found = call.client_metadata().find(key);
  return found == call.client_metadata().end() ? "" : std::string(found->second.data(), found->second.size());
}

Caller CallerOf(const grpc::ServerContextBase& call) {
  return {Metadata(call, "authorization"), call.peer()};
}

absl::Time DeadlineOf(const grpc::ServerContextBase& call, absl::Time now) {
  const auto deadline = call.deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteFuture();
  return now + absl::FromChrono(deadline - std::chrono::system_clock::now());
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return {static_cast<grpc::StatusCode>(status.code()), std::string(Shortened(status).message())};
}

grpc::Status ToGrpc(const absl::Status& status, const GenerationService& service,
                    grpc::ServerContextBase& call) {
  if (const auto milliseconds = service.RetryAfterMs(status); milliseconds.has_value()) {
    call.AddTrailingMetadata("retry-after-ms", std::to_string(*milliseconds));
    call.AddTrailingMetadata("grpc-retry-pushback-ms", std::to_string(*milliseconds));
  }
  return ToGrpc(status);
}

}  // namespace streamtensor::server
