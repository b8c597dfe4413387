// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/tokenizer/unicode.h"

namespace streamtensor::server {
namespace {

// Unicode's White_Space property, spelled out: PCRE2's \s also holds U+180E, which lost the property in
// Unicode 6.3 and which the models' own tokenizers do not treat as a space.
#define ST_SPACE                                                                     \
  "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}" \
  "\\x{202f}\\x{205f}\\x{3000}"

// GPT-2's words: contractions; letters, digits or other marks with the one space before them; white space,
// whose last character is left to the word that follows.
constexpr char kGpt2Words[] = "'(?:s|t|re|ve|m|ll|d)| ?\\p{L}+| ?\\p{N}+| ?[^" ST_SPACE
                              "\\p{L}\\p{N}]+|[" ST_SPACE "]+(?![^" ST_SPACE "])|[" ST_SPACE "]+";

// Llama 3's and, with digits singly, Qwen2's: contractions in either case; letters with the one mark or space
// before them; up to so many digits; other marks with the one space before them and the line ends after them;
// white space that ends in line ends; white space as above.
#define ST_LINE_WORDS(DIGITS)                                                                 \
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" DIGITS "| ?[^" ST_SPACE \
  "\\p{L}\\p{N}]+[\\r\\n]*|[" ST_SPACE "]*[\\r\\n]+|[" ST_SPACE "]+(?![^" ST_SPACE "])|[" ST_SPACE "]+"
constexpr char kLlama3Words[] = ST_LINE_WORDS("{1,3}");
constexpr char kQwen2Words[] = ST_LINE_WORDS("");
#undef ST_LINE_WORDS
#undef ST_SPACE

constexpr char kSingleDigit[] = "\\p{N}";

class Pattern {
 public:
  explicit Pattern(const char* source) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source), PCRE2_ZERO_TERMINATED,
                          PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK, &error, &offset, nullptr);
    // Falls back to interpretation where the machine forbids writable code; the words are the same.
    if (code_ != nullptr) pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE);
  }
  ~Pattern() { pcre2_code_free(code_); }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;

  bool valid() const { return code_ != nullptr; }

  // Calls found(begin, end) for each match in valid UTF-8, left to right.
  template <class Found>
  void ForEachMatch(std::string_view text, Found found) const {
    pcre2_match_data* match = pcre2_match_data_create(1, nullptr);
    for (size_t at = 0; at < text.size();) {
      const int count = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                                    PCRE2_NO_UTF_CHECK, match, nullptr);
      if (count < 0) break;
      const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match);
      if (range[1] <= range[0]) break;
      found(range[0], range[1]);
      at = range[1];
    }
    pcre2_match_data_free(match);
  }

 private:
  pcre2_code* code_ = nullptr;
};

}  // namespace

struct PreTokenizer::Impl {
  Impl(const char* words, bool digits_first) : single_digits(digits_first), word(words) {}

  bool single_digits;
  Pattern digit{kSingleDigit};
  Pattern word;

  void SplitWords(std::string_view text, std::vector<std::string_view>& words) const {
    size_t done = 0;
    word.ForEachMatch(text, [&](size_t begin, size_t end) {
      if (begin > done) words.push_back(text.substr(done, begin - done));
      words.push_back(text.substr(begin, end - begin));
      done = end;
    });
    if (done < text.size()) words.push_back(text.substr(done));
  }

  void SplitValid(std::string_view text, std::vector<std::string_view>& words) const {
    if (!single_digits) return SplitWords(text, words);
    // The pieces between digits are split each by itself: a word's look-ahead ends at a digit.
    size_t done = 0;
    digit.ForEachMatch(text, [&](size_t begin, size_t end) {
      if (begin > done) SplitWords(text.substr(done, begin - done), words);
      words.push_back(text.substr(begin, end - begin));
      done = end;
    });
    if (done < text.size()) SplitWords(text.substr(done), words);
  }
};

PreTokenizer::PreTokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PreTokenizer::~PreTokenizer() = default;

absl::StatusOr<std::unique_ptr<PreTokenizer>> PreTokenizer::Create(
    artifact::v1::Tokenizer::PreTokenizer kind) {
  using artifact::v1::Tokenizer;
  std::unique_ptr<Impl> impl;
  switch (kind) {
    case Tokenizer::PRE_TOKENIZER_GPT2:
      impl = std::make_unique<Impl>(kGpt2Words, false);
      break;
    case Tokenizer::PRE_TOKENIZER_SMOLLM:
      impl = std::make_unique<Impl>(kGpt2Words, true);
      break;
    case Tokenizer::PRE_TOKENIZER_LLAMA3:
      impl = std::make_unique<Impl>(kLlama3Words, false);
      break;
    case Tokenizer::PRE_TOKENIZER_QWEN2:
      impl = std::make_unique<Impl>(kQwen2Words, false);
      break;
    default:
      return absl::UnimplementedError(
          absl::StrCat("pre_tokenizer ", Tokenizer::PreTokenizer_Name(kind), " (", static_cast<int>(kind),
                       ") is not known to this build; known: PRE_TOKENIZER_GPT2, PRE_TOKENIZER_SMOLLM, "
                       "PRE_TOKENIZER_LLAMA3, PRE_TOKENIZER_QWEN2"));
  }
  if (!impl->digit.valid() || !impl->word.valid()) {
    return absl::InternalError("PCRE2 does not compile the pre-tokenizer's pattern (built without Unicode?)");
  }
  return std::unique_ptr<PreTokenizer>(new PreTokenizer(std::move(impl)));
}

void PreTokenizer::Split(std::string_view text, std::vector<std::string_view>& words) const {
  while (!text.empty()) {
    const size_t valid = ValidUtf8Prefix(text);
    impl_->SplitValid(text.substr(0, valid), words);
    if (valid < text.size()) words.push_back(text.substr(valid, 1));
    text.remove_prefix(std::min(text.size(), valid + 1));
  }
}

}  // namespace streamtensor::server
