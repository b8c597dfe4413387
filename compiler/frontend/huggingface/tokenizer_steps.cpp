// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/tokenizer_steps.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status_macros.h"
#include "compiler/frontend/huggingface/json_members.h"
#include "compiler/frontend/huggingface/split_pattern.h"
#include "compiler/frontend/huggingface/text_steps.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Tokenizer;
using nlohmann::json;

// In groups; ASCII symbols count as punctuation regardless of their Unicode class.
constexpr char kNumber[] = "[\\p{N}]";
constexpr char kNumbers[] = "[\\p{N}]+";
constexpr char kPunctuation[] = "[\\x{21}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{60}\\x{7b}-\\x{7e}\\p{P}]";
constexpr char kPunctuations[] = "[\\x{21}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{60}\\x{7b}-\\x{7e}\\p{P}]+";

// Of the Hugging Face library's simplest splitters.
constexpr char kSpaces[] = "\\s+";
// Of Rust's regular expressions, whose \w is what Unicode says that word characters are.
constexpr char kWordCharacters[] = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}";

absl::Status Invalid(std::string_view message) { return absl::InvalidArgumentError(Message(message)); }

absl::Status Unsupported(std::string_view what, std::string_view known) {
  return absl::UnimplementedError(Message(what, " can't be used yet; known: ", known));
}

// A step of the file, or each of those in a "Sequence" (whose list has the name `list`).
absl::StatusOr<std::vector<const json*>> StepsOf(const json& root, std::string_view key,
                                                 std::string_view list) {
  std::vector<const json*> steps;
  const json* step = FindMember(root, key);
  if (step == nullptr) return steps;
  std::vector<const json*> pending = {step};
  while (!pending.empty()) {
    step = pending.back();
    pending.pop_back();
    ASSIGN_OR_RETURN(const std::string type, StringMember(*step, "type", ""));
    if (type.empty())
      return Invalid(Message("'", key, "' holds ", JsonText(*step), ", expected an object with 'type'"));
    if (type != "Sequence") {
      steps.push_back(step);
      continue;
    }
    const json* members = FindMember(*step, list);
    if (members == nullptr || !members->is_array()) {
      return Invalid(Message("a 'Sequence' in '", key, "' lacks the array '", list, "'"));
    }
    for (auto member = members->rbegin(); member != members->rend(); ++member) pending.push_back(&*member);
  }
  return steps;
}

std::string TypeOf(const json& step) { return step["type"].get<std::string>(); }

// How pieces of characters spell a space.
constexpr char kEscapedSpace[] = "\xe2\x96\x81";  // U+2581
// What follows a space up to the next.
constexpr char kSpacedWord[] = "\\x{2581}[^\\x{2581}]*";

// Whether a step is {"pattern": {"String": from}, "content": to}.
bool Replaces(const json& step, std::string_view from, std::string_view to) {
  const json* pattern = FindMember(step, "pattern");
  const json* text = pattern != nullptr ? FindMember(*pattern, "String") : nullptr;
  const json* content = FindMember(step, "content");
  return text != nullptr && *text == from && content != nullptr && *content == to;
}

// {"Regex": "..."} or {"String": "..."}
absl::StatusOr<std::string> ReadPattern(const json& step) {
  const json* pattern = FindMember(step, "pattern");
  if (pattern != nullptr && pattern->size() == 1) {
    for (const char* key : {"Regex", "String"}) {
      ASSIGN_OR_RETURN(const std::string text, StringMember(*pattern, key, ""));
      if (text.empty()) continue;
      return std::string_view(key) == "Regex" ? TranslateSplitPattern(text) : LiteralSplitPattern(text);
    }
  }
  return Invalid("a 'Split' in 'pre_tokenizer' lacks 'pattern' with one of 'Regex' and 'String'");
}

absl::Status ReadSplit(const json& step, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const std::string behavior, StringMember(step, "behavior", ""));
  ASSIGN_OR_RETURN(const bool invert, BoolMember(step, "invert", false));
  if (behavior != "Isolated" && behavior != "Removed") {
    return Unsupported(Message("a 'Split' with 'behavior' ", Quoted(behavior)), "Isolated, Removed");
  }
  artifact::v1::Split* split = tokenizer->add_splits();
  ASSIGN_OR_RETURN(*split->mutable_pattern(), ReadPattern(step));
  const bool removes = behavior == "Removed";
  split->set_drop_matches(removes && !invert);
  split->set_drop_gaps(removes && invert);
  return absl::OkStatus();
}

