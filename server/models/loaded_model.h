// SPDX-License-Identifier: Apache-2.0
// A model that can be asked: its tokenizer, its chat template and the cards that serve it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/scheduler/engine.h"
#include "server/scheduler/sequence.h"
#include "server/tokenizer/chat_template.h"
#include "server/tokenizer/tokenizer.h"

namespace streamtensor::server {

// Thread-safe.
class LoadedModel {
 public:
  // `engines` has at least one.
  LoadedModel(std::string name, std::unique_ptr<Tokenizer> tokenizer,
              absl::StatusOr<std::unique_ptr<ChatTemplate>> chat_template,
              std::vector<std::unique_ptr<Engine>> engines);

  // Reads DIR/tokenizer.bin.
  static absl::StatusOr<std::unique_ptr<Tokenizer>> ReadTokenizer(const std::string& artifact,
                                                                  std::string* chat_template_source);

  const std::string& name() const { return name_; }
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  std::shared_ptr<const Vocabulary> vocabulary() const { return vocabulary_; }
  const runtime::DecoderInfo& info() const { return engines_.front()->info(); }
  // The largest of its cards.
  int32_t max_context() const;

  // A plain prompt's ids, with BOS and EOS as the model file says.
  std::vector<uint32_t> EncodePrompt(std::string_view text) const;
  // A conversation's ids, up to where the assistant is to answer.
  //  INVALID_ARGUMENT  the template refused it, or the model has none, or none that can be handled
  absl::StatusOr<std::vector<uint32_t>> EncodeChat(std::span<const ChatTurn> messages) const;

  // To the ready card with the least to do. Returns the engine to wake for this sequence.
  //  INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE as Engine::Submit(), when no card takes it
  absl::StatusOr<Engine*> Submit(std::shared_ptr<Sequence> sequence) const;

  const std::vector<std::unique_ptr<Engine>>& engines() const { return engines_; }
  bool AnyCardReady() const;

 private:
  const std::string name_;
  const std::shared_ptr<const Tokenizer> tokenizer_;
  const absl::StatusOr<std::unique_ptr<ChatTemplate>> chat_template_;
  const std::shared_ptr<const Vocabulary> vocabulary_;
  const std::vector<std::unique_ptr<Engine>> engines_;
};

}  // namespace streamtensor::server
