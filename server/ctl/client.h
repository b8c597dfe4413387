// SPDX-License-Identifier: Apache-2.0
// The connection to a daemon.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "streamtensor/v1/inference.grpc.pb.h"
#include "streamtensor/v1/operator.grpc.pb.h"

namespace streamtensor::ctl {

struct Client {
  // `server` is HOST:PORT. Connects with the first call.
  explicit Client(const std::string& server);

  std::string server;
  std::unique_ptr<v1::InferenceService::Stub> inference;
  std::unique_ptr<v1::OperatorService::Stub> operations;
};

// "NOT_FOUND".
std::string StatusName(grpc::StatusCode code);

// Prints "error: NOT_FOUND: ..." on stderr, one line, and returns the exit code 1.
int Fail(const grpc::Status& status, const Client& client);
int Fail(const std::string& message);

// Limits a call that answers at once.
void SetShortDeadline(grpc::ClientContext& context);

}  // namespace streamtensor::ctl
