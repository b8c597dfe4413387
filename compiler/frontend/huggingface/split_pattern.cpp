// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/split_pattern.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

constexpr size_t kMaxPatternBytes = 4096;
constexpr size_t kMaxGroupDepth = 64;
constexpr uint32_t kMaxRepeats = 1000;

// Inside of brackets. PCRE2's own \s also holds U+180E, which lost White_Space in Unicode 6.3.
constexpr std::string_view kSpace =
    "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{"
    "3000}";
constexpr std::string_view kDigit = "\\p{Nd}";
constexpr std::string_view kWord = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
// The other numbers of Latin-1, which Oniguruma counts as word characters outside of brackets alone.
constexpr std::string_view kWordOutside = "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}";

constexpr std::string_view kCategories[] = {
    "L",  "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N",  "Nd", "Nl", "No", "P",  "Pc",
    "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Z",  "Zs", "Zl", "Zp",
};
constexpr std::string_view kScripts[] = {
    "Arabic",    "Armenian", "Bengali", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek",
    "Han",       "Hangul",   "Hebrew",  "Hiragana", "Katakana",   "Khmer",    "Lao",      "Latin",
    "Mongolian", "Myanmar",  "Sinhala", "Tamil",    "Telugu",     "Thai",     "Tibetan",
};

// Beginnings of what Unicode folds one character to, in ASCII.
constexpr std::string_view kFoldedPairs[] = {"ff", "fi", "fl", "ss", "st"};