absl::Status ReadPunctuation(const json& step, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const std::string behavior, StringMember(step, "behavior", "Isolated"));
  if (behavior != "Isolated" && behavior != "Contiguous") {
    return Unsupported(Message("'Punctuation' with 'behavior' ", Quoted(behavior)), "Isolated, Contiguous");
  }
  tokenizer->add_splits()->set_pattern(behavior == "Isolated" ? kPunctuation : kPunctuations);
  return absl::OkStatus();
}

absl::Status ReadDigits(const json& step, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const bool individual, BoolMember(step, "individual_digits", false));
  tokenizer->add_splits()->set_pattern(individual ? kNumber : kNumbers);
  return absl::OkStatus();
}

absl::Status DropSpaces(Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const std::string spaces, TranslateSplitPattern(kSpaces));
  artifact::v1::Split* split = tokenizer->add_splits();
  split->set_pattern(spaces);
  split->set_drop_matches(true);
  return absl::OkStatus();
}

// A step that splits text, whatever the kind.
absl::Status ReadSplitter(const json& step, std::string_view others, Tokenizer* tokenizer) {
  const std::string type = TypeOf(step);
  if (type == "Split") return ReadSplit(step, tokenizer);
  if (type == "Digits") return ReadDigits(step, tokenizer);
  if (type == "Punctuation") return ReadPunctuation(step, tokenizer);
  if (type == "WhitespaceSplit") return DropSpaces(tokenizer);
  if (type == "Whitespace") {
    artifact::v1::Split* split = tokenizer->add_splits();
    ASSIGN_OR_RETURN(const std::string no_spaces, TranslateSplitPattern("[^\\s]"));
    split->set_pattern(Message("[", kWordCharacters, "]+|(?:(?![", kWordCharacters, "])", no_spaces, ")+"));
    split->set_drop_gaps(true);
    return absl::OkStatus();
  }
  if (type == "BertPreTokenizer") {
    RETURN_IF_ERROR(DropSpaces(tokenizer));
    tokenizer->add_splits()->set_pattern(kPunctuation);
    return absl::OkStatus();
  }
  return Unsupported(
      Message("pre-tokenizer ", Quoted(type)),
      Message(others, "Split, Digits, Punctuation, Whitespace, WhitespaceSplit, BertPreTokenizer"));
}

// Normaliser and pre-tokenizer of pieces that are spelled in characters.
class CharacterSteps {
 public:
  explicit CharacterSteps(Tokenizer* tokenizer) : tokenizer_(tokenizer) {}

  absl::Status Read(const json& root) {
    tokenizer_->set_pre_tokenizer(Tokenizer::PRE_TOKENIZER_NONE);
    ASSIGN_OR_RETURN(const auto normalizers, StepsOf(root, "normalizer", "normalizers"));
    for (const json* step : normalizers) RETURN_IF_ERROR(ReadNormalizer(*step));
    ASSIGN_OR_RETURN(const auto pre_tokenizers, StepsOf(root, "pre_tokenizer", "pretokenizers"));
    for (const json* step : pre_tokenizers) RETURN_IF_ERROR(ReadPreTokenizer(*step));
    if (escapes_spaces_) return absl::OkStatus();
    return absl::UnimplementedError(
        "a tokenizer can't be used yet that has neither the pre-tokenizer 'ByteLevel' or 'Metaspace' nor a "
        "normalizer "
        "'Replace' of spaces by U+2581");
  }

 private:
  absl::Status ReadNormalizer(const json& step) {
    const std::string type = TypeOf(step);
    if (type == "Prepend" && FindMember(step, "prepend") != nullptr && step["prepend"] == kEscapedSpace) {
      tokenizer_->set_space_prefix(Tokenizer::SPACE_PREFIX_EACH);
    } else if (type == "Replace" && Replaces(step, " ", kEscapedSpace)) {
      escapes_spaces_ = true;
    } else if (escapes_spaces_ || tokenizer_->space_prefix() != Tokenizer::SPACE_PREFIX_NONE) {
      return absl::UnimplementedError(Message("normalizer ", Quoted(type),
                                              " after 'Prepend' or 'Replace' of ' ' by U+2581 can't be used "
                                              "yet"));
    } else {
      return ReadTextStep(step, tokenizer_);
    }
    return absl::OkStatus();
  }

