// SPDX-License-Identifier: Apache-2.0
// Unigrams, word pieces, and the steps that text goes through before either.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/tokenizer/tokenizer.h"

namespace streamtensor::server {
namespace {

using artifact::v1::Piece;
using artifact::v1::TextStep;
using Message = artifact::v1::Tokenizer;

void AddPiece(const std::string& text, Piece::Type type, Message* message) {
  Piece* piece = message->add_pieces();
  piece->set_text(text);
  piece->set_type(type);
}

Message Unigram(const std::vector<std::pair<std::string, double>>& pieces) {
  Message message;
  message.set_format_version(4);
  message.set_kind(Message::KIND_UNIGRAM);
  message.set_pre_tokenizer(Message::PRE_TOKENIZER_NONE);
  AddPiece("<unk>", Piece::TYPE_UNKNOWN, &message);
  AddPiece("</s>", Piece::TYPE_CONTROL, &message);
  message.add_unigram_scores(0);
  message.add_unigram_scores(0);
  double least = 0;
  for (const auto& [text, score] : pieces) {
    AddPiece(text, Piece::TYPE_NORMAL, &message);
    message.add_unigram_scores(score);
    least = std::min(least, score);
  }
  message.set_unknown_token_id(0);
  message.set_unknown_score(least - 10);
  message.set_fuse_unknown(true);
  return message;
}

Message WordPieces(const std::vector<std::string>& pieces) {
  Message message;
  message.set_format_version(4);
  message.set_kind(Message::KIND_WORD_PIECE);
  message.set_pre_tokenizer(Message::PRE_TOKENIZER_NONE);
  message.add_splits()->set_pattern(" +");
  message.mutable_splits(0)->set_drop_matches(true);
  AddPiece("[UNK]", Piece::TYPE_CONTROL, &message);
  for (const std::string& piece : pieces) AddPiece(piece, Piece::TYPE_NORMAL, &message);
  message.set_unknown_token_id(0);
  message.set_continuation("##");
  message.set_max_word_characters(8);
  return message;
}

// The tokens' texts, apart.
std::string Pieces(const Message& message, std::string_view text) {
  const auto tokenizer = Tokenizer::Create(message);
  if (!tokenizer.ok()) return tokenizer.status().ToString();
  std::string pieces;
  for (uint32_t id : (*tokenizer)->Encode(text, true)) {
    absl::StrAppend(&pieces, pieces.empty() ? "" : "|", message.pieces(static_cast<int>(id)).text());
  }
  return pieces;
}

std::string Refusal(const Message& message) { return Tokenizer::Create(message).status().ToString(); }

TEST(Unigram, TakesTheLargestSum) {
  Message message = Unigram({{"a", -1}, {"b", -1}, {"ab", -1.5}, {"abc", -4}, {"c", -3}, {"bc", -2}});
  EXPECT_EQ(Pieces(message, "abc"), "a|bc") << "-3, against -4 for abc and -4.5 for ab and c";
  EXPECT_EQ(Pieces(message, "ab</s>ab"), "ab|</s>|ab");
  message.set_unigram_scores(5, -2.5);
  EXPECT_EQ(Pieces(message, "abc"), "abc");
  // Of equal sums the one whose last piece begins first.
  message = Unigram({{"a", -1}, {"aa", -1}});
  EXPECT_EQ(Pieces(message, "aaa"), "a|aa");
}

TEST(Unigram, SumsMayBeOfFloats) {
  // 2^24 + 1 is no float32, so that there the sums are equal.
  Message message = Unigram({{"ab", -16777217}, {"a", -16777216}, {"b", 0}});
  for (int id = 2; id < 5; ++id) message.set_unigram_scores(id, message.unigram_scores(id) / 32);
  message.set_unknown_score(-1e6);
  EXPECT_EQ(Pieces(message, "ab"), "a|b");
  message.set_float_sums(true);
  EXPECT_EQ(Pieces(message, "ab"), "ab");
}

TEST(Unigram, UnknownCharacters) {
  Message message = Unigram({{"a", -1}, {"\u2581", -2}, {"\u2581xyz", -3}});
  EXPECT_EQ(Pieces(message, "axya"), "a|<unk>|a") << "one for both characters";
  message.set_fuse_unknown(false);
  EXPECT_EQ(Pieces(message, "axya"), "a|<unk>|<unk>|a");
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    AddPiece(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">", Piece::TYPE_BYTE, &message);
    message.add_unigram_scores(0);
  }
  EXPECT_EQ(Pieces(message, "ax\u00e9"), "a|<0x78>|<0xC3>|<0xA9>");
  const auto tokenizer = *Tokenizer::Create(message);
  for (const std::string text : {"", "a\xff\xfe b", "\xe4\xb8", "\xf0\x9f\x98\x80 abc", " a"}) {
    EXPECT_EQ(*tokenizer->Decode(tokenizer->Encode(text, false)), text);
  }
}

TEST(Unigram, EachWordMayGetASpace) {
  Message message = Unigram({{"\u2581", -2}, {"\u2581a", -1}, {"a", -1}, {"b", -1}});
  message.set_space_prefix(Message::SPACE_PREFIX_EACH_WORD);
  message.add_splits()->set_pattern("[ \\n]+");
  message.mutable_splits(0)->set_drop_matches(true);
  EXPECT_EQ(Pieces(message, "a b\n\nab"), "\u2581a|\u2581|b|\u2581a|b");
  EXPECT_EQ(Pieces(message, "\u2581a"), "\u2581a");
}

TEST(WordPiece, TakesTheLongestPieces) {
  const Message message = WordPieces({"un", "##aff", "##able", "##a", "unaf", "a", "##b"});
  EXPECT_EQ(Pieces(message, "unaffable"), "[UNK]") << "nine characters";
  EXPECT_EQ(Pieces(message, "unaff"), "[UNK]") << "unaf comes first, and nothing has ##f";
  EXPECT_EQ(Pieces(message, "unable a"), "un|##able|a");
  EXPECT_EQ(Pieces(message, "ab  abb ba"), "a|##b|a|##b|##b|[UNK]");
  EXPECT_EQ(Pieces(message, "a\xff"), "a|[UNK]");
}

TEST(WordPiece, WordsComeBackWithSpaces) {
  const Message message = WordPieces({"un", "##able", "a"});
  const auto tokenizer = *Tokenizer::Create(message);
  EXPECT_EQ(*tokenizer->Decode(std::vector<uint32_t>{1, 2, 3, 3}), "unable a a");
}

TextStep* AddStep(Message* message) { return message->add_steps(); }

// Makes no pieces of what steps make of text, so that it can be looked at: every character is one.
std::string After(Message message, std::string_view text) {
  message.clear_pieces();
  message.clear_unigram_scores();
  AddPiece("<unk>", Piece::TYPE_UNKNOWN, &message);
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    AddPiece(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">", Piece::TYPE_BYTE, &message);
  }
  for (int i = 0; i < message.pieces_size(); ++i) message.add_unigram_scores(0);
  const auto tokenizer = Tokenizer::Create(message);
  if (!tokenizer.ok()) return tokenizer.status().ToString();
  std::string bytes;
  for (uint32_t id : (*tokenizer)->Encode(text, false)) bytes += (*tokenizer)->PieceBytes(id);
  std::string spaced;
  for (size_t i = 0; i < bytes.size();) {
    const bool is_space = bytes.compare(i, 3, "\u2581") == 0;
    spaced += is_space ? ' ' : bytes[i];
    i += is_space ? 3 : 1;
  }
  return spaced;
}

