// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/jinja_lexer.h"

#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"

namespace streamtensor::server::jinja {
namespace {

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {
    if (!source_.empty() && source_.back() == '\n') source_.remove_suffix(1);
  }

  std::vector<Token> Run() {
    while (at_ < source_.size()) {
      LexText();
      if (at_ >= source_.size()) break;
      const char kind = source_[at_ + 1];
      if (kind == '#') {
        SkipComment();
      } else {
        LexInside(kind == '{');
      }
    }
    Add(Token::Kind::kEnd, "end of template");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void Fail(std::string_view what) const {
    throw SyntaxError{absl::StatusCode::kInvalidArgument,
                      absl::StrCat("chat template: line ", line_, ":", column_, ": ", std::string(what))};
  }

  void Advance(size_t count) {
    for (; count > 0 && at_ < source_.size(); --count, ++at_) {
      if (source_[at_] == '\n') {
        ++line_;
        column_ = 1;
      } else {
        ++column_;
      }
    }
  }

  bool StartsWith(std::string_view text) const { return source_.substr(at_, text.size()) == text; }

  void Add(Token::Kind kind, std::string text, Value number = nullptr) {
    tokens_.push_back({kind, std::move(text), std::move(number), line_, column_});
  }

  // Text up to the next opening, less the white space that the tags on either side take.
  void LexText() {
    size_t end = at_;
    while (end + 1 < source_.size() &&
           !(source_[end] == '{' &&
             (source_[end + 1] == '{' || source_[end + 1] == '%' || source_[end + 1] == '#'))) {
      ++end;
    }
    const bool found = end + 1 < source_.size();
    if (!found) end = source_.size();
    std::string_view text = source_.substr(at_, end - at_);
    const size_t whole = text.size();
    if (strip_next_) {
      while (!text.empty() && absl::ascii_isspace(text.front())) text.remove_prefix(1);
    } else if (trim_newline_ && !text.empty() && text.front() == '\n') {
      text.remove_prefix(1);
    }
    if (found) {
      const char mark = end + 2 < source_.size() ? source_[end + 2] : '\0';
      if (mark == '-') {
        while (!text.empty() && absl::ascii_isspace(text.back())) text.remove_suffix(1);
      } else if (source_[end + 1] != '{' && mark != '+') {
        // lstrip_blocks: only where the tag is the first thing on its line.
        size_t keep = text.size();
        while (keep > 0 && (text[keep - 1] == ' ' || text[keep - 1] == '\t')) --keep;
        const size_t line_begin = static_cast<size_t>(text.data() - source_.data()) + keep;
        if (line_begin == 0 || source_[line_begin - 1] == '\n') text = text.substr(0, keep);
      }
    }
    if (!text.empty()) Add(Token::Kind::kText, std::string(text));
    Advance(whole);
    strip_next_ = trim_newline_ = false;
  }

  void SkipComment() {
    const size_t end = source_.find("#}", at_ + 2);
    if (end == std::string_view::npos) Fail("comment without #}");
    strip_next_ = source_[end - 1] == '-' && end - 1 > at_ + 1;
    trim_newline_ = !strip_next_;
    Advance(end + 2 - at_);
  }

  void LexInside(bool output) {
    Add(output ? Token::Kind::kOutputBegin : Token::Kind::kTagBegin, output ? "{{" : "{%");
    Advance(2);
    if (StartsWith("-") || StartsWith("+")) Advance(1);
    const std::string_view close = output ? "}}" : "%}";
    int nesting = 0;
    while (true) {
      while (at_ < source_.size() && absl::ascii_isspace(source_[at_])) Advance(1);
      if (at_ >= source_.size())
        Fail(absl::StrCat("expected ", std::string(close), ", found the end of the template"));
      if (nesting == 0) {
        const bool strip = StartsWith("-") && source_.substr(at_ + 1, 2) == close;
        const bool plus = StartsWith("+") && source_.substr(at_ + 1, 2) == close;
        if (strip || plus || StartsWith(close)) {
          Add(output ? Token::Kind::kOutputEnd : Token::Kind::kTagEnd, std::string(close));
          Advance(strip || plus ? 3 : 2);
          strip_next_ = strip;
          trim_newline_ = !output && !strip && !plus;
          return;
        }
      }
      const char c = source_[at_];
      if (absl::ascii_isalpha(c) || c == '_') {
        LexName();
      } else if (absl::ascii_isdigit(c)) {
        LexNumber();
      } else if (c == '\'' || c == '"') {
        LexString(c);
      } else {
        LexSymbol(nesting);
      }
    }
  }

  void LexName() {
    size_t end = at_;
    while (end < source_.size() && (absl::ascii_isalnum(source_[end]) || source_[end] == '_')) ++end;
    Add(Token::Kind::kName, std::string(source_.substr(at_, end - at_)));
    Advance(end - at_);
  }

  void LexNumber() {
    size_t end = at_;
    bool real = false;
    while (end < source_.size() &&
           (absl::ascii_isdigit(source_[end]) || (!real && source_[end] == '.' && end + 1 < source_.size() &&
                                                  absl::ascii_isdigit(source_[end + 1])))) {
      real |= source_[end] == '.';
      ++end;
    }
    const char* first = source_.data() + at_;
    const char* last = source_.data() + end;
    if (real) {
      double value = 0;
      if (std::from_chars(first, last, value).ec != std::errc()) Fail("number out of range");
      Add(Token::Kind::kNumber, std::string(first, last), value);
    } else {
      int64_t value = 0;
      if (std::from_chars(first, last, value).ec != std::errc()) Fail("number out of range");
      Add(Token::Kind::kNumber, std::string(first, last), value);
    }
    Advance(end - at_);
  }

  void LexString(char quote) {
    std::string text;
    size_t end = at_ + 1;
    for (; end < source_.size() && source_[end] != quote; ++end) {
      if (source_[end] != '\\' || end + 1 >= source_.size()) {
        text.push_back(source_[end]);
        continue;
      }
      const char escaped = source_[++end];
      switch (escaped) {
        case 'n':
          text.push_back('\n');
          break;
        case 't':
          text.push_back('\t');
          break;
        case 'r':
          text.push_back('\r');
          break;
        case '\\':
        case '\'':
        case '"':
          text.push_back(escaped);
          break;
        case 'u':
        case 'x':
        case 'U':
        case 'N':
          Fail(absl::StrCat("escape \\", std::string(1, escaped),
                            " is outside the subset; write the character itself"));
        default:
          text.push_back('\\');
          text.push_back(escaped);
      }
    }
    if (end >= source_.size()) Fail("string without its closing quote");
    Add(Token::Kind::kString, std::move(text));
    Advance(end + 1 - at_);
  }

  void LexSymbol(int& nesting) {
    static constexpr std::string_view kTwo[] = {"==", "!=", "<=", ">=", "//", "**"};
    for (std::string_view symbol : kTwo) {
      if (!StartsWith(symbol)) continue;
      Add(Token::Kind::kSymbol, std::string(symbol));
      return Advance(2);
    }
    const char c = source_[at_];
    if (std::string_view("()[]{}.,:|+-*/%~<>=").find(c) == std::string_view::npos) {
      Fail(absl::StrCat("unexpected character '", base::Printable({&c, 1}), "'"));
    }
    if (c == '(' || c == '[' || c == '{') ++nesting;
    if (c == ')' || c == ']' || c == '}') {
      if (--nesting < 0) Fail(absl::StrCat("'", std::string(1, c), "' closes nothing"));
    }
    Add(Token::Kind::kSymbol, std::string(1, c));
    Advance(1);
  }

  std::string_view source_;
  size_t at_ = 0;
  int line_ = 1, column_ = 1;
  bool strip_next_ = false, trim_newline_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Lex(std::string_view source) { return Lexer(source).Run(); }

}  // namespace streamtensor::server::jinja
