// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/tokenizer_settings.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/printable.h"
#include "base/status_macros.h"
#include "compiler/frontend/end_of_generation.h"
#include "compiler/frontend/huggingface/json_members.h"
#include "compiler/frontend/message.h"

namespace streamtensor::compiler {
namespace {

using artifact::v1::Tokenizer;
using nlohmann::json;

constexpr char kTokenizerConfig[] = "tokenizer_config.json";
constexpr char kGenerationConfig[] = "generation_config.json";
constexpr char kModelConfig[] = "config.json";

absl::Status Invalid(std::string_view file, std::string_view message) {
  return absl::InvalidArgumentError(Message(file, ": ", message));
}

// Names the file in the error of a *Member().
template <typename T>
absl::StatusOr<T> In(std::string_view file, absl::StatusOr<T> value) {
  if (!value.ok()) return Invalid(file, Message(value.status().message()));
  return value;
}

using Ids = std::unordered_map<std::string_view, uint32_t>;

Ids IdsByText(const Tokenizer& tokenizer) {
  Ids ids;
  ids.reserve(static_cast<size_t>(tokenizer.pieces_size()));
  for (int id = 0; id < tokenizer.pieces_size(); ++id) {
    ids.emplace(tokenizer.pieces(id).text(), static_cast<uint32_t>(id));
  }
  return ids;
}

// "bos_token": "<s>" or {"content": "<s>", ...}, of tokenizer_config.json.
absl::StatusOr<std::optional<uint32_t>> NamedToken(const json& config, std::string_view key, const Ids& ids) {
  const json* token = FindMember(config, key);
  if (token == nullptr) return std::optional<uint32_t>();
  if (token->is_object()) token = FindMember(*token, "content");
  if (token == nullptr || !token->is_string())
    return Invalid(kTokenizerConfig, Message("'", key, "' is not a token"));
  const auto found = ids.find(token->get_ref<const std::string&>());
  if (found == ids.end()) {
    return Invalid(kTokenizerConfig, Message("'", key, "' is ", JsonText(*token), ", which is not a token"));
  }
  return std::optional<uint32_t>(found->second);
}

// "eos_token_id": 2 or [2, 3]; -1 is written for none.
absl::StatusOr<std::vector<uint32_t>> TokenIds(const json& config, std::string_view file,
                                               std::string_view key, int pieces) {
  std::vector<uint32_t> ids;
  const json* value = FindMember(config, key);
  if (value == nullptr || *value == -1) return ids;
  const json list = value->is_array() ? *value : json::array({*value});
  for (const json& id : list) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= static_cast<uint64_t>(pieces)) {
      return Invalid(file, Message("'", key, "' holds ", JsonText(id), ", expected ids below ", pieces,
                                   ", the size of the vocabulary"));
    }
    ids.push_back(id.get<uint32_t>());
  }
  return ids;
}

// The first file that says it.
absl::StatusOr<std::optional<uint32_t>> FirstToken(const TokenizerSettings& settings, const std::string& key,
                                                   const Ids& ids, int pieces) {
  ASSIGN_OR_RETURN(const std::optional<uint32_t> named, NamedToken(settings.tokenizer_config, key, ids));
  if (named.has_value()) return named;
  const std::string id_key = key + "_id";
  ASSIGN_OR_RETURN(std::vector<uint32_t> found,
                   TokenIds(settings.generation_config, kGenerationConfig, id_key, pieces));
  if (found.empty()) {
    ASSIGN_OR_RETURN(found, TokenIds(settings.config, kModelConfig, id_key, pieces));
  }
  return found.empty() ? std::nullopt : std::optional<uint32_t>(found.front());
}

// A token at an end of each text: `added` and `added_id` are what tokenizer.json says, `id` what the other
// files do.
struct End {
  std::string_view name;  // "bos"
  bool added = false;
  std::optional<uint32_t> added_id;
  std::optional<uint32_t> id;
};

absl::StatusOr<bool> IsAdded(const json& tokenizer_config, const End& end) {
  const std::string key = Message("add_", end.name, "_token");
  ASSIGN_OR_RETURN(const bool added, In(kTokenizerConfig, BoolMember(tokenizer_config, key, end.added)));
  if (!added) return false;
  if (end.added && end.id.has_value() && end.id != end.added_id) {
    return absl::UnimplementedError(Message("tokenizer.json adds token ", *end.added_id,
                                            " to a text, but the ", end.name, " token is ", *end.id,
                                            "; two of them can't be kept yet"));
  }
  if (!end.added && !end.id.has_value()) {
    return Invalid(kTokenizerConfig, Message("'", key, "' is true, but there is no '", end.name, "_token'"));
  }
  return true;
}

