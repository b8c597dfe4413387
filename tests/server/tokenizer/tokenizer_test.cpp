// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace streamtensor::server {
namespace {

using artifact::v1::Piece;
using Message = artifact::v1::Tokenizer;

// Bytes a, b, c and space, merges "ab" and "abc", one control and one user-defined token.
Message Small() {
  Message message;
  message.set_format_version(1);
  message.set_kind(Message::KIND_BYTE_LEVEL_BPE);
  message.set_pre_tokenizer(Message::PRE_TOKENIZER_DIGITS_WORDS);
  for (const char* text : {"<end>", "a", "b", "c", "\xc4\xa0", "ab", "abc", "<user>"}) {
    Piece* piece = message.add_pieces();
    piece->set_text(text);
    piece->set_type(Piece::TYPE_NORMAL);
  }
  message.mutable_pieces(0)->set_type(Piece::TYPE_CONTROL);
  message.mutable_pieces(7)->set_type(Piece::TYPE_USER_DEFINED);
  for (auto [left, right] : {std::pair("a", "b"), std::pair("ab", "c")}) {
    artifact::v1::Merge* merge = message.add_merges();
    merge->set_left(left);
    merge->set_right(right);
  }
  message.set_eos_token_id(0);
  return message;
}

TEST(Tokenizer, Encodes) {
  auto tokenizer = *Tokenizer::Create(Small());
  using Ids = std::vector<uint32_t>;
  EXPECT_EQ(tokenizer->Encode("abcab a", false), (Ids{6, 5, 4, 1}));
  EXPECT_EQ(tokenizer->Encode("a<end>b", true), (Ids{1, 0, 2}));
  EXPECT_EQ(tokenizer->Encode("a<end>b", false), (Ids{1, 2})) << "bytes without a piece are left out";
  EXPECT_EQ(tokenizer->Encode("a<user>b", false), (Ids{1, 7, 2})) << "user-defined tokens are always found";
  EXPECT_EQ(tokenizer->Encode("", true), Ids{});
  EXPECT_EQ(*tokenizer->Decode(Ids{6, 4, 0}), "abc <end>");
  EXPECT_TRUE(tokenizer->IsControl(0));
  EXPECT_TRUE(tokenizer->IsEndOfGeneration(0));
  EXPECT_EQ(tokenizer->Decode(Ids{1, 8}).status().message(), "token_ids[1] is 8, expected less than 8");
}

TEST(Tokenizer, Llama3TakesWholeWordsBeforeItMerges) {
  using Ids = std::vector<uint32_t>;
  Message message = Small();
  Piece* piece = message.add_pieces();  // id 8; merges make it of none
  piece->set_text(
      "\xc4\xa0"
      "cab");
  piece->set_type(Piece::TYPE_NORMAL);
  EXPECT_EQ((*Tokenizer::Create(message))->Encode("a cab", false), (Ids{1, 4, 3, 5}));
  message.set_pre_tokenizer(Message::PRE_TOKENIZER_LINES_DIGIT_GROUPS);
  EXPECT_EQ((*Tokenizer::Create(message))->Encode("a cab", false), (Ids{1, 8}));
  EXPECT_EQ((*Tokenizer::Create(message))->Encode("<end>", false), (Ids{})) << "a special token is no word";
}

TEST(Tokenizer, Qwen2ComposesText) {
  using Ids = std::vector<uint32_t>;
  Message message = Small();
  for (const char* text : {"\xc3\x83", "\xc2\xa9", "\xc3\x83\xc2\xa9"}) {  // bytes C3, A9 and both: U+00E9
    Piece* piece = message.add_pieces();
    piece->set_text(text);
    piece->set_type(Piece::TYPE_NORMAL);
  }
  artifact::v1::Merge* merge = message.add_merges();
  merge->set_left("\xc3\x83");
  merge->set_right("\xc2\xa9");
  for (auto kind : {Message::PRE_TOKENIZER_LINES_DIGIT_GROUPS, Message::PRE_TOKENIZER_LINES_DIGITS}) {
    message.set_pre_tokenizer(kind);
    const auto tokenizer = *Tokenizer::Create(message);
    EXPECT_EQ(tokenizer->Encode("\xc3\xa9", false), Ids{10});
    // e and U+0301, of which the vocabulary spells nothing; a byte that is no UTF-8 parts nothing from it.
    const bool composes = kind == Message::PRE_TOKENIZER_LINES_DIGITS;
    EXPECT_EQ(tokenizer->Encode("\xff"
                                "e\xcc\x81"
                                "a",
                                false),
              composes ? (Ids{10, 1}) : Ids{1});
  }
}

// A tokenizer whose pieces are the bytes of the ASCII characters that can be printed, by their number.
Message Letters() {
  Message message;
  message.set_format_version(2);
  message.set_kind(Message::KIND_BYTE_LEVEL_BPE);
  message.set_pre_tokenizer(Message::PRE_TOKENIZER_NONE);
  for (int c = 0; c < 127; ++c) {
    Piece* piece = message.add_pieces();
    piece->set_text(c > 32 ? std::string(1, static_cast<char>(c)) : "unused " + std::to_string(c));
    piece->set_type(c > 32 ? Piece::TYPE_NORMAL : Piece::TYPE_UNUSED);
  }
  return message;
}

void AddPiece(const std::string& text, Piece::Type type, bool composed, Message* message) {
  Piece* piece = message->add_pieces();
  piece->set_text(text);
  piece->set_type(type);
  piece->set_composed(composed);
}

void AddMerge(const std::string& left, const std::string& right, Message* message) {
  AddPiece(left + right, Piece::TYPE_NORMAL, false, message);
  artifact::v1::Merge* merge = message->add_merges();
  merge->set_left(left);
  merge->set_right(right);
}

std::string Spelled(const Message& message, std::string_view text) {
  const auto tokenizer = Tokenizer::Create(message);
  if (!tokenizer.ok()) return tokenizer.status().ToString();
  std::string spelled;
  for (uint32_t id : (*tokenizer)->Encode(text, true)) {
    absl::StrAppend(&spelled, spelled.empty() ? "" : " ", std::string((*tokenizer)->PieceBytes(id)));
  }
  return spelled;
}

TEST(Tokenizer, SplitsByTheMessagesPatterns) {
  Message message = Letters();
  AddMerge("a", "a", &message);
  AddMerge("1", "2", &message);
  AddMerge("a", "1", &message);
  EXPECT_EQ(Spelled(message, "aaa12"), "aa a 12") << "one word";
  message.add_splits()->set_pattern("a");
  EXPECT_EQ(Spelled(message, "aaa12"), "a a a 12");
  message.mutable_splits(0)->set_pattern("[a-z]+|[0-9]");
  EXPECT_EQ(Spelled(message, "aaa12"), "aa a 1 2");
  message.mutable_splits(0)->set_pattern("[a-z]+");
  message.add_splits()->set_pattern("^[0-9]");
  EXPECT_EQ(Spelled(message, "aaa12"), "aa a 1 2") << "each piece by itself";
  message.mutable_splits()->RemoveLast();
  message.mutable_splits(0)->set_drop_matches(true);
  EXPECT_EQ(Spelled(message, "aaa12"), "12");
  message.mutable_splits(0)->set_drop_matches(false);
  message.mutable_splits(0)->set_drop_gaps(true);
  EXPECT_EQ(Spelled(message, "12aaa12"), "aa a");
  message.mutable_splits(0)->set_drop_gaps(false);
  message.mutable_splits(0)->set_pattern("x*");
  EXPECT_EQ(Spelled(message, "aaxxaa"), "a a x x a a") << "empty matches split too";
  message.set_pre_tokenizer(Message::PRE_TOKENIZER_WORDS);
  message.mutable_splits(0)->set_pattern("!");
  EXPECT_EQ(Spelled(message, "aa1!12"), "aa 1 ! 12") << "the kind's words come last";
}

TEST(Tokenizer, PatternsHaveLimits) {
  Message message = Letters();
  AddMerge("a", "a", &message);
  AddMerge("a", "c", &message);
  message.add_splits()->set_pattern("(?:a+)+b|a");
  // Exponential in the length: given up, and the rest is one word.
  const std::string text(5'000, 'a');
  std::string merged;
  for (size_t i = 0; i < text.size() / 2; ++i) merged += i == 0 ? "aa" : " aa";
  EXPECT_EQ(Spelled(message, text), merged);
  // Deeper than compiled code has a stack for: interpreted.
  message.mutable_splits(0)->set_pattern("(?:a|ba?)*");
  EXPECT_EQ(Spelled(message, text + "ac"), merged + " a c");
  for (const auto& [pattern, expected] :
       {std::pair<std::string, std::string>("(", "split 0 is not a valid pattern: missing"),
        {"\\C", "split 0 is not a valid pattern: using \\C"},
        {std::string(1 << 17, 'a'), "split 0 is not a valid pattern: pattern string is longer"}}) {
    message.mutable_splits(0)->set_pattern(pattern);
    EXPECT_NE(Spelled(message, "a").find(expected), std::string::npos) << Spelled(message, "a");
  }
  message.mutable_splits(0)->set_pattern("a");
  message.mutable_splits(0)->set_drop_gaps(true);
  message.mutable_splits(0)->set_drop_matches(true);
  EXPECT_NE(Spelled(message, "a").find("split 0 drops all"), std::string::npos);
  for (int i = 0; i < 64; ++i) message.add_splits()->set_pattern("a");
  EXPECT_NE(Spelled(message, "a").find("65 splits"), std::string::npos);
}

TEST(Tokenizer, LooksForComposedPiecesLast) {
  Message message = Letters();
  AddPiece("abc", Piece::TYPE_USER_DEFINED, true, &message);
  AddPiece("cd", Piece::TYPE_CONTROL, false, &message);
  AddPiece("\u00e9", Piece::TYPE_USER_DEFINED, true, &message);
  EXPECT_EQ(Spelled(message, "abcd"), "a b cd");
  EXPECT_EQ(Spelled(message, "abcabc"), "abc abc");
  EXPECT_EQ(Spelled(message, "e\u0301"), "e") << "the vocabulary has no accent";
  message.set_compose(true);
  EXPECT_EQ(Spelled(message, "e\u0301"), "\u00e9");
}

TEST(Tokenizer, TakesWholeWordsWhenAsked) {
  Message message = Letters();
  AddMerge("a", "b", &message);
  AddPiece("bab", Piece::TYPE_NORMAL, false, &message);
  AddPiece("pad", Piece::TYPE_UNUSED, false, &message);
  EXPECT_EQ(Spelled(message, "bab"), "b ab");
  message.set_ignore_merges(true);
  EXPECT_EQ(Spelled(message, "bab"), "bab");
  EXPECT_EQ(Spelled(message, "pad"), "p a d") << "an unused piece is no word";
}

// A tokenizer that spells every byte, with "  " and "    " as its longest pieces.
Message AllBytes() {
  Message message;
  message.set_format_version(2);
  message.set_kind(Message::KIND_BYTE_LEVEL_BPE);
  message.set_pre_tokenizer(Message::PRE_TOKENIZER_WORDS);
  int other = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    const int character = printable ? byte : other++;
    std::string text;
    if (character >= 0x80) text += static_cast<char>(0xc0 | character >> 6);
    text += static_cast<char>(character >= 0x80 ? 0x80 | (character & 0x3f) : character);
    AddPiece(text, Piece::TYPE_NORMAL, false, &message);
  }
  AddMerge("\u0120", "\u0120", &message);
  AddMerge("\u0120\u0120", "\u0120\u0120", &message);
  return message;
}

TEST(Tokenizer, TextThatCanNotFitIsRefusedAtOnce) {
  Message message = AllBytes();
  int polls = 0;
  const EncodeBounds bounds{1000, [&] {
                              ++polls;
                              return absl::OkStatus();
                            }};
  const std::string spaces(4 << 20, ' ');
  const auto code = [&](size_t bytes) {
    const auto tokenizer = *Tokenizer::Create(message);
    return tokenizer->Encode(spaces.substr(0, bytes), false, bounds).status().code();
  };
  EXPECT_EQ(code(4000), absl::StatusCode::kOk);
  EXPECT_EQ(polls, 0);
  EXPECT_EQ(code(4004), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(code(4 << 20), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(polls, 0) << "without looking at it";
  message.set_compose(true);
  EXPECT_EQ(code(4 << 20), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(polls, 0);
  AddPiece(std::string(1 << 15, 'x'), Piece::TYPE_CONTROL, false, &message);
  EXPECT_EQ(code(4 << 20), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(polls, 0) << "the text holds no special token";
  // Text that splits drop makes no tokens.
  message.add_splits()->set_pattern(" ");
  message.mutable_splits(0)->set_drop_matches(true);
  EXPECT_EQ(code(4 << 20), absl::StatusCode::kOk);
}

TEST(Tokenizer, StopsBeyondTheLimit) {
  const auto tokenizer = *Tokenizer::Create(AllBytes());
  const auto encode = [&](const std::string& text, size_t max_tokens) {
    int polls = 0;
    const auto ids = tokenizer->Encode(text, false, {max_tokens, [&] {
                                                       ++polls;
                                                       return absl::OkStatus();
                                                     }});
    return std::pair(ids.status().code(), polls);
  };
  std::string words;
  while (words.size() < 1 << 20) words += "a ";
  EXPECT_EQ(encode("a a ", 4).first, absl::StatusCode::kOk);
  EXPECT_EQ(encode("a a a", 4).first, absl::StatusCode::kOutOfRange);
  EXPECT_GT(encode(words, words.size()).second, 100);
  const auto [code, polls] = encode(words, words.size() / 4 + 1);
  EXPECT_EQ(code, absl::StatusCode::kOutOfRange);
  EXPECT_LT(polls, encode(words, words.size()).second / 3);
}

TEST(Tokenizer, StopsWhenToldInsideOneWord) {
  const auto tokenizer = *Tokenizer::Create(AllBytes());
  int polls = 0;
  const auto poll = [&] { return ++polls < 10 ? absl::OkStatus() : absl::CancelledError("gone"); };
  for (const std::string& text :
       {std::string(4 << 20, ' '), std::string(4 << 20, 'a'), std::string(4 << 20, '\xff')}) {
    polls = 0;
    EXPECT_EQ(tokenizer->Encode(text, false, {8 << 20, poll}).status(), absl::CancelledError("gone"));
    EXPECT_EQ(polls, 10);
    polls = 0;
    EXPECT_EQ(tokenizer->EncodeMarked(text, "\xef\xb7\x90", {8 << 20, poll}).status(),
              absl::CancelledError("gone"));
  }
}

TEST(Tokenizer, RefusesDamage) {
  const std::pair<std::function<void(Message&)>, std::string> cases[] = {
      {[](Message& m) { m.set_format_version(5); }, "format_version is 5"},
      {[](Message& m) { m.set_kind(Message::KIND_UNSPECIFIED); }, "kind KIND_UNSPECIFIED"},
      {[](Message& m) { m.clear_pre_tokenizer(); }, "PRE_TOKENIZER_UNSPECIFIED"},
      {[](Message& m) { m.clear_pieces(); }, "0 pieces"},
      {[](Message& m) { m.mutable_pieces(1)->clear_text(); }, "piece 1 has 0 bytes"},
      {[](Message& m) { m.mutable_pieces(2)->set_text("a"); }, "pieces 1 and 2 are both \"a\""},
      {[](Message& m) { m.mutable_merges(1)->set_right("q"); }, "merge 1 needs the piece \"q\""},
      {[](Message& m) { m.set_eos_token_id(8); }, "eos_token_id is 8"},
      {[](Message& m) { m.add_end_of_generation_ids(99); }, "end_of_generation_ids is 99"},
      {[](Message& m) { m.set_add_bos(true); }, "no bos_token_id"},
  };
  for (const auto& [damage, expected] : cases) {
    Message message = Small();
    damage(message);
    const auto tokenizer = Tokenizer::Create(message);
    ASSERT_FALSE(tokenizer.ok()) << expected;
    EXPECT_NE(tokenizer.status().message().find(expected), absl::string_view::npos) << tokenizer.status();
  }
}

TEST(Utf8Stream, NeverSplitsACharacter) {
  Utf8Stream stream;
  EXPECT_EQ(stream.Push("a\xe2\x82"), "a");
  EXPECT_EQ(stream.pending(), 2u);
  EXPECT_EQ(stream.Push("\xac"), "\xe2\x82\xac");
  EXPECT_EQ(stream.Push("\xf0\x9f"), "");
  EXPECT_EQ(stream.Push("x"), "\xef\xbf\xbdx");
  EXPECT_EQ(stream.Push("\xff"), "\xef\xbf\xbd");
  EXPECT_EQ(stream.Push("\xe2"), "");
  EXPECT_EQ(stream.Finish(), "\xef\xbf\xbd");
  EXPECT_EQ(stream.pending(), 0u);
}

}  // namespace
}  // namespace streamtensor::server
