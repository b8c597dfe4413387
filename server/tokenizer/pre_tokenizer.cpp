// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "server/tokenizer/unicode.h"

namespace streamtensor::server {
namespace {

// Unicode's White_Space property, spelled out: PCRE2's \s also holds U+180E, which lost the property in
// Unicode 6.3 and which the models' own tokenizers do not treat as a space.
#define ST_SPACE                                                                     \
  "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}" \
  "\\x{202f}\\x{205f}\\x{3000}"

// Words: contractions; letters, digits or other marks with one preceding space; white space, whose last
// character belongs to the next word.
constexpr char kWords[] = "'(?:s|t|re|ve|m|ll|d)| ?\\p{L}+| ?\\p{N}+| ?[^" ST_SPACE
                          "\\p{L}\\p{N}]+|[" ST_SPACE "]+(?![^" ST_SPACE "])|[" ST_SPACE "]+";

// Words that treat line ends: contractions in either case; letters with one preceding mark or space; groups
// of at most that many digits; other marks with one preceding space and the following line ends; white space
// that ends in line ends; white space as above.
#define ST_LINE_WORDS(DIGITS)                                                                 \
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" DIGITS "| ?[^" ST_SPACE \
  "\\p{L}\\p{N}]+[\\r\\n]*|[" ST_SPACE "]*[\\r\\n]+|[" ST_SPACE "]+(?![^" ST_SPACE "])|[" ST_SPACE "]+"
constexpr char kLineWordsDigitGroups[] = ST_LINE_WORDS("{1,3}");
constexpr char kLineWordsDigits[] = ST_LINE_WORDS("");
#undef ST_LINE_WORDS
#undef ST_SPACE

constexpr char kSingleDigit[] = "\\p{N}";

constexpr int kMaxSplits = 64;
constexpr size_t kMaxPatternBytes = size_t{1} << 16;
// Per match: a model's own pattern must not keep a request busy forever.
constexpr uint32_t kMaxMatchSteps = 10'000'000;
constexpr uint32_t kMaxMatchKib = 64 << 10;

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

class Pattern {
 public:
  static absl::StatusOr<Pattern> Create(std::string_view source) {
    const CompileContext context(pcre2_compile_context_create(nullptr));
    pcre2_set_max_pattern_length(context.get(), kMaxPatternBytes);
    int error = 0;
    PCRE2_SIZE offset = 0;
    Pattern pattern;
    pattern.code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source.data()), source.size(),
                                      PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &offset,
                                      context.get()));
    if (pattern.code_ == nullptr) {
      PCRE2_UCHAR text[128] = {};
      pcre2_get_error_message(error, text, sizeof(text));
      return absl::InvalidArgumentError(
          absl::StrCat("is not a valid pattern: ", reinterpret_cast<const char*>(text), " at byte ", offset));
    }
    // Falls back to interpretation where the machine forbids writable code; the words are the same.
    pcre2_jit_compile(pattern.code_.get(), PCRE2_JIT_COMPLETE);
    pattern.limits_.reset(pcre2_match_context_create(nullptr));
    pcre2_set_match_limit(pattern.limits_.get(), kMaxMatchSteps);
    pcre2_set_heap_limit(pattern.limits_.get(), kMaxMatchKib);
    return pattern;
  }

  // Calls found(begin, end) for each match in valid UTF-8, left to right, until it returns false. Matches may
  // be empty. False: it did.
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
  int Match(std::string_view text, size_t at, uint32_t options, pcre2_match_data* match) const {
    return pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                       options | PCRE2_NO_UTF_CHECK, match, limits_.get());
  }

  Code code_;
  MatchContext limits_;
};

// One way to split: into matches and what is between them.
struct Splitter {
  Pattern pattern;
  bool drop_matches = false;
  bool drop_gaps = false;
};

