// SPDX-License-Identifier: Apache-2.0
// Finds special tokens in text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "server/tokenizer/unicode.h"

namespace streamtensor::server {

// Thread-safe once no more are added.
class SpecialTokens {
 public:
  struct Traits {
    bool is_control = false;  // found only when asked for
    // Takes the white space before it, or after it, with it.
    bool strips_left = false;
    bool strips_right = false;
  };
  // `text` is not empty and outlives this.
  void Add(std::string_view text, uint32_t id, Traits traits);
  // After the last Add().
  void Finish();

  bool HasControls() const { return all_.tokens.size() != user_defined_.tokens.size(); }

  // Calls text_part(part) and special(id) as they follow each other in `text`, of the tokens that begin at
  // one place the longest, until one of them returns false. False: one did.
  template <class TextPart, class Special>
  bool ForEachPart(std::string_view text, bool parse_control, TextPart text_part, Special special) const {
    const Set& set = parse_control ? all_ : user_defined_;
    size_t done = 0;
    for (size_t at = 0; at < text.size();) {
      const Token* const token = set.Find(text.substr(at));
      if (token == nullptr) {
        ++at;
        continue;
      }
      std::string_view before = text.substr(done, at - done);
      if (token->traits.strips_left) before.remove_suffix(TrailingSpaceBytes(before));
      if (!text_part(before) || !special(token->id)) return false;
      at += token->text.size();
      if (token->traits.strips_right) at += LeadingSpaceBytes(text.substr(at));
      done = at;
    }
    return text_part(text.substr(done));
  }

 private:
  struct Token {
    std::string_view text;
    uint32_t id;
    Traits traits;
    const Token* prefix;  // the longest other token that this one begins with; may be null
  };
  struct Set {
    void Finish();
    // The longest token that `text`, which is not empty, begins with; null: none.
    const Token* Find(std::string_view text) const {
      const Range& range = ranges[static_cast<uint8_t>(text.front())];
      return range.begin == range.end ? nullptr : FindIn(range, text);
    }

    struct Range {
      size_t begin = 0, end = 0;
    };
    const Token* FindIn(const Range& range, std::string_view text) const;

    std::vector<Token> tokens;      // ascending by text
    std::array<Range, 256> ranges;  // of tokens with the same first byte
  };

  Set all_, user_defined_;
};

}  // namespace streamtensor::server
