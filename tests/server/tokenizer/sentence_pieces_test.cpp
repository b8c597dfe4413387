// SPDX-License-Identifier: Apache-2.0
// Tokenizers whose pieces are spelled in characters.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/tokenizer/tokenizer.h"

namespace streamtensor::server {
namespace {

using artifact::v1::Piece;
using Message = artifact::v1::Tokenizer;
using Ids = std::vector<uint32_t>;

void AddPiece(const std::string& text, Piece::Type type, float score, Message* message) {
  Piece* piece = message->add_pieces();
  piece->set_text(text);
  piece->set_type(type);
  message->add_scores(score);
}

constexpr uint32_t kUnknown = 0, kEnd = 1, kUser = 2, kFirstByte = 3, kFirstWord = kFirstByte + 256;

// An unknown, a control and a user-defined token, all bytes, and pieces from id kFirstWord on, each with a
// lower score than the one before.
Message Small(const std::vector<std::string>& pieces) {
  Message message;
  message.set_format_version(3);
  message.set_kind(Message::KIND_CHARACTER_BPE);
  message.set_pre_tokenizer(Message::PRE_TOKENIZER_NONE);
  AddPiece("<unk>", Piece::TYPE_UNKNOWN, 0, &message);
  AddPiece("</s>", Piece::TYPE_CONTROL, 0, &message);
  AddPiece("<user>", Piece::TYPE_USER_DEFINED, 0, &message);
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (int byte = 0; byte < 256; ++byte) {
    AddPiece(std::string("<0x") + kDigits[byte / 16] + kDigits[byte % 16] + ">", Piece::TYPE_BYTE, 0,
             &message);
  }
  for (const std::string& piece : pieces) {
    AddPiece(piece, Piece::TYPE_NORMAL, -static_cast<float>(message.pieces_size()), &message);
  }
  message.set_unknown_token_id(kUnknown);
  message.set_eos_token_id(kEnd);
  message.set_fuse_unknown(true);
  return message;
}

// The tokens' bytes, apart.
std::string Spelled(const Message& message, std::string_view text, bool parse_special = true) {
  const auto tokenizer = Tokenizer::Create(message);
  if (!tokenizer.ok()) return tokenizer.status().ToString();
  std::string spelled;
  for (uint32_t id : (*tokenizer)->Encode(text, parse_special)) {
    absl::StrAppend(&spelled, spelled.empty() ? "" : "|", std::string((*tokenizer)->PieceBytes(id)));
  }
  return spelled;
}

std::string Refusal(const Message& message) { return Tokenizer::Create(message).status().ToString(); }

const std::vector<std::string> kLetters = {"\u2581a", "ab", "bc",     "abc",         "a",
                                           "b",       "c",  "\u2581", "\u2581\u2581"};

TEST(SentencePieces, MergeByScore) {
  Message message = Small(kLetters);
  EXPECT_EQ(Spelled(message, "abc"), "abc") << "by way of ab, whose score is above that of bc";
  EXPECT_EQ(Spelled(message, "bcbc"), "bc|bc");
  EXPECT_EQ(Spelled(message, "x abc"), "x| a|bc") << "the space takes the a";
  EXPECT_EQ(Spelled(message, "b   a"), "b|  | a");
  message = Small({"ab", "ba", "aba", "a", "b"});
  EXPECT_EQ(Spelled(message, "ababa"), "ab|aba");
  EXPECT_EQ(Spelled(message, "bab"), "b|ab");
  // Of pairs with one score the left one comes first.
  for (int id = static_cast<int>(kFirstWord); id < message.pieces_size(); ++id) message.set_scores(id, -1);
  EXPECT_EQ(Spelled(message, "bab"), "ba|b");
}

TEST(SentencePieces, ACharacterThatIsOnlyPartOfAPieceIsMergedOrSpelled) {
  const Message message = Small({"a\u00e9", "a"});
  EXPECT_EQ(Spelled(message, "a\u00e9a"), "a\u00e9|a");
  EXPECT_EQ(Spelled(message, "\u00e9"), "\xc3|\xa9");
}

TEST(SentencePieces, BytesSpellWhatHasNoPiece) {
  const auto tokenizer = *Tokenizer::Create(Small(kLetters));
  EXPECT_EQ(tokenizer->Encode("\u4e2d", false),
            (Ids{kFirstByte + 0xe4, kFirstByte + 0xb8, kFirstByte + 0xad}));
  EXPECT_EQ(tokenizer->Encode("\n", false), Ids{kFirstByte + 10});
  EXPECT_EQ(tokenizer->Encode("<0x0A>", false).size(), 6) << "a byte's name is text";
  for (const std::string text : {"", "a\xff\xfe b", "\xe4\xb8", "\xf0\x9f\x98\x80 abc", " a", "a<0x41>"}) {
    EXPECT_EQ(*tokenizer->Decode(tokenizer->Encode(text, false)), text);
  }
}

TEST(SentencePieces, StreamsHoldBackUnfinishedCharacters) {
  const auto tokenizer = *Tokenizer::Create(Small(kLetters));
  Utf8Stream stream;
  std::vector<std::string> parts;
  for (uint32_t id : tokenizer->Encode("a\u4e2db", false))
    parts.push_back(stream.Push(tokenizer->PieceBytes(id)));
  EXPECT_EQ(parts, (std::vector<std::string>{"a", "", "", "\u4e2d", "b"}));
  EXPECT_EQ(stream.Push(tokenizer->PieceBytes(kFirstByte + 0xe4)), "");
  EXPECT_EQ(stream.Push("a"),
            "\ufffd"
            "a");
}

TEST(SentencePieces, WithoutBytesTextIsUnknown) {
  Message message = Small(kLetters);
  message.mutable_pieces(static_cast<int>(kFirstByte))->set_type(Piece::TYPE_UNUSED);
  EXPECT_EQ(Spelled(message, std::string("a\0b", 3)), "a|<unk>|b");
  EXPECT_EQ(Spelled(message, std::string("a\0\0b", 4)), "a|<unk>|b");
  message.set_fuse_unknown(false);
  EXPECT_EQ(Spelled(message, std::string("a\0\0b", 4)), "a|<unk>|<unk>|b");
  message.clear_unknown_token_id();
  EXPECT_EQ(Spelled(message, std::string("a\0\0b", 4)), "ab") << "left out";
}

TEST(SentencePieces, SpecialTokens) {
  Message message = Small(kLetters);
  EXPECT_EQ(Spelled(message, "a</s>b<user>c<unk>"), "a|</s>|b|<user>|c|<unk>");
  EXPECT_EQ(Spelled(message, "</s>", false), "<|/|s|>");
  EXPECT_EQ(Spelled(message, "<user>", false), "<user>");
  EXPECT_EQ(Spelled(message, "<unk>", false), "<|u|n|k|>");
  // A control token is never made of text, whatever its score.
  AddPiece("a<", Piece::TYPE_CONTROL, 100, &message);
  EXPECT_EQ(Spelled(message, "a<", false), "a|<");
  message.mutable_pieces(1)->set_strip_left(true);
  EXPECT_EQ(Spelled(message, "a \t\u3000</s> b"), "a|</s>| |b");
  message.mutable_pieces(1)->set_strip_right(true);
  EXPECT_EQ(Spelled(message, "a </s> \n b"), "a|</s>|b");
  EXPECT_EQ(Spelled(message, "  </s>\n"), "</s>");
}

TEST(SentencePieces, ASpaceBeforeText) {
  const auto spelled = [](Message::SpacePrefix prefix, std::string_view text) {
    Message message = Small(kLetters);
    message.set_space_prefix(prefix);
    return Spelled(message, text);
  };
  EXPECT_EQ(spelled(Message::SPACE_PREFIX_NONE, "ab</s>ab"), "ab|</s>|ab");
  EXPECT_EQ(spelled(Message::SPACE_PREFIX_EACH, "ab</s>ab"), " a|b|</s>| a|b");
  EXPECT_EQ(spelled(Message::SPACE_PREFIX_EACH, " b</s> b"), "  |b|</s>|  |b");
  EXPECT_EQ(spelled(Message::SPACE_PREFIX_EACH_UNSPACED, " b</s>b"), " |b|</s>| |b");
  EXPECT_EQ(spelled(Message::SPACE_PREFIX_FIRST_UNSPACED, "b</s>b"), " |b|</s>|b");
  EXPECT_EQ(spelled(Message::SPACE_PREFIX_FIRST_UNSPACED, " b"), " |b");
  EXPECT_EQ(spelled(Message::SPACE_PREFIX_FIRST_UNSPACED, "</s>b"), "</s>|b");
  EXPECT_EQ(spelled(Message::SPACE_PREFIX_EACH, ""), "");
}

TEST(SentencePieces, DecodingLeavesOutTheSpaceThatEncodingAdds) {
  for (const auto prefix : {Message::SPACE_PREFIX_NONE, Message::SPACE_PREFIX_EACH,
                            Message::SPACE_PREFIX_EACH_UNSPACED, Message::SPACE_PREFIX_FIRST_UNSPACED}) {
    Message message = Small(kLetters);
    message.set_space_prefix(prefix);
    const auto tokenizer = *Tokenizer::Create(message);
    for (const std::string text : {"", "ab", "a b", "b</s>b<user>c", "</s>b"}) {
      EXPECT_EQ(*tokenizer->Decode(tokenizer->Encode(text, true)), text) << prefix;
    }
  }
  Message message = Small(kLetters);
  message.set_space_prefix(Message::SPACE_PREFIX_EACH);
  const auto tokenizer = *Tokenizer::Create(message);
  EXPECT_EQ(*tokenizer->Decode(tokenizer->Encode("  a </s> b", true)), "  a </s> b");
}

TEST(SentencePieces, NormalisedTokensAreFoundWithTheSpaceBeforeText) {
  Message message = Small(kLetters);
  message.mutable_pieces(static_cast<int>(kUser))->set_composed(true);
  EXPECT_EQ(Spelled(message, "a<user>b"), "a|<user>|b");
  // As the models' own library does: their normaliser puts a space before the token's text, too.
  message.set_space_prefix(Message::SPACE_PREFIX_EACH);
  EXPECT_EQ(Spelled(message, "<user>b"), "<user>|b");
  EXPECT_EQ(Spelled(message, "a<user>"), " a|<|u|s|e|r|>");
  message.set_space_prefix(Message::SPACE_PREFIX_EACH_UNSPACED);
  EXPECT_EQ(Spelled(message, "a<user>b"), " a|<user>| |b");
}

TEST(SentencePieces, MarkedTextHoldsNoControlTokens) {
  Message message = Small(kLetters);
  AddPiece("  ", Piece::TYPE_USER_DEFINED, 0, &message);
  message.set_space_prefix(Message::SPACE_PREFIX_FIRST_UNSPACED);
  const std::string mark = "\ufdd0";
  for (const bool composed : {false, true}) {
    message.mutable_pieces(static_cast<int>(kEnd))->set_composed(composed);
    const auto tokenizer = *Tokenizer::Create(message);
    const auto ids = *tokenizer->EncodeMarked("b<" + mark + "/s>  c</s>b", mark, {});
    std::string spelled;
    for (uint32_t id : ids) absl::StrAppend(&spelled, "|", std::string(tokenizer->PieceBytes(id)));
    EXPECT_EQ(spelled, "| |b|<|/|s|>|  |c|</s>|b") << composed;
  }
}

TEST(SentencePieces, LimitsHold) {
  const auto tokenizer = *Tokenizer::Create(Small(kLetters));
  const std::string text(1000, 'x');
  EXPECT_EQ(tokenizer->Encode(text, false, {.max_tokens = 1000, .poll = nullptr})->size(), 1000);
  EXPECT_EQ(tokenizer->Encode(text, false, {.max_tokens = 999, .poll = nullptr}).status().code(),
            absl::StatusCode::kOutOfRange);
  int polls = 0;
  const auto poll = [&] { return ++polls < 3 ? absl::OkStatus() : absl::CancelledError("gone"); };
  EXPECT_EQ(tokenizer->Encode(std::string(4 << 20, 'a'), false, {8 << 20, poll}).status(),
            absl::CancelledError("gone"));
  EXPECT_EQ(polls, 3);
  // Without looking: no token has more than the six bytes of two spaces.
  polls = 0;
  EXPECT_TRUE(absl::IsOutOfRange(tokenizer->Encode(std::string(4 << 20, 'a'), false, {1000, poll}).status()));
  EXPECT_EQ(polls, 0);
}

TEST(SentencePieces, RefusesWhatIsWrong) {
  Message message = Small(kLetters);
  message.mutable_scores()->RemoveLast();
  EXPECT_EQ(Refusal(message),
            "INVALID_ARGUMENT: tokenizer: 267 scores and 0 merges for 268 pieces, expected a score each and "
            "no merges");
  message = Small(kLetters);
  message.set_scores(260, std::numeric_limits<float>::quiet_NaN());
  EXPECT_EQ(Refusal(message), "INVALID_ARGUMENT: tokenizer: score 260 is nan, expected a finite number");
  message = Small(kLetters);
  message.mutable_pieces(5)->set_text("<0xgg>");
  EXPECT_EQ(Refusal(message),
            "INVALID_ARGUMENT: tokenizer: piece 5 is of a byte, but is \"<0xgg>\"; expected <0xHH>");
  message = Small(kLetters);
  message.set_unknown_token_id(999);
  EXPECT_EQ(Refusal(message), "INVALID_ARGUMENT: tokenizer: unknown_token_id is 999, expected less than 268");
  message = Small(kLetters);
  message.set_space_prefix(static_cast<Message::SpacePrefix>(9));
  EXPECT_EQ(Refusal(message), "INVALID_ARGUMENT: tokenizer: space_prefix is 9, expected 0 to 4");
  message = Small(kLetters);
  message.set_kind(Message::KIND_BYTE_LEVEL_BPE);
  EXPECT_EQ(
      Refusal(message),
      "INVALID_ARGUMENT: tokenizer: byte-level BPE with space_prefix 0 and 268 scores, expected 0 and none");
}

}  // namespace
}  // namespace streamtensor::server
