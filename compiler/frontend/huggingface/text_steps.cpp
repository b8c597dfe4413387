// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/text_steps.h"

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "base/status_macros.h"
#include "compiler/frontend/huggingface/json_members.h"
#include "compiler/frontend/huggingface/split_pattern.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::TextStep;
using artifact::v1::Tokenizer;
using nlohmann::json;

absl::Status Invalid(std::string_view message) { return absl::InvalidArgumentError(Message(message)); }

void AddForm(TextStep::Form form, Tokenizer* tokenizer) {
  // One that comes first has a field of its own, which older readers know.
  if (form == TextStep::FORM_C && tokenizer->steps_size() == 0) {
    tokenizer->set_compose(true);
  } else {
    tokenizer->add_steps()->set_form(form);
  }
}

absl::Status ReadStrip(const json& step, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const bool left, BoolMember(step, "strip_left", true));
  ASSIGN_OR_RETURN(const bool right, BoolMember(step, "strip_right", true));
  ASSIGN_OR_RETURN(const std::string spaces, TranslateSplitPattern("\\s"));
  if (left) AddReplacement(Message("\\A", spaces, "+"), "", tokenizer);
  // White space within is looked at once.
  if (right) AddReplacement(Message("(?<!", spaces, ")", spaces, "++\\z"), "", tokenizer);
  return absl::OkStatus();
}

// {"pattern": {"String": "..."}} or {"pattern": {"Regex": "..."}}
absl::Status ReadReplace(const json& step, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const std::string content, StringMember(step, "content", ""));
  const json* pattern = FindMember(step, "pattern");
  if (pattern != nullptr && pattern->is_object() && pattern->size() == 1) {
    ASSIGN_OR_RETURN(const std::string text, StringMember(*pattern, "String", ""));
    if (!text.empty()) {
      ASSIGN_OR_RETURN(const std::string literal, LiteralSplitPattern(text));
      AddReplacement(literal, content, tokenizer);
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const std::string regex, StringMember(*pattern, "Regex", ""));
    if (!regex.empty()) {
      ASSIGN_OR_RETURN(const std::string translated, TranslateSplitPattern(regex));
      AddReplacement(translated, content, tokenizer);
      return absl::OkStatus();
    }
  }
  return Invalid("a 'Replace' in 'normalizer' lacks 'pattern' with one of 'Regex' and 'String'");
}

absl::Status ReadPrecompiled(const json& step, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const std::string text, StringMember(step, "precompiled_charsmap", ""));
  std::string table;
  if (!absl::Base64Unescape(text, &table)) return Invalid("'precompiled_charsmap' is not base64");
  return AddCharsmap(table, /*by_grapheme=*/true, tokenizer);
}

absl::Status ReadBert(const json& step, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const bool cleans, BoolMember(step, "clean_text", true));
  ASSIGN_OR_RETURN(const bool ideographs, BoolMember(step, "handle_chinese_chars", true));
  ASSIGN_OR_RETURN(const bool lowercase, BoolMember(step, "lowercase", true));
  ASSIGN_OR_RETURN(const bool accents, BoolMember(step, "strip_accents", lowercase));
  if (cleans) tokenizer->add_steps()->set_clean(true);
  if (ideographs) tokenizer->add_steps()->set_space_ideographs(true);
  if (accents) {
    tokenizer->add_steps()->set_form(TextStep::FORM_D);
    tokenizer->add_steps()->set_drop_marks(TextStep::MARKS_NONSPACING);
  }
  if (lowercase) tokenizer->add_steps()->set_lowercase(true);
  return absl::OkStatus();
}

}  // namespace

void AddReplacement(std::string_view pattern, std::string_view text, Tokenizer* tokenizer) {
  artifact::v1::Replace* replace = tokenizer->add_steps()->mutable_replace();
  replace->set_pattern(std::string(pattern));
  replace->set_text(std::string(text));
}

absl::Status AddCharsmap(std::string_view table, bool by_grapheme, Tokenizer* tokenizer) {
  if (table.empty()) return absl::OkStatus();
  uint32_t trie_bytes = 0;
  const size_t rest = table.size() < sizeof(trie_bytes) ? 0 : table.size() - sizeof(trie_bytes);
  if (rest > 0) std::memcpy(&trie_bytes, table.data(), sizeof(trie_bytes));
  if (trie_bytes == 0 || trie_bytes % sizeof(uint32_t) != 0 || trie_bytes >= rest || table.back() != '\0') {
    return Invalid(Message("'precompiled_charsmap' has ", table.size(), " bytes and says that ", trie_bytes,
                           " of them are its trie; expected a multiple of 4, and then texts that end with a "
                           "zero byte"));
  }
  artifact::v1::Charsmap* map = tokenizer->add_steps()->mutable_charsmap();
  map->set_trie(std::string(table.substr(sizeof(trie_bytes), trie_bytes)));
  map->set_texts(std::string(table.substr(sizeof(trie_bytes) + trie_bytes)));
  map->set_by_grapheme(by_grapheme);
  return absl::OkStatus();
}

absl::Status ReadTextStep(const json& step, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const std::string type, StringMember(step, "type", ""));
  if (type == "NFC") {
    AddForm(TextStep::FORM_C, tokenizer);
  } else if (type == "NFD") {
    AddForm(TextStep::FORM_D, tokenizer);
  } else if (type == "NFKC") {
    AddForm(TextStep::FORM_KC, tokenizer);
  } else if (type == "NFKD") {
    AddForm(TextStep::FORM_KD, tokenizer);
  } else if (type == "Lowercase") {
    tokenizer->add_steps()->set_lowercase(true);
  } else if (type == "StripAccents") {
    tokenizer->add_steps()->set_drop_marks(TextStep::MARKS_ALL);
  } else if (type == "Strip") {
    return ReadStrip(step, tokenizer);
  } else if (type == "Replace") {
    return ReadReplace(step, tokenizer);
  } else if (type == "Precompiled") {
    return ReadPrecompiled(step, tokenizer);
  } else if (type == "BertNormalizer") {
    return ReadBert(step, tokenizer);
  } else {
    return absl::UnimplementedError(
        Message("normalizer ", Quoted(type), " as ", JsonText(step),
                " can't be used yet; known: BertNormalizer, Lowercase, NFC, NFD, NFKC, NFKD, Precompiled, "
                "Prepend of U+2581, Replace, Strip, StripAccents"));
  }
  return absl::OkStatus();
}

}  // namespace streamtensor::compiler