absl::Status ReadSpecialTokens(const TokenizerSettings& settings, Tokenizer* tokenizer) {
  const Ids ids = IdsByText(*tokenizer);
  const int pieces = tokenizer->pieces_size();
  End bos = {.name = "bos", .added = tokenizer->add_bos(), .added_id = {}, .id = {}};
  if (bos.added) bos.added_id = tokenizer->bos_token_id();
  End eos = {.name = "eos", .added = tokenizer->add_eos(), .added_id = {}, .id = {}};
  if (eos.added) eos.added_id = tokenizer->eos_token_id();
  ASSIGN_OR_RETURN(bos.id, FirstToken(settings, "bos_token", ids, pieces));
  ASSIGN_OR_RETURN(eos.id, FirstToken(settings, "eos_token", ids, pieces));
  ASSIGN_OR_RETURN(const bool add_bos, IsAdded(settings.tokenizer_config, bos));
  ASSIGN_OR_RETURN(const bool add_eos, IsAdded(settings.tokenizer_config, eos));
  tokenizer->set_add_bos(add_bos);
  tokenizer->set_add_eos(add_eos);
  if (bos.id.has_value()) tokenizer->set_bos_token_id(*bos.id);
  if (eos.id.has_value()) tokenizer->set_eos_token_id(*eos.id);
  ASSIGN_OR_RETURN(const auto padding, FirstToken(settings, "pad_token", ids, pieces));
  if (padding.has_value()) tokenizer->set_padding_token_id(*padding);
  ASSIGN_OR_RETURN(const auto unknown, NamedToken(settings.tokenizer_config, "unk_token", ids));
  if (unknown.has_value() && !tokenizer->has_unknown_token_id()) tokenizer->set_unknown_token_id(*unknown);
  return absl::OkStatus();
}

absl::Status ReadEndOfGeneration(const TokenizerSettings& settings, Tokenizer* tokenizer) {
  const int pieces = tokenizer->pieces_size();
  ASSIGN_OR_RETURN(std::vector<uint32_t> ids,
                   TokenIds(settings.generation_config, kGenerationConfig, "eos_token_id", pieces));
  ASSIGN_OR_RETURN(const std::vector<uint32_t> more,
                   TokenIds(settings.config, kModelConfig, "eos_token_id", pieces));
  ids.insert(ids.end(), more.begin(), more.end());
  SetEndOfGeneration(std::move(ids), tokenizer);
  return absl::OkStatus();
}

// "chat_template": "..." or [{"name": "default", "template": "..."}, ...].
absl::StatusOr<std::string> ConfiguredTemplate(const json& config) {
  const json* value = FindMember(config, "chat_template");
  if (value == nullptr || !value->is_array()) return StringMember(config, "chat_template", "");
  for (const json& entry : *value) {
    ASSIGN_OR_RETURN(const std::string name, StringMember(entry, "name", ""));
    if (name == "default") return StringMember(entry, "template", "");
  }
  return std::string();
}

absl::Status ReadChatTemplate(const TokenizerSettings& settings, Tokenizer* tokenizer) {
  if (!settings.chat_template.has_value()) {
    ASSIGN_OR_RETURN(*tokenizer->mutable_chat_template(),
                     In(kTokenizerConfig, ConfiguredTemplate(settings.tokenizer_config)));
    return absl::OkStatus();
  }
  if (!base::IsUtf8(*settings.chat_template)) return Invalid("chat_template.jinja", "it is not UTF-8");
  tokenizer->set_chat_template(std::string(*settings.chat_template));
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadSettings(const TokenizerSettings& settings, Tokenizer* tokenizer) {
  const bool adds_space = tokenizer->space_prefix() != Tokenizer::SPACE_PREFIX_NONE;
  ASSIGN_OR_RETURN(const bool prefix_space, In(kTokenizerConfig, BoolMember(settings.tokenizer_config,
                                                                            "add_prefix_space", adds_space)));
  if (prefix_space != adds_space) {
    return absl::UnimplementedError(Message(kTokenizerConfig, ": 'add_prefix_space' is ",
                                            prefix_space ? "true" : "false", ", but tokenizer.json adds ",
                                            adds_space ? "a" : "no",
                                            " space before a text; the two can't differ yet"));
  }
  RETURN_IF_ERROR(ReadSpecialTokens(settings, tokenizer));
  RETURN_IF_ERROR(ReadEndOfGeneration(settings, tokenizer));
  return ReadChatTemplate(settings, tokenizer);
}

}  // namespace streamtensor::compiler
