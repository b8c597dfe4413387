// SPDX-License-Identifier: Apache-2.0
// A conversation with a model, line by line from stdin.
#pragma once

#include <string>

#include "server/ctl/client.h"
#include "server/ctl/interrupts.h"
#include "server/ctl/reply_options.h"

namespace streamtensor::ctl {

struct ChatOptions {
  ReplyOptions reply;
  std::string system;  // empty: no system message
};

// Answers each line until the input ends and returns the exit code. On a terminal there are commands (/help),
// an error ends the turn alone, and SIGINT stops a reply; elsewhere an error ends the conversation. Any other
// signal of `interrupts` ends it.
int Converse(const Client& client, const ChatOptions& options, Interrupts& interrupts);

// A conversation of one question; its answer streams to stdout.
int AskOnce(const Client& client, const ChatOptions& options, const std::string& question,
            Interrupts& interrupts);

}  // namespace streamtensor::ctl
