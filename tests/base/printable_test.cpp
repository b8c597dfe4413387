// SPDX-License-Identifier: Apache-2.0
#include "base/printable.h"

#include <gtest/gtest.h>

#include <random>

namespace streamtensor::base {
namespace {

TEST(Utf8, CountsTheBytesOfACharacter) {
  EXPECT_EQ(Utf8Bytes("a", 0), 1u);
  EXPECT_EQ(Utf8Bytes("xé", 1), 2u);
  EXPECT_EQ(Utf8Bytes("€", 0), 3u);
  EXPECT_EQ(Utf8Bytes("😀", 0), 4u);
  EXPECT_EQ(Utf8Bytes("€", 1), 0u) << "within a character";
}

TEST(Utf8, RefusesWhatIsNone) {
  EXPECT_FALSE(IsUtf8("\x80"));
  EXPECT_FALSE(IsUtf8("\xc0\xaf")) << "too long a form";
  EXPECT_FALSE(IsUtf8("\xe0\x80\xaf")) << "too long a form";
  EXPECT_FALSE(IsUtf8("\xf0\x80\x80\xaf")) << "too long a form";
  EXPECT_FALSE(IsUtf8("\xed\xa0\x80")) << "a surrogate";
  EXPECT_FALSE(IsUtf8("\xf4\x90\x80\x80")) << "above U+10FFFF";
  EXPECT_FALSE(IsUtf8("\xe2\x82")) << "cut";
  EXPECT_FALSE(IsUtf8("ok \xff"));
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("a\tß漢😀\x7f"));
}

TEST(Printable, LeavesNoControlCharacter) {
  EXPECT_EQ(PrintableBytes("\n", 0), 0u);
  EXPECT_EQ(PrintableBytes("\x7f", 0), 0u);
  EXPECT_EQ(PrintableBytes("\xc2\x9b", 0), 0u) << "a terminal takes U+009B for an escape";
  EXPECT_EQ(PrintableBytes("\xc2\xa0", 0), 2u);
  EXPECT_TRUE(HasControlCharacter("a\x1b[31m"));
  EXPECT_TRUE(HasControlCharacter(std::string_view("a\0b", 3)));
  EXPECT_FALSE(HasControlCharacter("a b é"));
  EXPECT_TRUE(IsPrintableAscii("a b~"));
  EXPECT_FALSE(IsPrintableAscii("é"));
  EXPECT_FALSE(IsPrintableAscii("a\t"));
}

TEST(Printable, EscapesBytesAndQuotes) {
  EXPECT_EQ(Printable("tensor é"), "tensor é");
  EXPECT_EQ(Printable("a\nb\xff"), "a\\nb\\xff");
  EXPECT_EQ(Printable("it's \"so\" \\"), "it\\'s \\\"so\\\" \\\\");
  EXPECT_EQ(Printable("it's \"so\" \n", 80, Quotes::kKeep), "it's \"so\" \\n");
  EXPECT_EQ(Quoted("it's"), "'it\\'s'");
  EXPECT_EQ(PrintableMessage("it's\n"), "it's\\n");
}

TEST(Printable, CutsWholeCharacters) {
  EXPECT_EQ(Printable("abcdef", 3), "abc...");
  EXPECT_EQ(Printable("abc", 3), "abc");
  EXPECT_EQ(Printable("aé€", 2), "aé...");
  EXPECT_EQ(PrintableMessage(std::string(601, 'x')).size(), 603u);
}

TEST(Shortened, CutsWholeCharacters) {
  EXPECT_EQ(Shortened("abc", 3), "abc");
  EXPECT_EQ(Shortened("abcd", 3), "abc...");
  EXPECT_EQ(Shortened("aé", 2), "a...");
  EXPECT_EQ(Shortened("\x80\x80\x80", 1), "...") << "no character begins there";
}

// Whatever comes in: what goes out is printable UTF-8.
TEST(Printable, AnyBytes) {
  constexpr uint32_t kSeed = 5;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 40, '\0');
    for (char& c : text) c = static_cast<char>(random() % 3 == 0 ? 0xc0 + random() % 64 : random());
    for (const Quotes quotes : {Quotes::kEscape, Quotes::kKeep}) {
      const std::string shown = Printable(text, 30, quotes);
      for (std::size_t at = 0; at < shown.size();) {
        const std::size_t length = PrintableBytes(shown, at);
        ASSERT_GT(length, 0u) << shown;
        at += length;
      }
    }
  }
}

}  // namespace
}  // namespace streamtensor::base
