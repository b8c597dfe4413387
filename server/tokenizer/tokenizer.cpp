// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/tokenizer.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "artifact/tokenizer/tokenizer_check.h"
#include "base/status_macros.h"
#include "server/tokenizer/pre_tokenizer.h"
#include "server/tokenizer/special_tokens.h"
#include "server/tokenizer/text_normalizer.h"
#include "server/tokenizer/word_model.h"

namespace streamtensor::server {
namespace {

using artifact::v1::Piece;

std::string Without(std::string_view mark, std::string_view text) {
  std::string rest;
  for (size_t found; (found = text.find(mark)) != std::string_view::npos;) {
    rest += text.substr(0, found);
    text.remove_prefix(found + mark.size());
  }
  return rest.append(text);
}

// What a word costs beside its bytes.
constexpr size_t kWordWork = 64;

}  // namespace

struct Tokenizer::Impl {
  Impl(const artifact::v1::Tokenizer& message, artifact::CheckedTokenizer checked)
      : normalizer(message, std::move(checked.steps)),
        pre_tokenizer(std::move(checked.splitters)),
        model(WordModel::Create(message, checked.merges)) {}

  const TextNormalizer normalizer;
  const PreTokenizer pre_tokenizer;
  const std::unique_ptr<const WordModel> model;
  std::vector<std::string> bytes;  // by id
  std::vector<Piece::Type> types;  // by id
  // Bytes of the longest token of a word. 0: text may be left out, so that any length may make no token.
  size_t max_word_token = 0;
  size_t max_special = 0;  // bytes of the longest special token; 0 with the one above
  // Pieces by the word they are, for tokenizers that take a whole word before they merge.
  std::deque<std::string> words;
  absl::flat_hash_map<std::string_view, uint32_t> whole_words;  // views `words`
  std::deque<std::string> special_texts;                        // what stands for special tokens
  SpecialTokens specials;                                       // looked for in the text as it comes
  SpecialTokens normal_specials;           // looked for in what is left, once that is normalised
  std::vector<std::string_view> controls;  // ascending; views `bytes`
  std::optional<uint32_t> bos, eos;
  bool add_bos = false, add_eos = false;
  std::vector<uint32_t> end_of_generation;

  // `part` is between tokens of `specials`. Calls text_part(part, at_start) with normalised text and
  // special(id), as they follow each other, until one of them returns false. False: one did.
  template <class TextPart, class Special>
  bool ForEachNormal(std::string_view part, bool at_start, bool parse_control, TextPart text_part,
                     Special special) const {
    std::string normalized;
    if (!normalizer.is_identity()) part = normalized = normalizer.Normalized(part);
    return normal_specials.ForEachPart(
        part, parse_control,
        [&](std::string_view text) { return text_part(text, at_start && text.data() == part.data()); },
        special);
  }

  // `text` into `encoding`; `at_start`: the input begins with it.
  bool EncodeText(std::string_view text, bool at_start, bool parse_control, Encoding& encoding) const {
    const auto special = [&](uint32_t id) { return EncodeSpecial(id, encoding); };
    const auto words = [&](std::string_view part, bool starts) {
      return EncodeWords(part, starts, encoding);
    };
    const auto normal = [&](std::string_view part) {
      return ForEachNormal(part, at_start && part.data() == text.data(), parse_control, words, special);
    };
    return specials.ForEachPart(text, parse_control, normal, special);
  }

  // Of text that is normalised, but for composition, without control tokens.
  bool EncodeInside(std::string_view text, bool at_start, Encoding& encoding) const {
    const auto special = [&](uint32_t id) { return EncodeSpecial(id, encoding); };
    const auto normal = [&](std::string_view part) {
      const std::string normalized = normalizer.NormalizedInside(part);
      const bool starts = at_start && part.data() == text.data();
      return normal_specials.ForEachPart(
          normalized, /*parse_control=*/false,
          [&](std::string_view words) {
            return EncodeWords(words, starts && words.data() == normalized.data(), encoding);
          },
          special);
    };
    return specials.ForEachPart(text, /*parse_control=*/false, normal, special);
  }

  bool EncodeSpecial(uint32_t id, Encoding& encoding) const {
    encoding.ids.push_back(id);
    return encoding.Continue(bytes[id].size() + kWordWork);
  }

