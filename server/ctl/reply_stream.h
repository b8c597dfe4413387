// SPDX-License-Identifier: Apache-2.0
// One streamed reply.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <string>

#include "server/ctl/client.h"
#include "server/ctl/interrupts.h"
#include "server/ctl/reply_report.h"

namespace streamtensor::ctl {

struct CallOptions {
  double timeout_seconds = 0;              // 0: none
  std::string request_id;                  // empty: the daemon makes one up
  const Interrupts* interrupts = nullptr;  // signals that cancel the call; may be null
};

// Writes a reply's text to stdout at once.
void Print(const std::string& text);

// Streams a reply, passing on its text as it comes. `reply` also holds what came of a reply that failed.
grpc::Status StreamReply(const Client& client, const v1::GenerateRequest& request, const CallOptions& call,
                         const std::function<void(const std::string&)>& on_text, FinishedReply& reply);

}  // namespace streamtensor::ctl
