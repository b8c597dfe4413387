// SPDX-License-Identifier: Apache-2.0
// Keeps what clients write in a conversation text: a control token spelt in a message's content is marked,
// and the mark keeps it from being recognised once the template has put the content into the prompt.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/tokenizer/chat_template.h"
#include "server/tokenizer/tokenizer.h"

namespace streamtensor::server {

// A conversation whose contents are marked.
struct MarkedMessages {
  std::vector<ChatMessage> messages;
  std::string mark;  // one character that no message had; for Tokenizer::EncodeMarked()
};

// Puts the mark behind the first character of every control token in a content, and of every beginning of one
// that later text could complete (a template may cut or join contents). A beginning that goes on as the
// template's own source does, such as that of "</think>" where "</s>" is a control token, is left as it is:
// templates look for it in contents.
//  INVALID_ARGUMENT  the messages use every character that could be the mark
//  what `poll` returned; it is called now and then meanwhile, and may be null
absl::StatusOr<MarkedMessages> MarkContents(std::span<const ChatMessage> messages, const Tokenizer& tokenizer,
                                            const ChatTemplate& chat_template,
                                            PolledWork::Poll poll = nullptr);

}  // namespace streamtensor::server
