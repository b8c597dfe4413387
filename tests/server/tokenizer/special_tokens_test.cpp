// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/special_tokens.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {
namespace {

// Parts of a text as "part[token]part".
std::string Parts(const SpecialTokens& tokens, const std::string& text, bool parse_control,
                  const std::vector<std::string>& names) {
  std::string parts;
  tokens.ForEachPart(
      text, parse_control,
      [&](std::string_view part) {
        parts += part;
        return true;
      },
      [&](uint32_t id) {
        absl::StrAppend(&parts, "[", names[id], "]");
        return true;
      });
  return parts;
}

TEST(SpecialTokens, FindsTheLongestAtEachPlace) {
  const uint32_t seed = std::random_device()();
  std::mt19937 random(seed);
  const auto draw = [&](size_t max_bytes) {
    std::string text;
    for (size_t bytes = 1 + random() % max_bytes; bytes > 0; --bytes) text += "ab<"[random() % 3];
    return text;
  };
  for (int i = 0; i < 2000; ++i) {
    std::set<std::string> drawn;
    for (int count = static_cast<int>(random() % 12); count > 0; --count) drawn.insert(draw(5));
    const std::vector<std::string> names(drawn.begin(), drawn.end());
    const auto is_control = [](size_t id) { return id % 2 == 0; };
    SpecialTokens tokens;
    for (size_t id = 0; id < names.size(); ++id) {
      tokens.Add(names[id], static_cast<uint32_t>(id), {.is_control = is_control(id)});
    }
    tokens.Finish();
    const std::string text = draw(30);
    for (const bool parse_control : {false, true}) {
      std::string expected;
      for (size_t at = 0; at < text.size();) {
        std::string longest;
        for (size_t id = 0; id < names.size(); ++id) {
          const bool is_there = text.compare(at, names[id].size(), names[id]) == 0;
          if (is_there && (parse_control || !is_control(id)) && names[id].size() > longest.size()) {
            longest = names[id];
          }
        }
        expected += longest.empty() ? text.substr(at, 1) : absl::StrCat("[", longest, "]");
        at += longest.empty() ? 1 : longest.size();
      }
      ASSERT_EQ(Parts(tokens, text, parse_control, names), expected) << "seed " << seed << ", text " << text;
    }
  }
}

TEST(SpecialTokens, StopsWhenTold) {
  SpecialTokens tokens;
  tokens.Add("<", 0, {});
  tokens.Finish();
  int calls = 0;
  EXPECT_FALSE(tokens.ForEachPart(
      "a<b<c", false, [&](std::string_view) { return ++calls < 3; }, [&](uint32_t) { return true; }));
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace streamtensor::server
