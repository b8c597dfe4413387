// SPDX-License-Identifier: Apache-2.0
// The connection to a daemon.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "streamtensor/v1/inference.grpc.pb.h"
#include "streamtensor/v1/operator.grpc.pb.h"

namespace streamtensor::ctl {

// The daemon's address, and the client's credentials.
struct Target {
  std::string server = "127.0.0.1:50051";  // HOST:PORT
  std::string token;                       // bearer token; empty: none is sent
  std::string tls_ca;                      // PEM text of who signed the daemon's certificate; empty: no TLS
};

struct Client {
  // Connects on the first call. `own_connection` is not shared with other clients of this process.
  explicit Client(const Target& target, bool own_connection = false);

  // Sets up every call's context; `seconds` > 0 limits the call.
  void Prepare(grpc::ClientContext& context, double seconds = 0) const;
  // For a call that should answer immediately.
  void PrepareShort(grpc::ClientContext& context) const { Prepare(context, 10); }

  Target target;
  std::unique_ptr<v1::InferenceService::Stub> inference;
  std::unique_ptr<v1::OperatorService::Stub> operations;
};

// "NOT_FOUND".
std::string StatusName(grpc::StatusCode code);

// Prints "error: NOT_FOUND: ..." on stderr, one line, and returns the exit code 1.
int Fail(const grpc::Status& status, const Client& client);
int Fail(const std::string& message);

}  // namespace streamtensor::ctl
