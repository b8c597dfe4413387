// SPDX-License-Identifier: Apache-2.0
#include "server/api/openai/reply_writer.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace streamtensor::server::openai {
namespace {

using Json = nlohmann::ordered_json;

// OpenAI's value for a probability of zero; JSON has no infinity.
constexpr float kLeastLogprob = -9999;

float Finite(float logprob) { return std::max(logprob, kLeastLogprob); }

// A chunk is a few hundred mostly constant bytes: only its text needs escaping.
void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string Quoted(std::string_view text) {
  std::string quoted;
  AppendQuoted(text, quoted);
  return quoted;
}

std::string Id(const ReplyHead& head) {
  return absl::StrCat(head.endpoint == Endpoint::kChat ? "chatcmpl-" : "cmpl-", head.request_id);
}

Json UsageObject(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
}

size_t CountCharacters(std::string_view bytes) {
  return static_cast<size_t>(
      std::count_if(bytes.begin(), bytes.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

const char* FinishReasonName(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kNone:
      break;
  }
  return nullptr;
}

std::string LogprobsWriter::Spell(uint32_t token_id) const {
  const std::string bytes(tokenizer_->PieceBytes(token_id));
  Utf8Stream stream;
  if (stream.Push(bytes) == bytes) return bytes;
  std::string spelt = endpoint_ == Endpoint::kCompletions ? "bytes:" : "";
  for (const char byte : bytes) absl::StrAppendFormat(&spelt, "\\x%02x", static_cast<unsigned char>(byte));
  return spelt;
}

Json LogprobsWriter::ChatEntry(uint32_t token_id, float logprob) const {
  Json bytes = Json::array();
  for (const char byte : tokenizer_->PieceBytes(token_id)) bytes.push_back(static_cast<unsigned char>(byte));
  return {{"token", Spell(token_id)}, {"logprob", Finite(logprob)}, {"bytes", std::move(bytes)}};
}

void LogprobsWriter::AddUnknown(uint32_t token_id) {
  added_["tokens"].push_back(Spell(token_id));
  added_["token_logprobs"].push_back(nullptr);
  added_["top_logprobs"].push_back(nullptr);
  added_["text_offset"].push_back(text_offset_);
  if (!tokenizer_->IsControl(token_id)) text_offset_ += CountCharacters(tokenizer_->PieceBytes(token_id));
}

void LogprobsWriter::Add(const TokenLogprob& token) {
  if (endpoint_ == Endpoint::kChat) {
    Json entry = ChatEntry(token.token_id, token.logprob);
    Json& alternatives = entry["top_logprobs"] = Json::array();
    for (const auto& other : token.alternatives)
      alternatives.push_back(ChatEntry(other.token_id, other.logprob));
    added_["content"].push_back(std::move(entry));
    return;
  }
  // Most likely first; includes the token itself whatever its rank.
  Json alternatives = Json::object();
  for (const auto& other : token.alternatives)
    alternatives.emplace(Spell(other.token_id), Finite(other.logprob));
  alternatives.emplace(Spell(token.token_id), Finite(token.logprob));
  added_["tokens"].push_back(Spell(token.token_id));
  added_["token_logprobs"].push_back(Finite(token.logprob));
  added_["top_logprobs"].push_back(std::move(alternatives));
  added_["text_offset"].push_back(text_offset_);
  if (!tokenizer_->IsControl(token.token_id)) {
    text_offset_ += CountCharacters(tokenizer_->PieceBytes(token.token_id));
  }
}

Json LogprobsWriter::Take() { return std::exchange(added_, Json()); }

ChunkWriter::ChunkWriter(const ReplyHead& head, bool with_usage)
    : endpoint_(head.endpoint),
      with_usage_(with_usage),
      head_(absl::StrCat("data: {\"id\":", Quoted(Id(head)), ",\"object\":\"",
                         head.endpoint == Endpoint::kChat ? "chat.completion.chunk" : "text_completion",
                         "\",\"created\":", head.created_unix_seconds, ",\"model\":", Quoted(head.model),
                         ",\"choices\":[")) {}

void ChunkWriter::AppendText(uint32_t choice, bool is_first, const std::string& text, const Json& logprobs,
                             FinishReason reason, std::string& out) const {
  absl::StrAppend(&out, head_, "{\"index\":", choice);
  if (endpoint_ == Endpoint::kCompletions) {
    out += ",\"text\":";
    AppendQuoted(text, out);
  } else {
    out += ",\"delta\":{";
    if (is_first) out += "\"role\":\"assistant\",";
    // The chunk that ends a reply has no content.
    if (is_first || !text.empty() || reason == FinishReason::kNone) {
      out += "\"content\":";
      AppendQuoted(text, out);
    }
    out += '}';
  }
  out += ",\"logprobs\":";
  out += logprobs.is_null() ? "null" : logprobs.dump();
  out += ",\"finish_reason\":";
  const char* const name = FinishReasonName(reason);
  out += name == nullptr ? "null" : Quoted(name);
  out += with_usage_ ? "}],\"usage\":null}\n\n" : "}]}\n\n";
}

void ChunkWriter::AppendUsage(const Usage& usage, std::string& out) const {
  absl::StrAppend(&out, head_, "],\"usage\":", UsageObject(usage).dump(), "}\n\n");
}

std::string WholeReply(const ReplyHead& head, const std::vector<Choice>& choices, const Usage& usage) {
  const bool is_chat = head.endpoint == Endpoint::kChat;
  Json list = Json::array();
  for (size_t i = 0; i < choices.size(); ++i) {
    const Choice& choice = choices[i];
    Json object = {{"index", i}};
    if (is_chat) {
      object["message"] = {{"role", "assistant"}, {"content", choice.text}, {"refusal", nullptr}};
    } else {
      object["text"] = choice.text;
    }
    object["logprobs"] = choice.logprobs;
    object["finish_reason"] = FinishReasonName(choice.finish_reason);
    list.push_back(std::move(object));
  }
  const Json reply = {{"id", Id(head)},
                      {"object", is_chat ? "chat.completion" : "text_completion"},
                      {"created", head.created_unix_seconds},
                      {"model", head.model},
                      {"choices", std::move(list)},
                      {"usage", UsageObject(usage)}};
  return reply.dump();
}

}  // namespace streamtensor::server::openai