  absl::Status ReadPreTokenizer(const json& step) {
    const std::string type = TypeOf(step);
    if (type == "Metaspace") return ReadMetaspace(step);
    if (type == "WhitespaceSplit" && tokenizer_->splits_size() == 0 && !escapes_spaces_) {
      drops_spaces_ = true;
      return DropSpaces(tokenizer_);
    }
    if (type == "Split") {
      // There is no space left to split at.
      const json* pattern = FindMember(step, "pattern");
      if (escapes_spaces_ && pattern != nullptr && *pattern == json{{"String", " "}}) return absl::OkStatus();
      return ReadSplit(step, tokenizer_);
    }
    return Unsupported(Message("pre-tokenizer ", Quoted(type)),
                       "Metaspace, Split, WhitespaceSplit before any other");
  }

  absl::Status ReadMetaspace(const json& step) {
    if (tokenizer_->splits_size() > (drops_spaces_ ? 1 : 0)) {
      return absl::UnimplementedError("pre-tokenizer 'Metaspace' after 'Split' can't be used yet");
    }
    ASSIGN_OR_RETURN(const std::string replacement, StringMember(step, "replacement", kEscapedSpace));
    if (replacement != kEscapedSpace) {
      return Unsupported(Message("'Metaspace' with 'replacement' ", Quoted(replacement)), "U+2581");
    }
    // Early files have only the flag.
    ASSIGN_OR_RETURN(const bool prefix, BoolMember(step, "add_prefix_space", true));
    ASSIGN_OR_RETURN(const std::string scheme,
                     StringMember(step, "prepend_scheme", prefix ? "always" : "never"));
    if (drops_spaces_) {
      if (scheme != "always") {
        return Unsupported(
            Message("'Metaspace' with 'prepend_scheme' ", Quoted(scheme), " after 'WhitespaceSplit'"),
            "always");
      }
      tokenizer_->set_space_prefix(Tokenizer::SPACE_PREFIX_EACH_WORD);
    }
    // Text that got its space before needs no other.
    if (tokenizer_->space_prefix() == Tokenizer::SPACE_PREFIX_NONE) {
      if (scheme == "always") {
        tokenizer_->set_space_prefix(Tokenizer::SPACE_PREFIX_EACH_UNSPACED);
      } else if (scheme == "first") {
        tokenizer_->set_space_prefix(Tokenizer::SPACE_PREFIX_FIRST_UNSPACED);
      } else if (scheme != "never") {
        return Invalid(Message("'Metaspace' with 'prepend_scheme' ", Quoted(scheme),
                               ", expected always, first or never"));
      }
    }
    ASSIGN_OR_RETURN(const bool splits, BoolMember(step, "split", true));
    if (splits) tokenizer_->add_splits()->set_pattern(kSpacedWord);
    escapes_spaces_ = true;
    return absl::OkStatus();
  }

  Tokenizer* const tokenizer_;
  bool escapes_spaces_ = false;
  bool drops_spaces_ = false;
};

absl::Status ReadNormalizer(const json& root, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const auto steps, StepsOf(root, "normalizer", "normalizers"));
  for (const json* step : steps) RETURN_IF_ERROR(ReadTextStep(*step, tokenizer));
  return absl::OkStatus();
}

absl::Status ReadByteLevel(const json& step, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const bool prefix_space, BoolMember(step, "add_prefix_space", true));
  if (prefix_space) {
    return absl::UnimplementedError("pre-tokenizer 'ByteLevel' with 'add_prefix_space' can't be used yet");
  }
  ASSIGN_OR_RETURN(const bool words, BoolMember(step, "use_regex", true));
  tokenizer->set_pre_tokenizer(words ? Tokenizer::PRE_TOKENIZER_WORDS : Tokenizer::PRE_TOKENIZER_NONE);
  return absl::OkStatus();
}

absl::Status ReadPreTokenizer(const json& root, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const auto steps, StepsOf(root, "pre_tokenizer", "pretokenizers"));
  for (const json* step : steps) {
    const std::string type = TypeOf(*step);
    // What comes after would split characters of the byte-level alphabet, not the text's.
    if (tokenizer->pre_tokenizer() != Tokenizer::PRE_TOKENIZER_UNSPECIFIED) {
      return absl::UnimplementedError(
          Message("pre-tokenizer ", Quoted(type), " after 'ByteLevel' can't be used yet"));
    }
    if (type == "ByteLevel") {
      RETURN_IF_ERROR(ReadByteLevel(*step, tokenizer));
    } else {
      RETURN_IF_ERROR(ReadSplitter(*step, "ByteLevel, ", tokenizer));
    }
  }
  if (tokenizer->pre_tokenizer() == Tokenizer::PRE_TOKENIZER_UNSPECIFIED) {
    return absl::UnimplementedError(
        "a tokenizer with the decoder 'ByteLevel' but without the pre-tokenizer 'ByteLevel' can't be used "
        "yet");
  }
  return absl::OkStatus();
}

