// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/split_pattern.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace streamtensor::compiler {
namespace {

TEST(SplitPattern, KeepsWhatMeansTheSame) {
  const std::pair<std::string, std::string> cases[] = {
      {"a|b", "\\x{61}|\\x{62}"},
      {"(?i:'s|'t)", "(?i:\\x{27}\\x{73}|\\x{27}\\x{74})"},
      {"(ab)+", "(?:\\x{61}\\x{62})+"},
      {"(?>a)*+", "(?>\\x{61})*+"},
      {"a{2}b{2,}c{2,3}d{,4}e{f", "\\x{61}{2}\\x{62}{2,}\\x{63}{2,3}\\x{64}{0,4}\\x{65}\\x{7b}\\x{66}"},
      {"a??", "\\x{61}??"},
      {".", "[^\\x{a}]"},
      {"\\p{L}\\P{Lu}\\p{^N}", "[\\p{L}][^\\p{Lu}][^\\p{N}]"},
      {"[\\p{Han}a-z]", "[\\p{sc:Han}\\x{61}-\\x{7a}]"},
      {"[^\\r\\n\\P{N}\\D]", "[^\\x{d}\\x{a}\\P{N}\\P{Nd}]"},
      {"[-a][a-]", "[\\x{2d}\\x{61}][\\x{61}\\x{2d}]"},
      {"[\u4e00-\u9fa5]", "[\\x{4e00}-\\x{9fa5}]"},
      {"\\x41\\x{1F600}\\u00e9\\.\\-", "\\x{41}\\x{1f600}\\x{e9}\\x{2e}\\x{2d}"},
      {"(?i:[a-z\\s']+(?:x|\\p{Lu}))\u00e9",
       "(?i:[\\x{61}-\\x{7a}\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-"
       "\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{27}]+(?:\\x{78}|["
       "\\p{Lu}]))\\x{e9}"},
      {"\\w[\\w]",
       "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}]"
       "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]"},
      {"(?i:s|s*s)st", "(?i:\\x{73}|\\x{73}*\\x{73})\\x{73}\\x{74}"},
      {"a(?!b)(?=c)", "\\x{61}(?!\\x{62})(?=\\x{63})"},
  };
  for (const auto& [pattern, expected] : cases) {
    const auto translated = TranslateSplitPattern(pattern);
    ASSERT_TRUE(translated.ok()) << pattern << ": " << translated.status();
    EXPECT_EQ(*translated, expected) << pattern;
  }
  EXPECT_EQ(*LiteralSplitPattern("a.\u00e9"), "\\x{61}\\x{2e}\u00e9");
}

TEST(SplitPattern, RefusesTheRestByName) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kUnknown = absl::StatusCode::kUnimplemented;
  const struct {
    std::string pattern;
    absl::StatusCode code;
    std::string expected;
  } cases[] = {
      {"", kInvalid, "empty"},
      {"\xff", kInvalid, "not UTF-8"},
      {std::string(5000, 'a'), kInvalid, "has 5000 bytes"},
      {"(a", kInvalid, "a '(' without ')'"},
      {"a)", kInvalid, "a ')' without '('"},
      {"[a", kInvalid, "a '[' without ']'"},
      {"[a-", kInvalid, "a '[' without ']'"},
      {"[z-a]", kInvalid, "a range out of order"},
      {"*a", kInvalid, "a quantifier after nothing"},
      {"a|+", kInvalid, "a quantifier after nothing"},
      {"a{3,2}", kInvalid, "an interval out of order"},
      {"a{99999999999}", kInvalid, "more than 1000 repeats"},
      {"a\\", kInvalid, "a backslash at the end"},
      {"\\x{d800}", kInvalid, "the number of no character"},
      {"\\x{", kInvalid, "an incomplete character number"},
      {"\\u12", kInvalid, "an incomplete character number"},
      {"\\p{L", kInvalid, "a '{' without '}'"},
      {std::string(100, '(') + std::string(100, ')'), kInvalid, "nested more than 64 deep"},
      {"a**", kUnknown, "two quantifiers"},
      {"a{2}+", kUnknown, "two quantifiers"},
      {"(?=a)+", kUnknown, "a quantifier after a look-ahead"},
      {"^a", kUnknown, "an anchor"},
      {"a$", kUnknown, "an anchor"},
      {"\\bword", kUnknown, "the escape '\\b'"},
      {"(a)\\1", kUnknown, "the escape '\\1'"},
      {"\\h", kUnknown, "the escape '\\h'"},
      {"\\p{Alpha}", kUnknown, "the property 'Alpha'"},
      {"\\pL", kUnknown, "a property without braces"},
      {"(?<=a)b", kUnknown, "the group '(?<='"},
      {"(?<name>a)", kUnknown, "the group '(?<n'"},
      {"(?i)a", kUnknown, "the group '(?i)'"},
      {"[a[b]]", kUnknown, "a class in a class"},
      {"[[:alpha:]]", kUnknown, "a class in a class"},
      {"[\\p{L}&&[^a]]", kUnknown, "'&&' in a class"},
      {"[]a]", kUnknown, "a ']' that begins a class"},
      {"[\\s-z]", kUnknown, "a range from or to a set"},
      {"[a\\W]", kUnknown, "'\\W' in a class"},
      {"(?i:a(?:Ss))", kUnknown, "'ss' in '(?i:'"},
      {"(?i:o(?:f)(f))", kUnknown, "'ff' in '(?i:'"},
      {"(?i:\u00df)", kUnknown, "a character that is not ASCII in '(?i:'"},
      {"(?i:[\u00df])", kUnknown, "a character that is not ASCII in '(?i:'"},
      {"(?i:[\\p{Lu}])", kUnknown, "a property in a class in '(?i:'"},
      {"\\xe9", kUnknown, "a byte that is not an ASCII character"},
  };
  for (const auto& [pattern, code, expected] : cases) {
    const absl::Status status = TranslateSplitPattern(pattern).status();
    EXPECT_EQ(status.code(), code) << pattern << ": " << status;
    EXPECT_NE(std::string(status.message()).find(expected), std::string::npos) << pattern << ": " << status;
  }
}

}  // namespace
}  // namespace streamtensor::compiler