absl::StatusOr<std::vector<Splitter>> SplittersOf(const artifact::v1::Tokenizer& message) {
  using artifact::v1::Tokenizer;
  std::vector<Splitter> splitters;
  const auto add = [&](std::string_view pattern, bool drop_matches, bool drop_gaps) -> absl::Status {
    ASSIGN_OR_RETURN(Pattern compiled, Pattern::Create(pattern));
    splitters.push_back({std::move(compiled), drop_matches, drop_gaps});
    return absl::OkStatus();
  };
  if (message.splits_size() > kMaxSplits) {
    return absl::InvalidArgumentError(
        absl::StrCat("tokenizer: ", message.splits_size(), " splits, expected at most ", kMaxSplits));
  }
  for (int i = 0; i < message.splits_size(); ++i) {
    const artifact::v1::Split& split = message.splits(i);
    if (split.drop_matches() && split.drop_gaps()) {
      return absl::InvalidArgumentError(absl::StrCat("tokenizer: split ", i, " drops all of a text"));
    }
    if (absl::Status status = add(split.pattern(), split.drop_matches(), split.drop_gaps()); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("tokenizer: split ", i, " ", status.message()));
    }
  }
  std::vector<const char*> patterns;
  switch (message.pre_tokenizer()) {
    case Tokenizer::PRE_TOKENIZER_WORDS:
      patterns = {kWords};
      break;
    case Tokenizer::PRE_TOKENIZER_DIGITS_WORDS:
      // The pieces between digits are split each by itself: a word's look-ahead ends at a digit.
      patterns = {kSingleDigit, kWords};
      break;
    case Tokenizer::PRE_TOKENIZER_LINES_DIGIT_GROUPS:
      patterns = {kLineWordsDigitGroups};
      break;
    case Tokenizer::PRE_TOKENIZER_LINES_DIGITS:
      patterns = {kLineWordsDigits};
      break;
    case Tokenizer::PRE_TOKENIZER_NONE:
      break;
    default:
      return absl::UnimplementedError(absl::StrCat(
          "pre_tokenizer ", Tokenizer::PreTokenizer_Name(message.pre_tokenizer()), " (",
          static_cast<int>(message.pre_tokenizer()),
          ") is not known to this build; known: PRE_TOKENIZER_WORDS, PRE_TOKENIZER_DIGITS_WORDS, "
          "PRE_TOKENIZER_LINES_DIGIT_GROUPS, PRE_TOKENIZER_LINES_DIGITS, PRE_TOKENIZER_NONE"));
  }
  for (const char* pattern : patterns) {
    if (absl::Status status = add(pattern, false, false); !status.ok()) {
      return absl::InternalError(
          absl::StrCat("a built-in pattern ", status.message(), " (PCRE2 without Unicode?)"));
    }
  }
  return splitters;
}

}  // namespace

struct PreTokenizer::Impl {
  std::vector<Splitter> splitters;

  // By the splitters from number `step` on. False: `word` did return false.
  bool SplitValid(std::string_view text, size_t step, Word word) const {
    if (text.empty()) return true;
    if (step == splitters.size()) return word(text);
    const Splitter& splitter = splitters[step];
    size_t done = 0;
    const auto gap_until = [&](size_t end) {
      return splitter.drop_gaps || SplitValid(text.substr(done, end - done), step + 1, word);
    };
    const auto found = [&](size_t begin, size_t end) {
      if (!gap_until(begin)) return false;
      done = end;
      return splitter.drop_matches || SplitValid(text.substr(begin, end - begin), step + 1, word);
    };
    return splitter.pattern.ForEachMatch(text, found) && gap_until(text.size());
  }
};

PreTokenizer::PreTokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PreTokenizer::~PreTokenizer() = default;

absl::StatusOr<std::unique_ptr<PreTokenizer>> PreTokenizer::Create(const artifact::v1::Tokenizer& message) {
  auto impl = std::make_unique<Impl>();
  ASSIGN_OR_RETURN(impl->splitters, SplittersOf(message));
  return std::unique_ptr<PreTokenizer>(new PreTokenizer(std::move(impl)));
}

bool PreTokenizer::Split(std::string_view text, Word word) const {
  while (!text.empty()) {
    const size_t valid = ValidUtf8Prefix(text);
    if (!impl_->SplitValid(text.substr(0, valid), 0, word)) return false;
    if (valid == text.size()) return true;
    if (!word(text.substr(valid, 1))) return false;
    text.remove_prefix(valid + 1);
  }
  return true;
}

}  // namespace streamtensor::server
