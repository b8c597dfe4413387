// SPDX-License-Identifier: Apache-2.0
// Reports about a finished reply.
#pragma once

#include <grpcpp/grpcpp.h>

#include <nlohmann/json.hpp>
#include <string>

#include "server/ctl/client.h"

namespace streamtensor::ctl {

// A complete reply, with times from the client's clock.
struct FinishedReply {
  std::string model;
  std::string request_id;
  v1::GenerateResponse response;
  double client_ttft_seconds = 0;
  double client_seconds = 0;
};

// Tokens after the first, by the time between first and last. 0 for fewer than two tokens.
double DecodeTokensPerSecond(const v1::GenerateResponse& response);

// One object, figures under the word that says what they are: "measured" or "modelled".
nlohmann::ordered_json ReportAsJson(const FinishedReply& reply);

// The same in lines of at most 100 columns. The model's modelled rate is asked of the server.
std::string ReportAsText(const FinishedReply& reply, const Client& client);

}  // namespace streamtensor::ctl