// A word is what splits make of the text.
absl::Status ReadWordPieceSteps(const json& root, Tokenizer* tokenizer) {
  tokenizer->set_pre_tokenizer(Tokenizer::PRE_TOKENIZER_NONE);
  RETURN_IF_ERROR(ReadNormalizer(root, tokenizer));
  ASSIGN_OR_RETURN(const auto steps, StepsOf(root, "pre_tokenizer", "pretokenizers"));
  for (const json* step : steps) RETURN_IF_ERROR(ReadSplitter(*step, "", tokenizer));
  return absl::OkStatus();
}

// The id of a token that the template names, from its own table.
absl::StatusOr<uint32_t> TemplateToken(const json& step, const std::string& name,
                                       const Tokenizer& tokenizer) {
  const json* tokens = FindMember(step, "special_tokens");
  const json* token = tokens != nullptr ? FindMember(*tokens, name) : nullptr;
  const json* ids = token != nullptr ? FindMember(*token, "ids") : nullptr;
  if (ids == nullptr || !ids->is_array() || ids->size() != 1 || !(*ids)[0].is_number_unsigned()) {
    return Invalid(Message("'TemplateProcessing' gives token ", Quoted(name), " not exactly one id"));
  }
  const auto id = (*ids)[0].get<uint64_t>();
  if (id >= static_cast<uint64_t>(tokenizer.pieces_size())) {
    return Invalid(Message("'TemplateProcessing' gives token ", Quoted(name), " the id ", id,
                           ", the vocabulary has ", tokenizer.pieces_size(), " tokens"));
  }
  return static_cast<uint32_t>(id);
}

// "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}, ...], for one text.
absl::Status ReadTemplate(const json& step, Tokenizer* tokenizer) {
  const json* items = FindMember(step, "single");
  if (items == nullptr || !items->is_array()) return Invalid("'TemplateProcessing' lacks the array 'single'");
  bool text_seen = false;
  for (const json& item : *items) {
    if (FindMember(item, "Sequence") != nullptr) {
      if (std::exchange(text_seen, true)) return Invalid("'TemplateProcessing' has the text twice");
      continue;
    }
    const json* special = FindMember(item, "SpecialToken");
    if (special == nullptr) return Invalid(Message("'TemplateProcessing' holds ", JsonText(item)));
    ASSIGN_OR_RETURN(const std::string name, StringMember(*special, "id", ""));
    ASSIGN_OR_RETURN(const uint32_t id, TemplateToken(step, name, *tokenizer));
    if (text_seen ? tokenizer->add_eos() : tokenizer->add_bos()) {
      return absl::UnimplementedError("a 'TemplateProcessing' with two tokens at one end can't be used yet");
    }
    if (text_seen) {
      tokenizer->set_add_eos(true);
      tokenizer->set_eos_token_id(id);
    } else {
      tokenizer->set_add_bos(true);
      tokenizer->set_bos_token_id(id);
    }
  }
  if (!text_seen) return Invalid("'TemplateProcessing' lacks the text");
  return absl::OkStatus();
}

// "cls": ["[CLS]", 101], "sep": ["[SEP]", 102]: before and after a text.
absl::Status ReadBertProcessing(const json& step, Tokenizer* tokenizer) {
  const auto id_of = [&](const char* key) -> absl::StatusOr<uint32_t> {
    const json* token = FindMember(step, key);
    if (token != nullptr && token->is_array() && token->size() == 2 && (*token)[1].is_number_unsigned() &&
        (*token)[1].get<uint64_t>() < static_cast<uint64_t>(tokenizer->pieces_size())) {
      return (*token)[1].get<uint32_t>();
    }
    return Invalid(Message("'", key, "' of 'post_processor' is no pair of a token and an id below ",
                           tokenizer->pieces_size()));
  };
  ASSIGN_OR_RETURN(const uint32_t before, id_of("cls"));
  ASSIGN_OR_RETURN(const uint32_t after, id_of("sep"));
  tokenizer->set_add_bos(true);
  tokenizer->set_bos_token_id(before);
  tokenizer->set_add_eos(true);
  tokenizer->set_eos_token_id(after);
  return absl::OkStatus();
}

