// SPDX-License-Identifier: Apache-2.0
#include "artifact/tokenizer/tokenizer_check.h"

#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "artifact/folder.h"
#include "artifact/tokenizer/text_step_check.h"
#include "base/printable.h"
#include "base/status_macros.h"

namespace streamtensor::artifact {
namespace {

using v1::Tokenizer;

constexpr int kMaxPieces = 1 << 21;
constexpr size_t kMaxPieceBytes = size_t{1} << 16;
constexpr size_t kMaxSearchedPieceBytes = size_t{1} << 10;
constexpr int kMaxSplits = 64;
constexpr double kMaxUnigramScore = 1e6;

// Unicode's White_Space property, spelled out: PCRE2's \s also holds U+180E, which lost the property in
// Unicode 6.3 and which the models' own tokenizers do not treat as a space.
#define ST_SPACE                                                                     \
  "\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}" \
  "\\x{202f}\\x{205f}\\x{3000}"

// Words: contractions; letters, digits or other marks with one preceding space; white space, whose last
// character belongs to the next word.
constexpr char kWords[] = "'(?:s|t|re|ve|m|ll|d)| ?\\p{L}+| ?\\p{N}+| ?[^" ST_SPACE
                          "\\p{L}\\p{N}]+|[" ST_SPACE "]+(?![^" ST_SPACE "])|[" ST_SPACE "]+";

// Words that treat line ends: contractions in either case; letters with one preceding mark or space; groups
// of at most that many digits; other marks with one preceding space and the following line ends; white space
// that ends in line ends; white space as above.
#define ST_LINE_WORDS(DIGITS)                                                                 \
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" DIGITS "| ?[^" ST_SPACE \
  "\\p{L}\\p{N}]+[\\r\\n]*|[" ST_SPACE "]*[\\r\\n]+|[" ST_SPACE "]+(?![^" ST_SPACE "])|[" ST_SPACE "]+"
constexpr char kLineWordsDigitGroups[] = ST_LINE_WORDS("{1,3}");
constexpr char kLineWordsDigits[] = ST_LINE_WORDS("");
#undef ST_LINE_WORDS
#undef ST_SPACE

constexpr char kSingleDigit[] = "\\p{N}";

std::string Quoted(std::string_view text) { return absl::StrCat("\"", base::Printable(text, 40), "\""); }

absl::Status Invalid(const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("tokenizer: ", what));
}

absl::Status Unknown(const std::string& what) {
  return absl::UnimplementedError(absl::StrCat("tokenizer: ", what));
}

absl::Status CheckHead(const Tokenizer& message) {
  if (const size_t bytes = message.ByteSizeLong(); bytes > kMaxTokenizerBytes) {
    return Invalid(absl::StrCat("has ", bytes, " bytes, at most ", kMaxTokenizerBytes, " can be served"));
  }
  if (const uint32_t version = message.format_version();
      version < kTokenizerVersion || version > kTokenizerStepsVersion) {
    return Invalid(absl::StrCat("format_version is ", version, ", this build reads ", kTokenizerVersion,
                                " to ", kTokenizerStepsVersion));
  }
  if (message.kind() == Tokenizer::KIND_UNSPECIFIED || !Tokenizer::Kind_IsValid(message.kind())) {
    return Unknown(
        absl::StrCat("kind ", Tokenizer::Kind_Name(message.kind()), " (", static_cast<int>(message.kind()),
                     ") is not known to this build; known: KIND_BYTE_LEVEL_BPE, KIND_CHARACTER_BPE, "
                     "KIND_UNIGRAM, KIND_WORD_PIECE"));
  }
  if (!Tokenizer::SpacePrefix_IsValid(message.space_prefix())) {
    return Invalid(absl::StrCat("space_prefix is ", static_cast<int>(message.space_prefix()),
                                ", expected 0 to ", static_cast<int>(Tokenizer::SpacePrefix_MAX)));
  }
  if (message.pieces_size() == 0 || message.pieces_size() > kMaxPieces) {
    return Invalid(absl::StrCat(message.pieces_size(), " pieces, expected 1..", kMaxPieces));
  }
  // A message whose text is anything else can be written but not read.
  if (!base::IsUtf8(message.chat_template())) return Invalid("chat_template is not UTF-8");
  return absl::OkStatus();
}

absl::Status CheckByteLevel(const Tokenizer& message) {
  if (message.add_space_prefix()) {
    return Unknown("add_space_prefix is set; byte-level BPE here never adds a space");
  }
  if (message.space_prefix() != Tokenizer::SPACE_PREFIX_NONE || message.scores_size() > 0) {
    return Invalid(absl::StrCat("byte-level BPE with space_prefix ", static_cast<int>(message.space_prefix()),
                                " and ", message.scores_size(), " scores, expected 0 and none"));
  }
  return absl::OkStatus();
}

absl::Status CheckBytes(const Tokenizer& message) {
  for (int id = 0; id < message.pieces_size(); ++id) {
    const v1::Piece& piece = message.pieces(id);
    if (piece.type() == v1::Piece::TYPE_BYTE && !ByteOfPiece(piece.text()).has_value()) {
      return Invalid(
          absl::StrCat("piece ", id, " is of a byte, but is ", Quoted(piece.text()), "; expected <0xHH>"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckCharacters(const Tokenizer& message) {
  RETURN_IF_ERROR(CheckBytes(message));
  if (message.scores_size() == 0) return absl::OkStatus();
  if (message.scores_size() != message.pieces_size() || message.merges_size() > 0) {
    return Invalid(absl::StrCat(message.scores_size(), " scores and ", message.merges_size(), " merges for ",
                                message.pieces_size(), " pieces, expected a score each and no merges"));
  }
  for (int id = 0; id < message.scores_size(); ++id) {
    if (std::isfinite(message.scores(id))) continue;
    return Invalid(absl::StrCat("score ", id, " is ", message.scores(id), ", expected a finite number"));
  }
  return absl::OkStatus();
}

// Neither kind knows merges.
absl::Status CheckNoMerges(const Tokenizer& message) {
  if (message.merges_size() == 0 && message.scores_size() == 0) return absl::OkStatus();
  return Invalid(absl::StrCat(Tokenizer::Kind_Name(message.kind()), " with ", message.merges_size(),
                              " merges and ", message.scores_size(), " scores, expected none"));
}

absl::Status CheckHasUnknown(const Tokenizer& message) {
  if (message.has_unknown_token_id()) return absl::OkStatus();
  return Invalid(absl::StrCat(Tokenizer::Kind_Name(message.kind()), " without unknown_token_id"));
}

// Looking for pieces takes time that grows with the longest of them.
absl::Status CheckPieceBytes(const Tokenizer& message) {
  for (int id = 0; id < message.pieces_size(); ++id) {
    const size_t bytes = message.pieces(id).text().size();
    if (bytes <= kMaxSearchedPieceBytes) continue;
    return Invalid(absl::StrCat("piece ", id, " has ", bytes, " bytes, expected 1..", kMaxSearchedPieceBytes,
                                " in ", Tokenizer::Kind_Name(message.kind())));
  }
  return absl::OkStatus();
}

absl::Status CheckUnigram(const Tokenizer& message) {
  RETURN_IF_ERROR(CheckBytes(message));
  RETURN_IF_ERROR(CheckNoMerges(message));
  RETURN_IF_ERROR(CheckHasUnknown(message));
  RETURN_IF_ERROR(CheckPieceBytes(message));
  if (message.unigram_scores_size() != message.pieces_size()) {
    return Invalid(absl::StrCat(message.unigram_scores_size(), " unigram_scores for ", message.pieces_size(),
                                " pieces, expected one each"));
  }
  // Sums of many stay finite.
  const auto is_possible = [](double score) { return std::abs(score) <= kMaxUnigramScore; };
  for (int id = 0; id < message.unigram_scores_size(); ++id) {
    if (is_possible(message.unigram_scores(id))) continue;
    return Invalid(absl::StrCat("unigram_score ", id, " is ", message.unigram_scores(id), ", expected -",
                                kMaxUnigramScore, " to ", kMaxUnigramScore));
  }
  if (!is_possible(message.unknown_score())) {
    return Invalid(absl::StrCat("unknown_score is ", message.unknown_score(), ", expected -",
                                kMaxUnigramScore, " to ", kMaxUnigramScore));
  }
  return absl::OkStatus();
}

absl::Status CheckWordPiece(const Tokenizer& message) {
  RETURN_IF_ERROR(CheckNoMerges(message));
  RETURN_IF_ERROR(CheckHasUnknown(message));
  RETURN_IF_ERROR(CheckPieceBytes(message));
  if (message.space_prefix() != Tokenizer::SPACE_PREFIX_NONE) {
    return Invalid(absl::StrCat("KIND_WORD_PIECE with space_prefix ",
                                static_cast<int>(message.space_prefix()), ", expected 0"));
  }
  return absl::OkStatus();
}

absl::Status CheckKind(const Tokenizer& message) {
  switch (message.kind()) {
    case Tokenizer::KIND_BYTE_LEVEL_BPE:
      return CheckByteLevel(message);
    case Tokenizer::KIND_UNIGRAM:
      return CheckUnigram(message);
    case Tokenizer::KIND_WORD_PIECE:
      return CheckWordPiece(message);
    default:
      return CheckCharacters(message);
  }
}

absl::Status CheckIds(const Tokenizer& message) {
  const auto pieces = static_cast<uint32_t>(message.pieces_size());
  const auto check = [&](const char* field, bool is_present, uint32_t id) {
    return !is_present || id < pieces
               ? absl::OkStatus()
               : Invalid(absl::StrCat(field, " is ", id, ", expected less than ", pieces));
  };
  for (const absl::Status& status :
       {check("bos_token_id", message.has_bos_token_id(), message.bos_token_id()),
        check("eos_token_id", message.has_eos_token_id(), message.eos_token_id()),
        check("unknown_token_id", message.has_unknown_token_id(), message.unknown_token_id()),
        check("padding_token_id", message.has_padding_token_id(), message.padding_token_id())}) {
    RETURN_IF_ERROR(status);
  }
  for (const uint32_t id : message.end_of_generation_ids()) {
    RETURN_IF_ERROR(check("end_of_generation_ids", true, id));
  }
  if (message.add_bos() && !message.has_bos_token_id()) {
    return Invalid("add_bos is set but there is no bos_token_id");
  }
  if (message.add_eos() && !message.has_eos_token_id()) {
    return Invalid("add_eos is set but there is no eos_token_id");
  }
  return absl::OkStatus();
}

// The splitters of `pre_tokenizer`, which are ours.
absl::StatusOr<std::vector<const char*>> PatternsOf(const Tokenizer& message) {
  switch (message.pre_tokenizer()) {
    case Tokenizer::PRE_TOKENIZER_WORDS:
      return std::vector{kWords};
    case Tokenizer::PRE_TOKENIZER_DIGITS_WORDS:
      // The pieces between digits are split each by itself: a word's look-ahead ends at a digit.
      return std::vector<const char*>{kSingleDigit, kWords};
    case Tokenizer::PRE_TOKENIZER_LINES_DIGIT_GROUPS:
      return std::vector{kLineWordsDigitGroups};
    case Tokenizer::PRE_TOKENIZER_LINES_DIGITS:
      return std::vector{kLineWordsDigits};
    case Tokenizer::PRE_TOKENIZER_NONE:
      return std::vector<const char*>();
    default:
      return Unknown(absl::StrCat(
          "pre_tokenizer ", Tokenizer::PreTokenizer_Name(message.pre_tokenizer()), " (",
          static_cast<int>(message.pre_tokenizer()),
          ") is not known to this build; known: PRE_TOKENIZER_WORDS, PRE_TOKENIZER_DIGITS_WORDS, "
          "PRE_TOKENIZER_LINES_DIGIT_GROUPS, PRE_TOKENIZER_LINES_DIGITS, PRE_TOKENIZER_NONE"));
  }
}

absl::Status ReadSplitters(const Tokenizer& message, std::vector<Splitter>& splitters) {
  if (message.splits_size() > kMaxSplits) {
    return Invalid(absl::StrCat(message.splits_size(), " splits, expected at most ", kMaxSplits));
  }
  for (int i = 0; i < message.splits_size(); ++i) {
    const v1::Split& split = message.splits(i);
    if (split.drop_matches() && split.drop_gaps()) {
      return Invalid(absl::StrCat("split ", i, " drops all of a text"));
    }
    absl::StatusOr<SplitPattern> pattern = SplitPattern::Create(split.pattern());
    if (!pattern.ok()) return Invalid(absl::StrCat("split ", i, " ", pattern.status().message()));
    splitters.push_back({*std::move(pattern), split.drop_matches(), split.drop_gaps()});
  }
  ASSIGN_OR_RETURN(const std::vector<const char*> patterns, PatternsOf(message));
  for (const char* source : patterns) {
    absl::StatusOr<SplitPattern> pattern = SplitPattern::Create(source);
    if (!pattern.ok()) {
      return absl::InternalError(
          absl::StrCat("a built-in pattern ", pattern.status().message(), " (PCRE2 without Unicode?)"));
    }
    splitters.push_back({*std::move(pattern)});
  }
  return absl::OkStatus();
}

// Pieces by their text, which `message` holds.
using PieceIds = absl::flat_hash_map<std::string_view, uint32_t>;

absl::StatusOr<PieceIds> ReadPieces(const Tokenizer& message) {
  PieceIds ids;
  ids.reserve(static_cast<size_t>(message.pieces_size()));
  for (int id = 0; id < message.pieces_size(); ++id) {
    const std::string& text = message.pieces(id).text();
    if (text.empty() || text.size() > kMaxPieceBytes) {
      return Invalid(
          absl::StrCat("piece ", id, " has ", text.size(), " bytes, expected 1..", kMaxPieceBytes));
    }
    const auto [other, is_new] = ids.emplace(text, static_cast<uint32_t>(id));
    if (!is_new) {
      return Invalid(absl::StrCat("pieces ", other->second, " and ", id, " are both ", Quoted(text)));
    }
  }
  return ids;
}

absl::Status ReadMerges(const Tokenizer& message, const PieceIds& ids,
                        std::vector<std::array<uint32_t, 3>>& merges) {
  merges.reserve(static_cast<size_t>(message.merges_size()));
  std::string whole;
  for (int rank = 0; rank < message.merges_size(); ++rank) {
    const v1::Merge& merge = message.merges(rank);
    whole = merge.left();
    whole += merge.right();
    const std::string_view parts[3] = {merge.left(), merge.right(), whole};
    std::array<uint32_t, 3>& found = merges.emplace_back();
    for (size_t i = 0; i < found.size(); ++i) {
      const auto id = ids.find(parts[i]);
      if (id == ids.end()) {
        return Invalid(absl::StrCat("merge ", rank, " needs the piece ", Quoted(parts[i]),
                                    ", which the vocabulary lacks"));
      }
      found[i] = id->second;
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<uint8_t> ByteOfPiece(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  const size_t high = kDigits.find(text[3]), low = kDigits.find(text[4]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<uint8_t>(high << 4 | low);
}

absl::StatusOr<CheckedTokenizer> CheckTokenizer(const Tokenizer& message) {
  CheckedTokenizer checked;
  RETURN_IF_ERROR(CheckHead(message));
  RETURN_IF_ERROR(CheckKind(message));
  RETURN_IF_ERROR(CheckIds(message));
  ASSIGN_OR_RETURN(checked.steps, CheckTextSteps(message));
  RETURN_IF_ERROR(ReadSplitters(message, checked.splitters));
  ASSIGN_OR_RETURN(const PieceIds ids, ReadPieces(message));
  RETURN_IF_ERROR(ReadMerges(message, ids, checked.merges));
  return checked;
}

}  // namespace streamtensor::artifact
