// SPDX-License-Identifier: Apache-2.0
// A model ready to serve: its tokenizer, chat template and cards.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/scheduler/card_group.h"
#include "server/tokenizer/chat_template.h"
#include "server/tokenizer/tokenizer.h"

namespace streamtensor::server {

// Thread-safe.
class LoadedModel {
 public:
  // Without `cards` it only tokenizes.
  LoadedModel(std::string name, std::unique_ptr<Tokenizer> tokenizer,
              absl::StatusOr<std::unique_ptr<ChatTemplate>> chat_template, bool content_special_tokens,
              std::unique_ptr<CardGroup> cards);

  // Reads DIR/tokenizer.bin.
  static absl::StatusOr<std::unique_ptr<Tokenizer>> ReadTokenizer(const std::string& artifact,
                                                                  std::string* chat_template_source);

  const std::string& name() const { return name_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  std::shared_ptr<const Vocabulary> vocabulary() const { return vocabulary_; }
  const runtime::DecoderInfo& info() const { return cards_->workers().front()->info(); }
  // Whether EncodeChat() has a template to render.
  bool can_chat() const { return chat_template_.ok(); }
  // The largest context of its cards; without cards nothing limits it.
  int32_t max_context() const;

  // Tokenizes a plain prompt, with BOS and EOS as the model file specifies.
  //   as Tokenizer::Encode()
  absl::StatusOr<std::vector<uint32_t>> EncodePrompt(std::string_view text, const EncodeBounds& bounds) const;
  // Tokenizes a conversation up to the assistant's answer. Contents are text: unless the model is configured
  // with content_special_tokens, control tokens come from the template alone.
  //   INVALID_ARGUMENT  the template rejects it, or the model has no supported template; a role, as a
  //                     FieldError() with the path chat.messages[I].role, that is not known
  //   as Tokenizer::Encode()
  absl::StatusOr<std::vector<uint32_t>> EncodeChat(std::span<const ChatMessage> messages,
                                                   const EncodeBounds& bounds) const;

  CardGroup& cards() const { return *cards_; }

 private:
  const std::string name_;
  const std::shared_ptr<const Tokenizer> tokenizer_;
  const absl::StatusOr<std::unique_ptr<ChatTemplate>> chat_template_;
  const bool content_special_tokens_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  const std::unique_ptr<CardGroup> cards_;
};

}  // namespace streamtensor::server