absl::Status ReadPostProcessor(const json& root, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const auto steps, StepsOf(root, "post_processor", "processors"));
  for (const json* step : steps) {
    const std::string type = TypeOf(*step);
    if (type == "ByteLevel") continue;  // of offsets into the text alone
    if (type == "BertProcessing" || type == "RobertaProcessing") {
      RETURN_IF_ERROR(ReadBertProcessing(*step, tokenizer));
      continue;
    }
    if (type != "TemplateProcessing") {
      return Unsupported(Message("post-processor ", Quoted(type)),
                         "BertProcessing, ByteLevel, RobertaProcessing, TemplateProcessing");
    }
    RETURN_IF_ERROR(ReadTemplate(*step, tokenizer));
  }
  return absl::OkStatus();
}

// Text comes out of pieces as they spell it, whatever the file says.
absl::Status CheckDecoder(const json& root, Tokenizer::Kind kind) {
  ASSIGN_OR_RETURN(const auto steps, StepsOf(root, "decoder", "decoders"));
  for (const json* step : steps) {
    const std::string type = TypeOf(*step);
    if (kind == Tokenizer::KIND_BYTE_LEVEL_BPE) {
      if (type != "ByteLevel") return Unsupported(Message("decoder ", Quoted(type)), "ByteLevel");
      continue;
    }
    if (kind == Tokenizer::KIND_WORD_PIECE) {
      if (type != "WordPiece") return Unsupported(Message("decoder ", Quoted(type)), "WordPiece");
      continue;
    }
    const bool is_known =
        type == "ByteFallback" || type == "Fuse" || type == "Metaspace" ||
        (type == "Replace" && Replaces(*step, kEscapedSpace, " ")) ||
        (type == "Strip" && FindMember(*step, "content") != nullptr && (*step)["content"] == " ");
    if (is_known) continue;
    return Unsupported(Message("decoder ", Quoted(type), " as ", JsonText(*step)),
                       "ByteFallback, Fuse, Metaspace; Replace of U+2581 by ' '; Strip of ' '");
  }
  return absl::OkStatus();
}

absl::StatusOr<Tokenizer::Kind> KindOf(const json& root) {
  if (const json* model = FindMember(root, "model"); model != nullptr) {
    ASSIGN_OR_RETURN(const std::string type, StringMember(*model, "type", ""));
    if (type == "Unigram") return Tokenizer::KIND_UNIGRAM;
    if (type == "WordPiece") return Tokenizer::KIND_WORD_PIECE;
  }
  ASSIGN_OR_RETURN(const auto steps, StepsOf(root, "pre_tokenizer", "pretokenizers"));
  for (const json* step : steps) {
    if (TypeOf(*step) == "ByteLevel") return Tokenizer::KIND_BYTE_LEVEL_BPE;
  }
  // One with other steps, which lacks that, is told so.
  ASSIGN_OR_RETURN(const auto decoders, StepsOf(root, "decoder", "decoders"));
  for (const json* step : decoders) {
    if (TypeOf(*step) == "ByteLevel") return Tokenizer::KIND_BYTE_LEVEL_BPE;
  }
  return Tokenizer::KIND_CHARACTER_BPE;
}

}  // namespace

absl::Status ReadKind(const json& root, Tokenizer* tokenizer) {
  ASSIGN_OR_RETURN(const Tokenizer::Kind kind, KindOf(root));
  tokenizer->set_kind(kind);
  return absl::OkStatus();
}

absl::Status AddBertSteps(Tokenizer* tokenizer) {
  return ReadWordPieceSteps(
      json{{"normalizer", {{"type", "BertNormalizer"}}}, {"pre_tokenizer", {{"type", "BertPreTokenizer"}}}},
      tokenizer);
}

absl::Status ReadSteps(const json& root, Tokenizer* tokenizer) {
  if (tokenizer->kind() == Tokenizer::KIND_BYTE_LEVEL_BPE) {
    RETURN_IF_ERROR(ReadNormalizer(root, tokenizer));
    RETURN_IF_ERROR(ReadPreTokenizer(root, tokenizer));
  } else if (tokenizer->kind() == Tokenizer::KIND_WORD_PIECE) {
    RETURN_IF_ERROR(ReadWordPieceSteps(root, tokenizer));
  } else {
    RETURN_IF_ERROR(CharacterSteps(tokenizer).Read(root));
  }
  RETURN_IF_ERROR(ReadPostProcessor(root, tokenizer));
  return CheckDecoder(root, tokenizer->kind());
}

}  // namespace streamtensor::compiler