  // Normalised text without special tokens; `at_start`: the input begins with it. False: the encoding must
  // end.
  bool EncodeWords(std::string_view text, bool at_start, Encoding& encoding) const {
    if (!encoding.HasRoomFor(MinTokens(text.size()))) return false;
    std::string spaced;
    if (normalizer.LacksSpace(text, at_start)) text = spaced = TextNormalizer::WithSpace(text);
    std::string spaced_word;
    return pre_tokenizer.Split(text, [&](std::string_view word) {
      if (normalizer.spaces_words() && !TextNormalizer::BeginsWithSpace(word)) {
        word = spaced_word = TextNormalizer::WithSpace(word);
      }
      if (!encoding.Continue(word.size() + kWordWork)) return false;
      if (const auto whole = whole_words.find(word); whole != whole_words.end()) {
        encoding.ids.push_back(whole->second);
        return true;
      }
      return model->Encode(word, encoding);
    });
  }

  // Once `bytes` and `types` are set.
  void AddSpecials(const artifact::v1::Tokenizer& message) {
    bool strips = false;
    for (uint32_t id = 0; id < types.size(); ++id) {
      const Piece& piece = message.pieces(static_cast<int>(id));
      // In sentence pieces the unknown token's name stands for it as a control token's does.
      const bool is_control = piece.type() == Piece::TYPE_CONTROL ||
                              (piece.type() == Piece::TYPE_UNKNOWN &&
                               message.kind() != artifact::v1::Tokenizer::KIND_BYTE_LEVEL_BPE);
      if (!is_control && piece.type() != Piece::TYPE_USER_DEFINED) continue;
      special_texts.push_back(piece.composed() ? normalizer.Normalized(piece.text()) : piece.text());
      (piece.composed() ? normal_specials : specials)
          .Add(special_texts.back(), id, {is_control, piece.strip_left(), piece.strip_right()});
      max_special = std::max(max_special, special_texts.back().size());
      strips |= piece.strip_left() || piece.strip_right();
      if (is_control) controls.push_back(bytes[id]);
    }
    // White space without end may go with a token.
    max_special = strips ? 0 : std::max<size_t>(max_special, 1);
    specials.Finish();
    normal_specials.Finish();
    std::ranges::sort(controls);
  }

  // Of normalised text without special tokens.
  size_t MinTokens(size_t text_bytes) const { return max_word_token == 0 ? 0 : text_bytes / max_word_token; }

