// SPDX-License-Identifier: Apache-2.0
#include "artifact/tokenizer/tokenizer_check.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <utility>

#include "artifact/folder.h"
#include "sample_artifact.h"

namespace streamtensor::artifact {
namespace {

using Message = v1::Tokenizer;

Message WithMerge(const std::string& left, const std::string& right) {
  Message message = SampleTokenizer();
  v1::Merge* const merge = message.add_merges();
  merge->set_left(left);
  merge->set_right(right);
  return message;
}

TEST(TokenizerCheck, ResolvesMergesAndPatterns) {
  Message message = WithMerge("!", "\"");
  message.add_pieces()->set_text("!\"");
  message.add_splits()->set_pattern("a+");
  message.mutable_splits(0)->set_drop_gaps(true);
  const auto checked = CheckTokenizer(message);
  ASSERT_TRUE(checked.ok()) << checked.status();
  ASSERT_EQ(checked->merges.size(), 1u);
  EXPECT_EQ(checked->merges[0], (std::array<uint32_t, 3>{0, 1, 50}));
  ASSERT_EQ(checked->splitters.size(), 2u) << "its own and that of the pre-tokenizer";
  EXPECT_TRUE(checked->splitters[0].drop_gaps);
  EXPECT_FALSE(checked->splitters[1].drop_gaps);
  size_t matches = 0;
  checked->splitters[0].pattern.ForEachMatch("aabca", [&](size_t, size_t) { return ++matches > 0; });
  EXPECT_EQ(matches, 2u);
}

TEST(TokenizerCheck, NamesWhatIsWrong) {
  const std::pair<std::function<void(Message&)>, std::string> cases[] = {
      {[](Message& m) { m.set_format_version(5); }, "format_version is 5, this build reads 1 to 4"},
      {[](Message& m) { m.set_kind(Message::KIND_UNSPECIFIED); }, "kind KIND_UNSPECIFIED (0) is not known"},
      {[](Message& m) { m.clear_pre_tokenizer(); }, "PRE_TOKENIZER_UNSPECIFIED (0) is not known"},
      {[](Message& m) { m.set_add_space_prefix(true); }, "add_space_prefix is set"},
      {[](Message& m) { m.set_space_prefix(Message::SPACE_PREFIX_EACH); },
       "byte-level BPE with space_prefix 1"},
      {[](Message& m) { m.add_scores(1); }, "and 1 scores, expected 0 and none"},
      {[](Message& m) { m.set_space_prefix(static_cast<Message::SpacePrefix>(9)); }, "space_prefix is 9"},
      {[](Message& m) { m.set_kind(Message::KIND_CHARACTER_BPE), m.add_scores(1); }, "1 scores and 0 merges"},
      {[](Message& m) {
         m.set_kind(Message::KIND_CHARACTER_BPE);
         for (int i = 0; i < m.pieces_size(); ++i) m.add_scores(i == 7 ? NAN : 0);
       },
       "score 7 is nan, expected a finite number"},
      {[](Message& m) {
         m.set_kind(Message::KIND_CHARACTER_BPE);
         m.mutable_pieces(3)->set_type(v1::Piece::TYPE_BYTE);
       },
       "piece 3 is of a byte, but is \"$\"; expected <0xHH>"},
      {[](Message& m) { m.clear_pieces(); }, "0 pieces"},
      {[](Message& m) { m.mutable_pieces(1)->clear_text(); }, "piece 1 has 0 bytes"},
      {[](Message& m) { m.mutable_pieces(1)->set_text(std::string(65537, 'x')); }, "piece 1 has 65537 bytes"},
      {[](Message& m) { m.mutable_pieces(2)->set_text("!"); }, "pieces 0 and 2 are both \"!\""},
      {[](Message& m) { m = WithMerge("!", "q"); }, "merge 0 needs the piece \"q\""},
      {[](Message& m) { m = WithMerge("!", "#"); }, "merge 0 needs the piece \"!#\""},
      {[](Message& m) { m.set_bos_token_id(50); }, "bos_token_id is 50, expected less than 50"},
      {[](Message& m) { m.set_eos_token_id(50); }, "eos_token_id is 50"},
      {[](Message& m) { m.set_unknown_token_id(50); }, "unknown_token_id is 50"},
      {[](Message& m) { m.set_padding_token_id(50); }, "padding_token_id is 50"},
      {[](Message& m) { m.add_end_of_generation_ids(99); }, "end_of_generation_ids is 99"},
      {[](Message& m) { m.set_add_bos(true); }, "add_bos is set but there is no bos_token_id"},
      {[](Message& m) { m.clear_eos_token_id(), m.set_add_eos(true); }, "there is no eos_token_id"},
      {[](Message& m) { m.add_splits()->set_pattern("(a"); }, "split 0 is not a valid pattern: "},
      {[](Message& m) { m.add_splits()->set_pattern("\\C"); }, "split 0 is not a valid pattern: "},
      {[](Message& m) { m.add_splits()->set_pattern(std::string(70000, 'a')); }, "split 0 is not a valid"},
      {[](Message& m) {
         v1::Split* const split = m.add_splits();
         split->set_pattern("a");
         split->set_drop_matches(true);
         split->set_drop_gaps(true);
       },
       "split 0 drops all of a text"},
      {[](Message& m) {
         for (int i = 0; i < 65; ++i) m.add_splits()->set_pattern("a");
       },
       "65 splits, expected at most 64"},
      {[](Message& m) { m.set_chat_template("\xff"); }, "chat_template is not UTF-8"},
      {[](Message& m) { m.set_chat_template(std::string(kMaxTokenizerBytes, 'x')); }, "can be served"},
  };
  for (const auto& [damage, expected] : cases) {
    Message message = SampleTokenizer();
    ASSERT_TRUE(CheckTokenizer(message).ok());
    damage(message);
    const absl::Status status = CheckTokenizer(message).status();
    ASSERT_FALSE(status.ok()) << expected;
    EXPECT_EQ(status.message().substr(0, 11), "tokenizer: ") << status;
    EXPECT_NE(status.message().find(expected), absl::string_view::npos) << status << "\n" << expected;
  }
}

}  // namespace
}  // namespace streamtensor::artifact
