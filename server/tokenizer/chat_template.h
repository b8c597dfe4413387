// SPDX-License-Identifier: Apache-2.0
// A model's chat template: the subset of Jinja that chat templates use, rendered without side effects.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/tokenizer/polled_work.h"

namespace streamtensor::server {

struct ChatMessage {
  std::string role;
  std::string content;
};

// Immutable after Create(): Render() may be called from any thread at once.
class ChatTemplate {
 public:
  // Parses the whole template.
  //  INVALID_ARGUMENT  a syntax error, as line:column, what was found and what was expected
  //  UNIMPLEMENTED     a tag, filter, test, function or method outside the subset, by name and line
  static absl::StatusOr<std::unique_ptr<ChatTemplate>> Create(std::string_view jinja_source);

  ~ChatTemplate();
  ChatTemplate(const ChatTemplate&) = delete;
  ChatTemplate& operator=(const ChatTemplate&) = delete;

  // What jinja2 renders from the same source (trim_blocks and lstrip_blocks on, as the transformers
  // library sets them). The result is to be encoded with parse_special and without adding BOS. Contents that
  // are not marked (see content_mark.h) may then become special tokens, as they do there.
  // `bos_token` and `eos_token` are the tokens' text, empty where a model has none.
  //  INVALID_ARGUMENT    the template called raise_exception(), with its message; a wrong type or an
  //                      undefined value where one is needed, with its line
  //  RESOURCE_EXHAUSTED  more work or text than the limits allow
  //  what `poll` returned; it is called now and then meanwhile, and may be null
  absl::StatusOr<std::string> Render(std::span<const ChatMessage> messages, bool add_generation_prompt,
                                     std::string_view bos_token, std::string_view eos_token,
                                     PolledWork::Poll poll = nullptr) const;

  // Whether `text` stands anywhere in the template's source.
  bool SourceHas(std::string_view text) const;
  size_t source_bytes() const;
  // Whether `role`, of letters, digits and '_', is one of its string literals.
  bool NamesRole(std::string_view role) const;

 private:
  struct Impl;
  explicit ChatTemplate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace streamtensor::server