  // The same of any text.
  size_t MinTokensOfAny(size_t text_bytes) const {
    if (max_word_token == 0 || max_special == 0 || normalizer.max_shrinkage() == 0) return 0;
    return text_bytes / normalizer.max_shrinkage() / std::max(max_word_token, max_special);
  }
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::~Tokenizer() = default;

absl::StatusOr<std::unique_ptr<Tokenizer>> Tokenizer::Create(const artifact::v1::Tokenizer& message) {
  using Message = artifact::v1::Tokenizer;
  ASSIGN_OR_RETURN(artifact::CheckedTokenizer checked, artifact::CheckTokenizer(message));
  const auto pieces = static_cast<uint32_t>(message.pieces_size());
  auto impl = std::make_unique<Impl>(message, std::move(checked));
  const bool takes_whole_words =
      message.ignore_merges() || message.pre_tokenizer() == Message::PRE_TOKENIZER_LINES_DIGIT_GROUPS;
  if (takes_whole_words) impl->whole_words.reserve(pieces);
  for (uint32_t id = 0; id < pieces; ++id) {
    const Piece& piece = message.pieces(static_cast<int>(id));
    impl->types.push_back(piece.type());
    impl->bytes.push_back(impl->model->BytesOf(piece));
    if (takes_whole_words && !IsSpecial(piece.type()) && piece.type() != Piece::TYPE_UNUSED) {
      impl->words.push_back(impl->model->WordOf(piece));
      impl->whole_words.emplace(impl->words.back(), id);
    }
  }
  impl->AddSpecials(message);
  const bool drops_text = std::ranges::any_of(
      message.splits(), [](const auto& split) { return split.drop_matches() || split.drop_gaps(); });
  if (!drops_text) impl->max_word_token = impl->model->max_token_bytes();

  if (message.has_bos_token_id()) impl->bos = message.bos_token_id();
  if (message.has_eos_token_id()) {
    impl->eos = message.eos_token_id();
    impl->end_of_generation.push_back(*impl->eos);
  }
  for (uint32_t id : message.end_of_generation_ids()) impl->end_of_generation.push_back(id);
  std::sort(impl->end_of_generation.begin(), impl->end_of_generation.end());
  impl->end_of_generation.erase(std::unique(impl->end_of_generation.begin(), impl->end_of_generation.end()),
                                impl->end_of_generation.end());
  impl->add_bos = message.add_bos();
  impl->add_eos = message.add_eos();
  return std::unique_ptr<Tokenizer>(new Tokenizer(std::move(impl)));
}

std::vector<uint32_t> Tokenizer::Encode(std::string_view text, bool parse_special) const {
  return *Encode(text, parse_special, EncodeBounds());
}

absl::StatusOr<std::vector<uint32_t>> Tokenizer::Encode(std::string_view text, bool parse_special,
                                                        EncodeBounds bounds) const {
  Encoding encoding(std::move(bounds));
  if (encoding.HasRoomFor(impl_->MinTokensOfAny(text.size()))) {
    impl_->EncodeText(text, /*at_start=*/true, parse_special, encoding);
  }
  return std::move(encoding).Finish();
}

absl::StatusOr<std::vector<uint32_t>> Tokenizer::EncodeMarked(std::string_view text, std::string_view mark,
                                                              EncodeBounds bounds) const {
  Encoding encoding(std::move(bounds));
  const auto special = [&](uint32_t id) { return impl_->EncodeSpecial(id, encoding); };
  // Without its marks a part may hold control tokens, which are text, and user-defined ones, which are not.
  const auto words = [&](std::string_view part, bool at_start) {
    if (part.find(mark) == std::string_view::npos) return impl_->EncodeWords(part, at_start, encoding);
    return impl_->EncodeInside(Without(mark, part), at_start, encoding);
  };
  const auto normal = [&](std::string_view part) {
    const bool at_start = part.data() == text.data();
    if (part.find(mark) == std::string_view::npos || impl_->normal_specials.HasControls()) {
      return impl_->ForEachNormal(part, at_start, /*parse_control=*/true, words, special);
    }
    return impl_->EncodeText(Without(mark, part), at_start, /*parse_control=*/false, encoding);
  };
  // At most every byte has a mark.
  if (encoding.HasRoomFor(impl_->MinTokensOfAny(text.size() / (1 + mark.size())))) {
    impl_->specials.ForEachPart(text, /*parse_control=*/true, normal, special);
  }
  return std::move(encoding).Finish();
}

Tokenizer::ControlMatch Tokenizer::MatchControl(std::string_view text) const {
  const std::vector<std::string_view>& controls = impl_->controls;
  ControlMatch match;
  // The neighbours of `text` in the order share the most with it.
  const auto next = std::lower_bound(controls.begin(), controls.end(), text);
  for (auto near = next == controls.begin() ? next : next - 1; near != controls.end() && near <= next;
       ++near) {
    const auto common = std::mismatch(text.begin(), text.end(), near->begin(), near->end());
    match.bytes = std::max(match.bytes, static_cast<size_t>(common.first - text.begin()));
  }
  for (size_t bytes = 1; bytes <= match.bytes && !match.is_whole; ++bytes) {
    match.is_whole = std::binary_search(controls.begin(), controls.end(), text.substr(0, bytes));
  }
  return match;
}

absl::StatusOr<std::string> Tokenizer::Decode(std::span<const uint32_t> ids) const {
  std::string bytes;
  bool has_added_space = impl_->normalizer.adds_space(/*at_start=*/true);
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= vocabulary()) {
      return absl::InvalidArgumentError(
          absl::StrCat("token_ids[", i, "] is ", ids[i], ", expected less than ", vocabulary()));
    }
    std::string_view piece = impl_->bytes[ids[i]];
    const bool is_special = IsSpecial(impl_->types[ids[i]]);
    if (!is_special && has_added_space && piece.starts_with(' ')) piece.remove_prefix(1);
    has_added_space = is_special && impl_->normalizer.adds_space(/*at_start=*/false);
    bytes += piece;
  }
  return bytes;
}

std::string_view Tokenizer::PieceBytes(uint32_t id) const {
  return id < vocabulary() ? std::string_view(impl_->bytes[id]) : std::string_view();
}

uint32_t Tokenizer::vocabulary() const { return static_cast<uint32_t>(impl_->bytes.size()); }

bool Tokenizer::IsControl(uint32_t id) const {
  return id < vocabulary() && impl_->types[id] == Piece::TYPE_CONTROL;
}

std::optional<uint32_t> Tokenizer::bos() const { return impl_->bos; }
std::optional<uint32_t> Tokenizer::eos() const { return impl_->eos; }
bool Tokenizer::add_bos() const { return impl_->add_bos; }
bool Tokenizer::add_eos() const { return impl_->add_eos; }
std::span<const uint32_t> Tokenizer::end_of_generation() const { return impl_->end_of_generation; }

bool Tokenizer::IsEndOfGeneration(uint32_t id) const {
  return std::binary_search(impl_->end_of_generation.begin(), impl_->end_of_generation.end(), id);
}

}  // namespace streamtensor::server
