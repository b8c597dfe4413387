// SPDX-License-Identifier: Apache-2.0
// tokenizer.bin: the message, the tables made of it, text there and back, its chat template.
#include "server/tokenizer/tokenizer.h"

#include "server/tokenizer/chat_template.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

using artifact::v1::Piece;

std::vector<std::string> Seeds() {
  artifact::v1::Tokenizer tokenizer;
  tokenizer.set_format_version(1);
  tokenizer.set_kind(artifact::v1::Tokenizer::KIND_BYTE_LEVEL_BPE);
  tokenizer.set_pre_tokenizer(artifact::v1::Tokenizer::PRE_TOKENIZER_DIGITS_WORDS);
  for (const char* special : {"<|im_start|>", "<|im_end|>"}) {
    Piece* const piece = tokenizer.add_pieces();
    piece->set_text(special);
    piece->set_type(Piece::TYPE_CONTROL);
  }
  for (char c = 'a'; c <= 'h'; ++c) tokenizer.add_pieces()->set_text(std::string(1, c));
  for (const char* text : {"\xc4\xa0", "ab", "abc",
                           "\xc4\xa0"
                           "a"}) {
    tokenizer.add_pieces()->set_text(text);
  }
  for (const auto& [left, right] : {std::pair("a", "b"), std::pair("ab", "c"), std::pair("\xc4\xa0", "a")}) {
    artifact::v1::Merge* const merge = tokenizer.add_merges();
    merge->set_left(left);
    merge->set_right(right);
  }
  tokenizer.set_bos_token_id(0);
  tokenizer.set_eos_token_id(1);
  tokenizer.add_end_of_generation_ids(0);
  tokenizer.set_chat_template(
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}");
  artifact::v1::Tokenizer other = tokenizer;
  other.set_pre_tokenizer(artifact::v1::Tokenizer::PRE_TOKENIZER_WORDS);
  other.set_add_bos(true);
  other.set_add_eos(true);
  other.clear_chat_template();
  artifact::v1::Tokenizer splits = other;
  splits.set_format_version(2);
  splits.set_pre_tokenizer(artifact::v1::Tokenizer::PRE_TOKENIZER_NONE);
  splits.add_splits()->set_pattern("(?i:'s|'t)| ?[\\p{L}]+|[^\\p{N}\\x{a}]++");
  splits.add_splits()->set_pattern("(?:a|ab)*c");
  splits.mutable_splits(1)->set_drop_gaps(true);
  splits.set_compose(true);
  splits.set_ignore_merges(true);
  splits.mutable_pieces(0)->set_composed(true);
  // Pieces of characters, merged by rank, and by score.
  artifact::v1::Tokenizer characters = splits;
  characters.set_format_version(3);
  characters.set_kind(artifact::v1::Tokenizer::KIND_CHARACTER_BPE);
  characters.set_space_prefix(artifact::v1::Tokenizer::SPACE_PREFIX_FIRST_UNSPACED);
  characters.set_unknown_token_id(2);
  characters.set_fuse_unknown(true);
  characters.mutable_pieces(1)->set_strip_left(true);
  characters.mutable_pieces(1)->set_strip_right(true);
  artifact::v1::Tokenizer scores = characters;
  scores.clear_merges();
  scores.clear_ignore_merges();
  scores.clear_splits();
  scores.set_space_prefix(artifact::v1::Tokenizer::SPACE_PREFIX_EACH);
  for (const char* text : {"<0xC3>", "<0xA9>", "\u2581", "\u2581\u00e9"}) scores.add_pieces()->set_text(text);
  for (int id = scores.pieces_size() - 4; id < scores.pieces_size() - 2; ++id) {
    scores.mutable_pieces(id)->set_type(Piece::TYPE_BYTE);
  }
  for (int id = 0; id < scores.pieces_size(); ++id) scores.add_scores(-0.5f * static_cast<float>(id % 7));
  artifact::v1::Tokenizer unigram = scores;
  unigram.set_format_version(4);
  unigram.set_kind(artifact::v1::Tokenizer::KIND_UNIGRAM);
  unigram.mutable_unigram_scores()->Assign(unigram.scores().begin(), unigram.scores().end());
  unigram.clear_scores();
  unigram.set_unknown_score(-13);
  unigram.set_float_sums(true);
  unigram.set_space_prefix(artifact::v1::Tokenizer::SPACE_PREFIX_EACH_WORD);
  unigram.add_steps()->set_form(artifact::v1::TextStep::FORM_KD);
  unigram.add_steps()->set_drop_marks(artifact::v1::TextStep::MARKS_ALL);
  artifact::v1::Charsmap* const map = unigram.add_steps()->mutable_charsmap();
  map->set_trie(std::string("\0\4\0\0", 4) + std::string(1020, 'a'));
  map->set_texts(std::string("x\0yz\0", 5));
  map->set_by_grapheme(true);
  artifact::v1::Tokenizer words = splits;
  words.set_format_version(4);
  words.set_kind(artifact::v1::Tokenizer::KIND_WORD_PIECE);
  words.clear_merges();
  words.set_unknown_token_id(1);
  words.set_continuation("b");
  words.set_max_word_characters(20);
  words.add_steps()->set_clean(true);
  words.add_steps()->set_space_ideographs(true);
  words.add_steps()->set_lowercase(true);
  words.add_steps()->mutable_replace()->set_pattern(" {2,}|(?<!a)b++\\z");
  words.mutable_steps(3)->mutable_replace()->set_text("_a");
  *words.add_steps() = unigram.steps(2);
  words.mutable_steps(4)->mutable_charsmap()->set_by_grapheme(false);
  return {unigram.SerializeAsString(), words.SerializeAsString(),  tokenizer.SerializeAsString(),
          other.SerializeAsString(),   splits.SerializeAsString(), characters.SerializeAsString(),
          scores.SerializeAsString()};
}

bool Accepts(std::string_view input) {
  artifact::v1::Tokenizer message;
  if (!message.ParseFromArray(input.data(), static_cast<int>(input.size()))) return false;
  const auto tokenizer = server::Tokenizer::Create(message);
  if (!tokenizer.ok()) return Refused(tokenizer.status(), {"tokenizer: "});
  for (const std::string_view text :
       {"abc <|im_start|>ab cab  \n\t a1b22 \xc3\xa9\xf0\x9f\x98\x80 \xff\xfe abc", "", "<|im_start",
        "aaaaaaaaaaab"}) {
    for (const bool special : {false, true}) {
      const std::vector<uint32_t> ids = (*tokenizer)->Encode(text, special);
      Require((*tokenizer)->EncodeMarked(text, "<", {}).ok(), "text without some of its bytes is text");
      const auto back = (*tokenizer)->Decode(ids);
      Require(back.ok(), "ids of a text are in the vocabulary");
      server::Utf8Stream stream;
      stream.Push(*back);
      stream.Finish();
    }
  }
  const std::vector<uint32_t> outside = {(*tokenizer)->vocabulary()};
  Refused((*tokenizer)->Decode(outside).status());
  if (message.chat_template().empty()) return true;
  const auto chat = server::ChatTemplate::Create(message.chat_template());
  if (!chat.ok()) return Refused(chat.status(), {"chat template"});
  const server::ChatMessage turns[] = {{"system", "abc"}, {"user", "cab"}};
  const auto text = (*chat)->Render(turns, true, (*tokenizer)->PieceBytes(0), "");
  return text.ok() || Refused(text.status(), {"chat template"});
}

}  // namespace streamtensor::fuzz
