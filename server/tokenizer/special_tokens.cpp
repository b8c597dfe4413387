// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/special_tokens.h"

#include <algorithm>

namespace streamtensor::server {

void SpecialTokens::Add(std::string_view text, uint32_t id, Traits traits) {
  all_.tokens.push_back({text, id, traits, nullptr});
  if (!traits.is_control) user_defined_.tokens.push_back({text, id, traits, nullptr});
}

void SpecialTokens::Finish() {
  all_.Finish();
  user_defined_.Finish();
}

void SpecialTokens::Set::Finish() {
  std::ranges::sort(tokens, {}, &Token::text);
  for (size_t i = 0; i < tokens.size(); ++i) {
    Range& range = ranges[static_cast<uint8_t>(tokens[i].text.front())];
    if (range.begin == range.end) range.begin = i;
    range.end = i + 1;
    // All tokens between a prefix and this one begin with that prefix.
    const Token* prefix = i == 0 ? nullptr : &tokens[i - 1];
    while (prefix != nullptr && !tokens[i].text.starts_with(prefix->text)) prefix = prefix->prefix;
    tokens[i].prefix = prefix;
  }
}

const SpecialTokens::Token* SpecialTokens::Set::FindIn(const Range& range, std::string_view text) const {
  const auto begin = tokens.begin() + static_cast<ptrdiff_t>(range.begin);
  const auto end = tokens.begin() + static_cast<ptrdiff_t>(range.end);
  const auto after = std::ranges::upper_bound(begin, end, text, {}, &Token::text);
  if (after == begin) return nullptr;
  // The last token that is not above the text, or the longest prefix of it that the text begins with.
  const Token* token = &*(after - 1);
  while (token != nullptr && !text.starts_with(token->text)) token = token->prefix;
  return token;
}

}  // namespace streamtensor::server
