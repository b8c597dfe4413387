// SPDX-License-Identifier: Apache-2.0
// A regular expression of a tokenizer, which splits text.
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"

namespace streamtensor::artifact {

// Immutable after Create() and therefore thread-safe.
class SplitPattern {
 public:
  // `source` is PCRE2 with UTF and UCP. The number of steps per match is limited.
  //   INVALID_ARGUMENT  "is not a valid pattern: ...", where
  static absl::StatusOr<SplitPattern> Create(std::string_view source);

  // Calls found(begin, end) for each match in valid UTF-8, left to right, until it returns false or a match
  // exceeds the limits. Matches may be empty. False: `found` did return false.
  template <class Found>
  bool ForEachMatch(std::string_view text, Found found) const {
    const MatchData match(pcre2_match_data_create(1, nullptr));
    for (size_t at = 0; at < text.size();) {
      int count = Match(text, at, 0, match.get());
      // Deep backtracking that the compiled code has no stack for.
      if (count == PCRE2_ERROR_JIT_STACKLIMIT) count = Match(text, at, PCRE2_NO_JIT, match.get());
      if (count < 0) break;
      const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.get());
      if (range[0] < at || range[1] < range[0]) break;
      if (!found(range[0], range[1])) return false;
      at = range[1];
      if (range[1] > range[0]) continue;
      do ++at;
      while (at < text.size() && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80);
    }
    return true;
  }

 private:
  template <auto free>
  struct Free {
    template <typename T>
    void operator()(T* object) const {
      free(object);
    }
  };
  using CompileContext = std::unique_ptr<pcre2_compile_context, Free<pcre2_compile_context_free>>;
  using MatchContext = std::unique_ptr<pcre2_match_context, Free<pcre2_match_context_free>>;
  using MatchData = std::unique_ptr<pcre2_match_data, Free<pcre2_match_data_free>>;
  using Code = std::unique_ptr<pcre2_code, Free<pcre2_code_free>>;

  int Match(std::string_view text, size_t at, uint32_t options, pcre2_match_data* match) const {
    return pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                       options | PCRE2_NO_UTF_CHECK, match, limits_.get());
  }

  Code code_;
  MatchContext limits_;
};

}  // namespace streamtensor::artifact
