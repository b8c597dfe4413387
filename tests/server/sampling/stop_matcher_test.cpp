// SPDX-License-Identifier: Apache-2.0
#include "server/sampling/stop_matcher.h"

#include <gtest/gtest.h>

#include <random>

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

TEST(StopMatcher, TheFirstToBeginWins) {
  StopMatcher matcher({"cd", "bcde", "bcd"});
  const auto result = matcher.Push("abcdef");
  EXPECT_EQ(result.text, "a");
  EXPECT_EQ(result.match, "bcde");
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
    const std::string stop = word(1, 4);
    const std::string text = word(0, 40);
    StopMatcher matcher({stop});
    std::string sent;
    bool found = false;
    for (size_t at = 0; at < text.size() && !found;) {
      const size_t piece = 1 + random() % 5;
      const auto result = matcher.Push(std::string_view(text).substr(at, piece));
      sent += result.text;
      found = result.match.has_value();
      at += piece;
    }
    if (!found) sent += matcher.Finish();
    EXPECT_EQ(found, text.find(stop) != std::string::npos);
    EXPECT_EQ(sent, text.substr(0, text.find(stop)));
  }
}

}  // namespace
}  // namespace streamtensor::server
