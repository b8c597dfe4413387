// SPDX-License-Identifier: Apache-2.0
#include "server/sampling/stop_matcher.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace streamtensor::server {
namespace {

TEST(StopMatcher, PassesTextWithoutStopStrings) {
  StopMatcher matcher({});
  EXPECT_EQ(matcher.Push("abc").text, "abc");
  EXPECT_EQ(matcher.Finish(), "");
}

TEST(StopMatcher, HoldsBackWhatMayBecomeAStopString) {
  StopMatcher matcher({"END"});
  EXPECT_EQ(matcher.Push("the E").text, "the ");
  EXPECT_EQ(matcher.Push("N").text, "");
  EXPECT_EQ(matcher.Push("ERGY").text, "ENERGY");
  EXPECT_EQ(matcher.Push("EN").text, "");
  EXPECT_EQ(matcher.Finish(), "EN");
}

TEST(StopMatcher, FindsAcrossBordersAndCutsBefore) {
  StopMatcher matcher({"\n\nUser:"});
  EXPECT_EQ(matcher.Push("yes.\n").text, "yes.");
  EXPECT_EQ(matcher.Push("\nUs").text, "");
  const auto result = matcher.Push("er: more");
  EXPECT_EQ(result.text, "");
  ASSERT_TRUE(result.match.has_value());
  EXPECT_EQ(*result.match, "\n\nUser:");
}

TEST(StopMatcher, TheFirstThatIsCompleteWins) {
  StopMatcher matcher({"cd", "bcde", "bcd"});
  const auto result = matcher.Push("abcdef");
  EXPECT_EQ(result.text, "a");
  EXPECT_EQ(result.match, "bcd");
}

// By the definition: after each character, the longest stop string that the text ends with.
std::pair<std::string, std::string> Reference(const std::vector<std::string>& stops,
                                              const std::string& text) {
  for (size_t end = 1; end <= text.size(); ++end) {
    std::string longest;
    for (const std::string& stop : stops) {
      if (text.substr(0, end).ends_with(stop) && stop.size() > longest.size()) longest = stop;
    }
    if (!longest.empty()) return {text.substr(0, end - longest.size()), longest};
  }
  return {text, ""};
}

// However the text is cut into pieces: the same text comes out, up to the first stop string.
TEST(StopMatcher, RandomPiecesGiveTheSameText) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937_64 random(seed);
    auto word = [&](int least, int most) {
      std::string text;
      for (int n = least + static_cast<int>(random() % (most - least + 1)); n > 0; --n)
        text += "ab"[random() % 2];
      return text;
    };
    std::vector<std::string> stops;
    for (uint64_t n = 1 + random() % 3; n > 0; --n) stops.push_back(word(1, 6));
    const std::string text = word(0, 40);
    StopMatcher matcher(stops);
    std::string sent;
    std::string match;
    for (size_t at = 0; at < text.size() && match.empty();) {
      const size_t piece = 1 + random() % 5;
      const auto result = matcher.Push(std::string_view(text).substr(at, piece));
      sent += result.text;
      match = result.match.value_or("");
      at += piece;
    }
    if (match.empty()) sent += matcher.Finish();
    EXPECT_EQ(std::make_pair(sent, match), Reference(stops, text));
  }
}

}  // namespace
}  // namespace streamtensor::server