template <typename Names>
bool Contains(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::string Character(uint32_t character) { return absl::StrFormat("\\x{%x}", character); }

// One pass over the expression, which writes as it reads.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  absl::StatusOr<std::string> Translate() {
    RETURN_IF_ERROR(Alternatives(0));
    if (!AtEnd()) return Invalid("a ')' without '('");
    return std::move(out_);
  }

 private:
  // A member of a class, or what an escape stands for: a character, or text that goes between brackets.
  struct Member {
    std::optional<uint32_t> character;
    std::string set;
    bool negated = false;
  };

  bool AtEnd() const { return at_ == pattern_.size(); }
  bool Ahead(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }
  bool Take(std::string_view text) {
    if (!Ahead(text)) return false;
    at_ += text.size();
    return true;
  }

  absl::Status Invalid(std::string_view what) const {
    return absl::InvalidArgumentError(
        Message("the pattern ", Quoted(pattern_), " has ", what, " at byte ", at_));
  }
  absl::Status Unsupported(std::string_view what) const {
    return absl::UnimplementedError(Message("the pattern ", Quoted(pattern_), " has ", what, " at byte ", at_,
                                            ", which can't be used yet"));
  }

  // The character at at_, which is valid UTF-8.
  uint32_t NextCharacter() {
    const auto first = static_cast<uint8_t>(pattern_[at_]);
    const size_t length = Utf8Bytes(pattern_, at_);
    uint32_t character = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; ++i) {
      character = character << 6 | (static_cast<uint8_t>(pattern_[at_ + i]) & 0x3fu);
    }
    at_ += length;
    return character;
  }

  absl::Status Alternatives(size_t depth) {
    if (depth > kMaxGroupDepth) return Invalid(Message("groups nested more than ", kMaxGroupDepth, " deep"));
    while (!AtEnd() && !Ahead(")")) {
      if (Take("|")) {
        out_ += '|';
        last_literal_ = 0;
        continue;
      }
      RETURN_IF_ERROR(Term(depth));
    }
    return absl::OkStatus();
  }

  absl::Status Term(size_t depth) {
    bool can_repeat = true;
    if (Take("(")) {
      RETURN_IF_ERROR(Group(depth, &can_repeat));
    } else if (Take("[")) {
      RETURN_IF_ERROR(Class());
    } else if (Take(".")) {
      out_ += "[^\\x{a}]";
    } else if (Ahead("^") || Ahead("$")) {
      return Unsupported("an anchor");
    } else if (Ahead("*") || Ahead("+") || Ahead("?")) {
      return Invalid("a quantifier after nothing");
    } else if (Take("\\")) {
      ASSIGN_OR_RETURN(const Member member, Escape());
      if (member.character.has_value()) {
        RETURN_IF_ERROR(Literal(*member.character));
      } else {
        absl::StrAppend(&out_, member.negated ? "[^" : "[", member.set,
                        MessagePiece(member.set == kWord ? kWordOutside : ""), "]");
      }
    } else {
      RETURN_IF_ERROR(Literal(NextCharacter()));
    }
    return Quantifier(can_repeat);
  }

  // Where case is ignored, Oniguruma takes one character for several ("\u00df" for "ss", U+FB01 for "fi"),
  // PCRE2 doesn't.
  absl::Status Literal(uint32_t character) {
    if (ignores_case_) {
      if (character > 0x7f) return Unsupported("a character that is not ASCII in '(?i:'");
      const std::string pair = {last_literal_, static_cast<char>(character | 0x20)};
      if (Contains(kFoldedPairs, pair)) return Unsupported(Message("'", pair, "' in '(?i:'"));
      last_literal_ = pair[1];
    }
    out_ += Character(character);
    return absl::OkStatus();
  }

  absl::Status Group(size_t depth, bool* can_repeat) {
    constexpr std::string_view kKinds[] = {"?:", "?i:", "?>", "?=", "?!"};
    std::string_view kind = "?:";  // captures are not used
    if (Ahead("?")) {
      const auto known = std::find_if(std::begin(kKinds), std::end(kKinds),
                                      [&](std::string_view text) { return Ahead(text); });
      if (known == std::end(kKinds))
        return Unsupported(Message("the group ", Quoted(pattern_.substr(at_ - 1, 4))));
      kind = *known;
      at_ += kind.size();
    }
    *can_repeat = kind != "?=" && kind != "?!";
    absl::StrAppend(&out_, "(", MessagePiece(kind));
    const bool ignored_case = std::exchange(ignores_case_, ignores_case_ || kind == "?i:");
    RETURN_IF_ERROR(Alternatives(depth + 1));
    ignores_case_ = ignored_case;
    if (!Take(")")) return Invalid("a '(' without ')'");
    out_ += ')';
    return absl::OkStatus();
  }

  // What may follow a term, which it parts from the next: ? * + with ? (lazy) or + (possessive) after it, {n}
  // {n,} {n,m} {,m} without.
  absl::Status Quantifier(bool can_repeat) {
    const size_t start = at_;
    if (Take("?") || Take("*") || Take("+")) {
      out_ += pattern_[start];
      if (Ahead("?") || Ahead("+")) out_ += pattern_[at_++];
    } else if (Ahead("{")) {
      ASSIGN_OR_RETURN(const bool is_quantifier, Interval());
      if (!is_quantifier) return absl::OkStatus();
    } else {
      return absl::OkStatus();
    }
    last_literal_ = 0;
    if (!can_repeat) return Unsupported("a quantifier after a look-ahead");
    if (Ahead("?") || Ahead("*") || Ahead("+") || Ahead("{")) return Unsupported("two quantifiers");
    return absl::OkStatus();
  }

  std::optional<uint32_t> Number() {
    std::optional<uint32_t> number;
    while (!AtEnd() && pattern_[at_] >= '0' && pattern_[at_] <= '9') {
      // No larger than one beyond the limit.
      number =
          std::min(number.value_or(0) * 10 + static_cast<uint32_t>(pattern_[at_++] - '0'), kMaxRepeats + 1);
    }
    return number;
  }

  // False, with nothing read, where the brace is a character.
  absl::StatusOr<bool> Interval() {
    const size_t start = at_;
    Take("{");
    const std::optional<uint32_t> least = Number();
    const bool comma = Take(",");
    const std::optional<uint32_t> most = comma ? Number() : least;
    if (!Take("}") || (!least.has_value() && !most.has_value())) {
      at_ = start;
      return false;
    }
    if (std::max(least.value_or(0), most.value_or(0)) > kMaxRepeats) {
      return Invalid(Message("more than ", kMaxRepeats, " repeats"));
    }
    if (most.has_value() && *most < least.value_or(0)) return Invalid("an interval out of order");
    absl::StrAppend(&out_, "{", least.value_or(0));
    if (comma) absl::StrAppend(&out_, ",");
    if (comma && most.has_value()) absl::StrAppend(&out_, *most);
    absl::StrAppend(&out_, "}");
    return true;
  }

  absl::Status Class() {
    last_literal_ = 0;
    out_ += Take("^") ? "[^" : "[";
    if (Ahead("]")) return Unsupported("a ']' that begins a class");
    for (;;) {
      if (AtEnd()) return Invalid("a '[' without ']'");
      if (Take("]")) break;
      ASSIGN_OR_RETURN(const Member first, ClassMember());
      RETURN_IF_ERROR(CheckCase(first));
      // A hyphen is a range's, unless it ends the class.
      if (Ahead("-") && !Ahead("-]")) {
        Take("-");
        if (AtEnd()) return Invalid("a '[' without ']'");
        ASSIGN_OR_RETURN(const Member last, ClassMember());
        RETURN_IF_ERROR(CheckCase(last));
        if (!first.character.has_value() || !last.character.has_value()) {
          return Unsupported("a range from or to a set");
        }
        if (*last.character < *first.character) return Invalid("a range out of order");
        absl::StrAppend(&out_, Character(*first.character), "-", Character(*last.character));
      } else if (first.character.has_value()) {
        out_ += Character(*first.character);
      } else {
        out_ += first.set;
      }
    }
    out_ += ']';
    return absl::OkStatus();
  }

  // Where case is ignored, [\p{Lu}] has the small letters too in Oniguruma alone.
  absl::Status CheckCase(const Member& member) const {
    if (!ignores_case_) return absl::OkStatus();
    if (member.character.value_or(0) > 0x7f) return Unsupported("a character that is not ASCII in '(?i:'");
    const bool has_case = !member.character.has_value() && member.set != kSpace && member.set != kDigit;
    return has_case ? Unsupported("a property in a class in '(?i:'") : absl::OkStatus();
  }

  absl::StatusOr<Member> ClassMember() {
    if (Ahead("[")) return Unsupported("a class in a class");
    if (Ahead("&&")) return Unsupported("'&&' in a class");
    if (!Take("\\")) return Member{.character = NextCharacter(), .set = ""};
    ASSIGN_OR_RETURN(Member member, Escape());
    if (!member.negated) return member;
    // \S beside other members has no spelling without a class in a class; a property has.
    if (!member.set.starts_with("\\p") || member.set.find('\\', 1) != std::string::npos) {
      return NegatedSet(std::move(member));
    }
    member.set[1] = 'P';
    return member;
  }

  absl::StatusOr<Member> NegatedSet(Member member) {
    if (member.set != kSpace) return Unsupported("'\\W' in a class");
    // Every character but those of kSpace.
    member.set =
        "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{"
        "200b}-"
        "\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{d7ff}\\x{e000}-\\x{"
        "10ffff}";
    return member;
  }

  // After the backslash.
  absl::StatusOr<Member> Escape() {
    if (AtEnd()) return Invalid("a backslash at the end");
    const char c = pattern_[at_];
    switch (c) {
      case 's':
      case 'S':
        ++at_;
        return Member{.character = {}, .set = std::string(kSpace), .negated = c == 'S'};
      case 'd':
      case 'D':
        ++at_;
        return Member{.character = {}, .set = std::string(kDigit), .negated = c == 'D'};
      case 'w':
      case 'W':
        ++at_;
        return Member{.character = {}, .set = std::string(kWord), .negated = c == 'W'};
      case 'p':
      case 'P':
        ++at_;
        return Property(c == 'P');
      case 'x':
      case 'u':
        ++at_;
        return Number16(c);
      default:
        break;
    }
    constexpr std::string_view kNames = "tnvfrae";
    constexpr uint8_t kCharacters[] = {'\t', '\n', 0x0b, '\f', '\r', 0x07, 0x1b};
    if (const size_t found = kNames.find(c); found != std::string_view::npos) {
      ++at_;
      return Member{.character = kCharacters[found], .set = ""};
    }
    const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (is_word) return Unsupported(Message("the escape '\\", std::string_view(&c, 1), "'"));
    return Member{.character = NextCharacter(), .set = ""};
  }

  // {NAME} or {^NAME}
  absl::StatusOr<Member> Property(bool negated) {
    if (!Take("{")) return Unsupported("a property without braces");
    if (Take("^")) negated = !negated;
    const size_t end = pattern_.find('}', at_);
    if (end == std::string_view::npos) return Invalid("a '{' without '}'");
    const std::string_view name = pattern_.substr(at_, end - at_);
    const bool is_script = Contains(kScripts, name);
    if (!is_script && !Contains(kCategories, name))
      return Unsupported(Message("the property ", Quoted(name)));
    at_ = end + 1;
    // Without "sc" PCRE2 means Script_Extensions.
    return Member{
        .character = {}, .set = Message("\\p{", is_script ? "sc:" : "", name, "}"), .negated = negated};
  }

  // \xH, \xHH, \x{H...}, \uHHHH
  absl::StatusOr<Member> Number16(char kind) {
    const bool braces = kind == 'x' && Take("{");
    const size_t most = braces ? 8 : kind == 'x' ? 2 : 4;
    uint32_t character = 0;
    size_t digits = 0;
    for (; digits < most && !AtEnd(); ++digits, ++at_) {
      const char c = pattern_[at_];
      if (c >= '0' && c <= '9') {
        character = character << 4 | static_cast<uint32_t>(c - '0');
      } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
        character = character << 4 | static_cast<uint32_t>((c | 0x20) - 'a' + 10);
      } else {
        break;
      }
    }
    if (digits == 0 || (kind == 'u' && digits != 4) || (braces && !Take("}"))) {
      return Invalid("an incomplete character number");
    }
    // Oniguruma reads \x80 and above as a byte.
    if (kind == 'x' && !braces && character > 0x7f)
      return Unsupported("a byte that is not an ASCII character");
    if (character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff)) {
      return Invalid("the number of no character");
    }
    return Member{.character = character, .set = ""};
  }

  std::string_view pattern_;
  size_t at_ = 0;
  bool ignores_case_ = false;
  char last_literal_ = 0;  // where case is ignored: the small letter before, 0 for none
  std::string out_;
};

absl::Status CheckText(std::string_view pattern) {
  if (pattern.empty()) return absl::InvalidArgumentError("the pattern is empty");
  if (pattern.size() > kMaxPatternBytes) {
    return absl::InvalidArgumentError(
        Message("the pattern has ", pattern.size(), " bytes; at most ", kMaxPatternBytes, " are allowed"));
  }
  if (!base::IsUtf8(pattern)) return absl::InvalidArgumentError("the pattern is not UTF-8");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> TranslateSplitPattern(std::string_view pattern) {
  RETURN_IF_ERROR(CheckText(pattern));
  return Translator(pattern).Translate();
}

absl::StatusOr<std::string> LiteralSplitPattern(std::string_view text) {
  RETURN_IF_ERROR(CheckText(text));
  std::string escaped;
  for (char c : text) {
    if (static_cast<uint8_t>(c) < 0x80) {
      escaped += Character(static_cast<uint8_t>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace streamtensor::compiler