TEST(TextSteps, FormsMarksAndCase) {
  Message message = Unigram({});
  AddStep(&message)->set_form(TextStep::FORM_KC);
  EXPECT_EQ(After(message, "\ufb01 e\u0301\xff\uff21"),
            "fi \u00e9\xff"
            "A");
  message.mutable_steps(0)->set_form(TextStep::FORM_D);
  EXPECT_EQ(After(message, "\ufb01\u00e9"),
            "\ufb01"
            "e\u0301");
  AddStep(&message)->set_drop_marks(TextStep::MARKS_NONSPACING);
  AddStep(&message)->set_lowercase(true);
  EXPECT_EQ(After(message, "\u00c9T\u00c9 \u0928\u093f"), "ete \u0928\u093f");
  message.mutable_steps(1)->set_drop_marks(TextStep::MARKS_ALL);
  EXPECT_EQ(After(message, "\u0130\u0928\u093f"), "i\u0928");
}

TEST(TextSteps, CleanTextAndIdeographs) {
  Message message = Unigram({});
  AddStep(&message)->set_clean(true);
  AddStep(&message)->set_space_ideographs(true);
  EXPECT_EQ(After(message, std::string("a\0b\tc\u200bd\u3000\ufffd\u4e2dx", 19)), "ab cd  \u4e2d x");
}

TEST(TextSteps, Replacements) {
  Message message = Unigram({});
  AddStep(&message)->mutable_replace()->set_pattern(" {2,}");
  message.mutable_steps(0)->mutable_replace()->set_text("_");
  AddStep(&message)->mutable_replace()->set_pattern("\\A");
  message.mutable_steps(1)->mutable_replace()->set_text(">");
  EXPECT_EQ(After(message, "a   b c"), ">a_b c");
}

