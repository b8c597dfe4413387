// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/unicode.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstdlib>
#include <random>

namespace streamtensor::server {
namespace {

std::string Utf8(utf8proc_int32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t length = utf8proc_encode_char(code_point, bytes);
  return {reinterpret_cast<const char*>(bytes), static_cast<size_t>(length)};
}

std::string ByLibrary(const std::string& text) {
  utf8proc_uint8_t* form = utf8proc_NFC(reinterpret_cast<const utf8proc_uint8_t*>(text.c_str()));
  std::string composed = reinterpret_cast<const char*>(form);
  std::free(form);
  return composed;
}

TEST(ComposedText, IsNormalisationFormC) {
  const uint32_t seed = std::random_device()();
  std::mt19937 random(seed);
  const auto draw = [&]() -> utf8proc_int32_t {
    switch (random() % 6) {
      case 0:
        return static_cast<utf8proc_int32_t>('a' + random() % 26);
      case 1:
        return static_cast<utf8proc_int32_t>(0x300 + random() % 0x70);  // marks
      case 2:
        return static_cast<utf8proc_int32_t>(0x1100 + random() % 0x100);  // letters of Hangul
      case 3:
        return static_cast<utf8proc_int32_t>(0x1e00 + random() % 0x200);
      case 4:
        return static_cast<utf8proc_int32_t>(0xac00 + random() % 0x2ba4);
      default:
        return static_cast<utf8proc_int32_t>(1 + random() % 0xd7ff);
    }
  };
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (size_t count = 1 + random() % 20; count > 0; --count) text += Utf8(draw());
    ASSERT_EQ(ComposedText(text), ByLibrary(text)) << "seed " << seed;
    ASSERT_LE(text.size(), 3 * ComposedText(text).size()) << "seed " << seed;
  }
}

TEST(ComposedText, ComposesEachCharacterAtMostThreeToOne) {
  for (utf8proc_int32_t code_point = 1; code_point < 0x110000; ++code_point) {
    if (!utf8proc_codepoint_valid(code_point)) continue;
    const std::string text = Utf8(code_point);
    ASSERT_LE(text.size(), 3 * ComposedText(text).size()) << code_point;
    ASSERT_EQ(ComposedText(text), ByLibrary(text)) << code_point;
  }
}

// Takes hours where the marks of a character are sorted by exchanging neighbours.
TEST(ComposedText, TakesManyMarksOfOneCharacter) {
  std::string text = "e", above, below;
  for (int i = 0; i < 1'000'000; ++i) {
    text += "\xcc\x81\xcc\xa3";
    above += "\xcc\x81";
    below += "\xcc\xa3";
  }
  // The first mark below becomes part of the letter; those below precede those above.
  EXPECT_EQ(ComposedText(text), "\xe1\xba\xb9" + below.substr(2) + above);
}

TEST(ComposedText, KeepsBytesThatAreNotUtf8) {
  EXPECT_EQ(ComposedText("ae\xcc\x81\xff\xcc\x81z"), "a\xc3\xa9\xff\xcc\x81z");
  EXPECT_EQ(ComposedText("\xff\xff"), "\xff\xff");
  EXPECT_EQ(ComposedText(""), "");
}

}  // namespace
}  // namespace streamtensor::server
