// SPDX-License-Identifier: Apache-2.0
#include "server/tokenizer/tokenizer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "server/tokenizer/byte_pairs.h"
#include "server/tokenizer/pre_tokenizer.h"
#include "server/tokenizer/special_tokens.h"
#include "server/tokenizer/unicode.h"

namespace streamtensor::server {
namespace {

using artifact::v1::Piece;

constexpr size_t kMaxPieces = size_t{1} << 21;
constexpr size_t kMaxPieceBytes = size_t{1} << 16;

// The byte-level alphabet: every byte has a printable character. Bytes that are printable in Latin-1 are
// themselves; the 68 others follow U+0100, in order.
class ByteAlphabet {
 public:
  ByteAlphabet() {
    uint32_t next = 256;
    byte_of_.fill(-1);
    for (int byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
      byte_of_[printable ? byte : next++] = static_cast<int16_t>(byte);
    }
  }

  // The bytes that `spelled` stands for; `spelled` itself where it holds any character outside.
  std::string Bytes(std::string_view spelled) const {
    std::string bytes;
    for (size_t i = 0; i < spelled.size();) {
      const auto first = static_cast<uint8_t>(spelled[i]);
      uint32_t character = first;
      size_t length = 1;
      if (first >= 0xc2 && first <= 0xc5 && i + 1 < spelled.size()) {
        character = (first & 0x1fu) << 6 | (static_cast<uint8_t>(spelled[i + 1]) & 0x3fu);
        length = 2;
      } else if (first >= 0x80) {
        return std::string(spelled);
      }
      if (character >= byte_of_.size() || byte_of_[character] < 0) return std::string(spelled);
      bytes.push_back(static_cast<char>(byte_of_[character]));
      i += length;
    }
    return bytes;
  }

 private:
  std::array<int16_t, 256 + 68> byte_of_;
};

bool IsSpecial(Piece::Type type) { return type == Piece::TYPE_CONTROL || type == Piece::TYPE_USER_DEFINED; }

std::string Quoted(std::string_view text) { return absl::StrCat("\"", base::Printable(text, 40), "\""); }

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

// Composition shortens text to a third at most: three letters of Hangul become one, as does the Kelvin sign.
constexpr size_t kMaxComposition = 3;

}  // namespace

struct Tokenizer::Impl {
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  std::vector<std::string> bytes;  // by id
  std::vector<Piece::Type> types;  // by id
  BytePairs byte_pairs;
  // Bytes of the longest token of a word. 0: text may be left out, so that any length may make no token.
  size_t max_word_token = 0;
  size_t max_special = 0;  // bytes of the longest special token
  // Pieces by their bytes, for tokenizers that take a whole word before they merge; views `bytes`.
  absl::flat_hash_map<std::string_view, uint32_t> whole_words;
  bool composes = false;                   // text is brought to normalisation form C first
  SpecialTokens specials;                  // looked for in the text as it comes
  SpecialTokens composed_specials;         // looked for in what is left, once that is composed
  std::vector<std::string_view> controls;  // ascending; views `bytes`
  std::optional<uint32_t> bos, eos;
  bool add_bos = false, add_eos = false;
  std::vector<uint32_t> end_of_generation;

  // Calls text_part(part) with text that is composed and holds no special token, and special(id), as they
  // follow each other in `text`, until one of them returns false. False: one did.
  template <class TextPart, class Special>
  bool ForEachText(std::string_view text, bool parse_control, TextPart text_part, Special special) const {
    const auto compose = [&](std::string_view part) {
      std::string composed;
      if (composes) part = composed = ComposedText(part);
      return composed_specials.ForEachPart(part, parse_control, text_part, special);
    };
    return specials.ForEachPart(text, parse_control, compose, special);
  }

  // ForEachText() into `encoding`.
  bool EncodeText(std::string_view text, bool parse_control, Encoding& encoding) const {
    return ForEachText(
        text, parse_control, [&](std::string_view part) { return EncodeWords(part, encoding); },
        [&](uint32_t id) { return EncodeSpecial(id, encoding); });
  }

  bool EncodeSpecial(uint32_t id, Encoding& encoding) const {
    encoding.ids.push_back(id);
    return encoding.Continue(bytes[id].size() + kWordWork);
  }