// A table of "a" -> "x" and "ab" -> "yz", by hand: a unit's children are its place xor its offset, xor their
// byte.
artifact::v1::Charsmap SmallMap() {
  std::vector<uint32_t> units(512);
  const auto unit = [](uint32_t label, uint32_t offset, bool ends) {
    return label | offset << 10 | (ends ? 1u << 8 : 0);
  };
  constexpr uint32_t kValue = 1u << 31;
  units[0] = unit(0, 1, false);  // children at 1 ^ byte
  const uint32_t a = 1 ^ 'a';
  const uint32_t below_a = 256;
  units[a] = unit('a', a ^ below_a, true);  // its value at 256, its children at 256 ^ byte
  units[below_a] = kValue | 0;
  const uint32_t b = below_a ^ 'b';
  const uint32_t below_b = 300;
  units[b] = unit('b', b ^ below_b, true);
  units[below_b] = kValue | 2;
  artifact::v1::Charsmap map;
  map.set_trie(std::string(reinterpret_cast<const char*>(units.data()), units.size() * 4));
  map.set_texts(std::string("x\0yz\0", 5));
  return map;
}

TEST(TextSteps, ATableOfReplacements) {
  Message message = Unigram({});
  *AddStep(&message)->mutable_charsmap() = SmallMap();
  EXPECT_EQ(After(message,
                  "abacb\xff"
                  "ab"),
            "yzxcb\xff"
            "yz");
  message.mutable_steps(0)->mutable_charsmap()->set_by_grapheme(true);
  // A cluster goes with the first of its prefixes that is in the table.
  EXPECT_EQ(After(message, "aba\u0301c"), "xbxc");
}

TEST(WordModels, RefuseWhatIsWrong) {
  Message message = Unigram({{"a", -1}});
  message.mutable_unigram_scores()->RemoveLast();
  EXPECT_EQ(Refusal(message),
            "INVALID_ARGUMENT: tokenizer: 2 unigram_scores for 3 pieces, expected one each");
  message = Unigram({{"a", std::nan("")}});
  EXPECT_EQ(Refusal(message),
            "INVALID_ARGUMENT: tokenizer: unigram_score 2 is nan, expected -1e+06 to 1e+06");
  message = Unigram({{std::string(1025, 'a'), -1}});
  EXPECT_EQ(Refusal(message),
            "INVALID_ARGUMENT: tokenizer: piece 2 has 1025 bytes, expected 1..1024 in KIND_UNIGRAM");
  message = Unigram({});
  message.clear_unknown_token_id();
  EXPECT_EQ(Refusal(message), "INVALID_ARGUMENT: tokenizer: KIND_UNIGRAM without unknown_token_id");
  message = WordPieces({"a"});
  message.set_space_prefix(Message::SPACE_PREFIX_EACH);
  EXPECT_EQ(Refusal(message), "INVALID_ARGUMENT: tokenizer: KIND_WORD_PIECE with space_prefix 1, expected 0");
  message = WordPieces({"a"});
  AddStep(&message);
  EXPECT_EQ(Refusal(message), "UNIMPLEMENTED: tokenizer: step 0 is not known to this build");
  message = WordPieces({"a"});
  AddStep(&message)->mutable_charsmap()->set_trie("abc");
  EXPECT_EQ(Refusal(message),
            "INVALID_ARGUMENT: tokenizer: step 0 has a trie of 3 bytes, expected a positive multiple of 4");
  *message.mutable_steps(0)->mutable_charsmap() = SmallMap();
  message.mutable_steps(0)->mutable_charsmap()->mutable_texts()->append("x");
  EXPECT_EQ(Refusal(message),
            "INVALID_ARGUMENT: tokenizer: step 0 has texts that do not end with a zero byte");
  message.mutable_steps(0)->mutable_replace()->set_pattern("(");
  EXPECT_EQ(
      Refusal(message),
      "INVALID_ARGUMENT: tokenizer: step 0 is not a valid pattern: missing closing parenthesis at byte 1");
  message.mutable_steps(0)->mutable_replace()->set_pattern("a");
  message.mutable_steps(0)->mutable_replace()->set_text(std::string(64, 'a'));
  *AddStep(&message) = message.steps(0);
  EXPECT_EQ(
      Refusal(message),
      "INVALID_ARGUMENT: tokenizer: step 1 may make text 4225 times as long, expected at most 4096 times");
}

}  // namespace
}  // namespace streamtensor::server
