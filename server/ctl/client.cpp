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

Client::Client(const Target& target, bool own_connection) : target(target) {
  gpr_set_log_function([](gpr_log_func_args*) {});  // its lines are not ours to show
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(64 << 20);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, own_connection);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (!target.tls_ca.empty()) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = target.tls_ca;
    credentials = grpc::SslCredentials(options);
  }
  auto channel = grpc::CreateCustomChannel(target.server, credentials, arguments);
  inference = v1::InferenceService::NewStub(channel);
  operations = v1::OperatorService::NewStub(channel);
}

void Client::Prepare(grpc::ClientContext& context, double seconds) const {
  if (!target.token.empty()) context.AddMetadata("authorization", "Bearer " + target.token);
  if (seconds > 0) {
    context.set_deadline(std::chrono::system_clock::now() +
                         std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000)));
  }
}

std::string StatusName(grpc::StatusCode code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

int Fail(const grpc::Status& status, const Client& client) {
  std::string message = status.error_message();
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE &&
      (message.find("connect") != std::string::npos || message.find("DNS") != std::string::npos)) {
    message = "no server answers at " + client.target.server + " (" + message + ")";
  }
  std::fprintf(stderr, "error: %s: %s\n", StatusName(status.error_code()).c_str(), OneLine(message).c_str());
  return 1;
}

int Fail(const std::string& message) {
  std::fprintf(stderr, "error: %s\n", OneLine(message).c_str());
  return 1;
}

}  // namespace streamtensor::ctl
