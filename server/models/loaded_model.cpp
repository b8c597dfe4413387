// SPDX-License-Identifier: Apache-2.0
#include "server/models/loaded_model.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "artifact/artifact.h"
#include "base/field_error.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "server/tokenizer/content_mark.h"

namespace streamtensor::server {
namespace {

class TokenizerVocabulary : public Vocabulary {
 public:
  explicit TokenizerVocabulary(std::shared_ptr<const Tokenizer> tokenizer)
      : tokenizer_(std::move(tokenizer)) {}
  uint32_t size() const override { return tokenizer_->vocabulary(); }
  std::string_view PieceBytes(uint32_t id) const override { return tokenizer_->PieceBytes(id); }
  bool IsControl(uint32_t id) const override { return tokenizer_->IsControl(id); }
  std::span<const uint32_t> end_of_generation() const override { return tokenizer_->end_of_generation(); }

 private:
  const std::shared_ptr<const Tokenizer> tokenizer_;
};

constexpr const char* kRoles[] = {"system", "developer", "user", "assistant", "tool", "function"};

// A template may put a role beside its own text, where any word could complete a special token ("<|" and
// "|>"). So a role is one that all know or one that the template names.
absl::Status CheckRoles(std::span<const ChatMessage> messages, const ChatTemplate& chat_template) {
  for (size_t i = 0; i < messages.size(); ++i) {
    const std::string& role = messages[i].role;
    const bool is_name = std::ranges::all_of(role, [](char c) { return absl::ascii_isalnum(c) || c == '_'; });
    if (std::ranges::count(kRoles, role) > 0) continue;
    if (is_name && chat_template.NamesRole(role)) continue;
    return FieldError(
        absl::StrCat("chat.messages[", i, "].role"),
        absl::StrCat("is \"", base::Printable(role, 40), "\"; allowed are ", absl::StrJoin(kRoles, ", "),
                     ", and roles that the model's template names"));
  }
  return absl::OkStatus();
}

}  // namespace

LoadedModel::LoadedModel(std::string name, std::unique_ptr<Tokenizer> tokenizer,
                         absl::StatusOr<std::unique_ptr<ChatTemplate>> chat_template,
                         bool content_special_tokens, std::unique_ptr<CardGroup> cards)
    : name_(std::move(name)),
      tokenizer_(std::move(tokenizer)),
      chat_template_(std::move(chat_template)),
      content_special_tokens_(content_special_tokens),
      vocabulary_(std::make_shared<TokenizerVocabulary>(tokenizer_)),
      cards_(std::move(cards)) {}

absl::StatusOr<std::unique_ptr<Tokenizer>> LoadedModel::ReadTokenizer(const std::string& artifact,
                                                                      std::string* chat_template_source) {
  const std::string path = absl::StrCat(artifact, "/", artifact::kTokenizerName);
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return absl::NotFoundError(absl::StrCat(path, " cannot be read"));
  if (file.tellg() > static_cast<std::streamoff>(artifact::kMaxTokenizerBytes)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " has ", static_cast<int64_t>(file.tellg()),
                                                   " bytes; allowed are ", artifact::kMaxTokenizerBytes));
  }
  file.seekg(0);
  artifact::v1::Tokenizer message;
  if (!message.ParseFromIstream(&file))
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a tokenizer message"));
  absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer = Tokenizer::Create(message);
  if (!tokenizer.ok()) {
    return absl::Status(tokenizer.status().code(), absl::StrCat(path, ": ", tokenizer.status().message()));
  }
  *chat_template_source = message.chat_template();
  return tokenizer;
}

int32_t LoadedModel::max_context() const {
  if (cards_ == nullptr) return std::numeric_limits<int32_t>::max();
  int32_t max_context = 0;
  for (const auto& worker : cards_->workers()) max_context = std::max(max_context, worker->max_context());
  return max_context;
}

absl::StatusOr<std::vector<uint32_t>> LoadedModel::EncodePrompt(std::string_view text,
                                                                const EncodeBounds& bounds) const {
  ASSIGN_OR_RETURN(std::vector<uint32_t> ids, tokenizer_->Encode(text, /*parse_special=*/false, bounds));
  if (tokenizer_->add_bos() && tokenizer_->bos().has_value()) ids.insert(ids.begin(), *tokenizer_->bos());
  if (tokenizer_->add_eos() && tokenizer_->eos().has_value()) ids.push_back(*tokenizer_->eos());
  return ids;
}

absl::StatusOr<std::vector<uint32_t>> LoadedModel::EncodeChat(std::span<const ChatMessage> messages,
                                                              const EncodeBounds& bounds) const {
  if (!chat_template_.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("model ~", name_, ": ", chat_template_.status().message()));
  }
  MarkedMessages marked;
  if (!content_special_tokens_) {
    RETURN_IF_ERROR(CheckRoles(messages, **chat_template_));
    ASSIGN_OR_RETURN(marked, MarkContents(messages, *tokenizer_, **chat_template_, bounds.poll));
    messages = marked.messages;
  }
  auto text_of = [this](std::optional<uint32_t> id) {
    return id.has_value() ? tokenizer_->PieceBytes(*id) : std::string_view();
  };
  const absl::StatusOr<std::string> text =
      (*chat_template_)
          ->Render(messages, /*add_generation_prompt=*/true, text_of(tokenizer_->bos()),
                   text_of(tokenizer_->eos()), bounds.poll);
  // Any other error is of `bounds.poll`.
  if (absl::IsInvalidArgument(text.status()) || absl::IsResourceExhausted(text.status())) {
    return absl::InvalidArgumentError(
        absl::StrCat("chat: the model's template rejected the messages: ", text.status().message()));
  }
  RETURN_IF_ERROR(text.status());
  return content_special_tokens_ ? tokenizer_->Encode(*text, /*parse_special=*/true, bounds)
                                 : tokenizer_->EncodeMarked(*text, marked.mark, bounds);
}

}  // namespace streamtensor::server
