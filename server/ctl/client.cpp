// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/client.h"

#include <grpc/support/log.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "absl/status/status.h"

namespace streamtensor::ctl {
namespace {

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}  // namespace

Client::Client(const std::string& server_address) : server(server_address) {
  gpr_set_log_function([](gpr_log_func_args*) {});  // its lines are not ours to show
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(64 << 20);
  auto channel = grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
  inference = v1::InferenceService::NewStub(channel);
  operations = v1::OperatorService::NewStub(channel);
}

std::string StatusName(grpc::StatusCode code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

int Fail(const grpc::Status& status, const Client& client) {
  std::string message = status.error_message();
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && message.find("connect") != std::string::npos) {
    message = "no server answers at " + client.server + " (" + message + ")";
  }
  std::fprintf(stderr, "error: %s: %s\n", StatusName(status.error_code()).c_str(), OneLine(message).c_str());
  return 1;
}

int Fail(const std::string& message) {
  std::fprintf(stderr, "error: %s\n", OneLine(message).c_str());
  return 1;
}

void SetShortDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
}

}  // namespace streamtensor::ctl