  // False: the encoding must end.
  bool EncodeWords(std::string_view text, Encoding& encoding) const {
    if (!encoding.HasRoomFor(MinTokens(text.size()))) return false;
    return pre_tokenizer->Split(text, [&](std::string_view word) {
      if (!encoding.Continue(word.size() + kWordWork)) return false;
      if (const auto whole = whole_words.find(word); whole != whole_words.end()) {
        encoding.ids.push_back(whole->second);
        return true;
      }
      return byte_pairs.Encode(word, encoding);
    });
  }

  // Of composed text without special tokens.
  size_t MinTokens(size_t text_bytes) const { return max_word_token == 0 ? 0 : text_bytes / max_word_token; }

  // The same of any text.
  size_t MinTokensOfAny(size_t text_bytes) const {
    if (max_word_token == 0) return 0;
    return text_bytes / (composes ? kMaxComposition : 1) / std::max(max_word_token, max_special);
  }
};

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::~Tokenizer() = default;

absl::StatusOr<std::unique_ptr<Tokenizer>> Tokenizer::Create(const artifact::v1::Tokenizer& message) {
  using Message = artifact::v1::Tokenizer;
  if (message.format_version() != 1 && message.format_version() != 2) {
    return absl::InvalidArgumentError(absl::StrCat("tokenizer: format_version is ", message.format_version(),
                                                   ", this build reads 1 and 2"));
  }
  if (message.kind() != Message::KIND_BYTE_LEVEL_BPE) {
    return absl::UnimplementedError(absl::StrCat("tokenizer: kind ", Message::Kind_Name(message.kind()), " (",
                                                 static_cast<int>(message.kind()),
                                                 ") is not known to this build; known: KIND_BYTE_LEVEL_BPE"));
  }
  const auto pieces = static_cast<size_t>(message.pieces_size());
  if (pieces == 0 || pieces > kMaxPieces) {
    return absl::InvalidArgumentError(
        absl::StrCat("tokenizer: ", pieces, " pieces, expected 1..", kMaxPieces));
  }
  if (message.add_space_prefix()) {
    return absl::UnimplementedError(
        "tokenizer: add_space_prefix is set; byte-level BPE here never adds a space");
  }

  auto impl = std::make_unique<Impl>();
  ASSIGN_OR_RETURN(impl->pre_tokenizer, PreTokenizer::Create(message));

  const ByteAlphabet alphabet;
  size_t max_word_token = 0;
  absl::flat_hash_map<std::string_view, uint32_t> id_of;
  id_of.reserve(pieces);
  for (uint32_t id = 0; id < pieces; ++id) {
    const Piece& piece = message.pieces(static_cast<int>(id));
    const std::string& text = piece.text();
    if (text.empty() || text.size() > kMaxPieceBytes) {
      return absl::InvalidArgumentError(absl::StrCat("tokenizer: piece ", id, " has ", text.size(),
                                                     " bytes, expected 1..", kMaxPieceBytes));
    }
    const auto [other, added] = id_of.emplace(text, id);
    if (!added) {
      return absl::InvalidArgumentError(
          absl::StrCat("tokenizer: pieces ", other->second, " and ", id, " are both ", Quoted(text)));
    }
    const bool special = IsSpecial(piece.type());
    impl->types.push_back(piece.type());
    impl->bytes.push_back(special ? text : alphabet.Bytes(text));
    if (special) {
      impl->max_special = std::max(impl->max_special, text.size());
      continue;
    }
    max_word_token = std::max(max_word_token, impl->bytes.back().size());
    if (piece.type() != Piece::TYPE_UNUSED && impl->bytes.back().size() == 1) {
      impl->byte_pairs.SetByte(static_cast<uint8_t>(impl->bytes.back()[0]), id);
    }
  }
  impl->composes = message.compose() || message.pre_tokenizer() == Message::PRE_TOKENIZER_LINES_DIGITS;
  if (message.ignore_merges() || message.pre_tokenizer() == Message::PRE_TOKENIZER_LINES_DIGIT_GROUPS) {
    impl->whole_words.reserve(pieces);
    for (uint32_t id = 0; id < pieces; ++id) {
      if (IsSpecial(impl->types[id]) || impl->types[id] == Piece::TYPE_UNUSED) continue;
      impl->whole_words.emplace(impl->bytes[id], id);
    }
  }
  const bool drops_text = std::ranges::any_of(
      message.splits(), [](const auto& split) { return split.drop_matches() || split.drop_gaps(); });
  if (!drops_text && impl->byte_pairs.SpellsAllBytes()) impl->max_word_token = max_word_token;
  for (uint32_t id = 0; id < pieces; ++id) {
    if (!IsSpecial(impl->types[id])) continue;
    const bool is_composed = message.pieces(static_cast<int>(id)).composed();
    (is_composed ? impl->composed_specials : impl->specials)
        .Add(impl->bytes[id], id, impl->types[id] == Piece::TYPE_CONTROL);
  }
  impl->specials.Finish();
  impl->composed_specials.Finish();

  for (uint32_t id = 0; id < pieces; ++id) {
    if (impl->types[id] == Piece::TYPE_CONTROL) impl->controls.push_back(impl->bytes[id]);
  }
  std::sort(impl->controls.begin(), impl->controls.end());

  impl->byte_pairs.Reserve(static_cast<size_t>(message.merges_size()));
  for (int rank = 0; rank < message.merges_size(); ++rank) {
    const artifact::v1::Merge& merge = message.merges(rank);
    const std::string whole = merge.left() + merge.right();
    uint32_t ids[3];
    const std::string_view parts[3] = {merge.left(), merge.right(), whole};
    for (int i = 0; i < 3; ++i) {
      const auto found = id_of.find(parts[i]);
      if (found == id_of.end()) {
        return absl::InvalidArgumentError(absl::StrCat("tokenizer: merge ", rank, " needs the piece ",
                                                       Quoted(parts[i]), ", which the vocabulary lacks"));
      }
      ids[i] = found->second;
    }
    impl->byte_pairs.AddMerge(ids[0], ids[1], ids[2]);
  }

  auto check_id = [&](const char* field, uint32_t id) {
    return id < pieces ? absl::OkStatus()
                       : absl::InvalidArgumentError(
                             absl::StrCat("tokenizer: ", field, " is ", id, ", expected less than ", pieces));
  };
  if (message.has_bos_token_id()) {
    RETURN_IF_ERROR(check_id("bos_token_id", message.bos_token_id()));
    impl->bos = message.bos_token_id();
  }
  if (message.has_eos_token_id()) {
    RETURN_IF_ERROR(check_id("eos_token_id", message.eos_token_id()));
    impl->eos = message.eos_token_id();
    impl->end_of_generation.push_back(*impl->eos);
  }
  for (uint32_t id : message.end_of_generation_ids()) {
    RETURN_IF_ERROR(check_id("end_of_generation_ids", id));
    impl->end_of_generation.push_back(id);
  }
  std::sort(impl->end_of_generation.begin(), impl->end_of_generation.end());
  impl->end_of_generation.erase(std::unique(impl->end_of_generation.begin(), impl->end_of_generation.end()),
                                impl->end_of_generation.end());
  if (message.add_bos() && !impl->bos) {
    return absl::InvalidArgumentError("tokenizer: add_bos is set but there is no bos_token_id");
  }
  if (message.add_eos() && !impl->eos) {
    return absl::InvalidArgumentError("tokenizer: add_eos is set but there is no eos_token_id");
  }
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
    impl_->EncodeText(text, parse_special, encoding);
  }
  return std::move(encoding).Finish();
}

absl::StatusOr<std::vector<uint32_t>> Tokenizer::EncodeMarked(std::string_view text, std::string_view mark,
                                                              EncodeBounds bounds) const {
  Encoding encoding(std::move(bounds));
  const auto words = [&](std::string_view part) {
    if (part.find(mark) == std::string_view::npos) return impl_->EncodeWords(part, encoding);
    // Without its marks the part may hold control tokens, which are text, and user-defined ones, which are
    // not.
    return impl_->EncodeText(Without(mark, part), /*parse_control=*/false, encoding);
  };
  // At most every byte has a mark.
  if (encoding.HasRoomFor(impl_->MinTokensOfAny(text.size() / (1 + mark.size())))) {
    impl_->ForEachText(text, /*parse_control=*/true, words,
                       [&](uint32_t id) { return impl_->EncodeSpecial(id, encoding); });
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
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= vocabulary()) {
      return absl::InvalidArgumentError(
          absl::StrCat("token_ids[", i, "] is ", ids[i], ", expected less than ", vocabulary()));
    }
    bytes += impl_->bytes[ids[i]];
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
