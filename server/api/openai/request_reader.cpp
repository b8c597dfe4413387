// SPDX-License-Identifier: Apache-2.0
#include "server/api/openai/request_reader.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/field_error.h"
#include "base/json_reader.h"
#include "base/status_macros.h"
#include "server/api/openai/object_reader.h"

namespace streamtensor::server::openai {
namespace {

using nlohmann::json;

// A body is bounded in size by the HTTP server. The values are mostly the token ids of prompts: 32 of 8,192.
constexpr base::JsonBounds kBodyBounds = {.max_depth = 16, .max_values = 1 << 18};
constexpr int64_t kMaxUint32 = std::numeric_limits<uint32_t>::max();
// Default of max_tokens in OpenAI's /v1/completions.
constexpr uint32_t kDefaultCompletionTokens = 16;

// Fields without effect on a reply: accounting, caching and moderation in OpenAI's service.
constexpr const char* kIgnoredFields[] = {"user",
                                          "store",
                                          "metadata",
                                          "service_tier",
                                          "safety_identifier",
                                          "prompt_cache_key",
                                          "prompt_cache_retention",
                                          "parallel_tool_calls"};
// Fields that are accepted only if they request nothing.
constexpr const char* kToolFields[] = {"tools", "tool_choice", "functions", "function_call"};

bool IsNothing(const json& value) {
  return (value.is_array() && value.empty()) || value == "none" || value == "auto";
}

void ReadSampling(ObjectReader& reader, ClientRequest& request) {
  SamplingParams& sampling = request.sampling;
  reader.Float("temperature", sampling.temperature);
  reader.Float("top_p", sampling.top_p);
  reader.Float("presence_penalty", sampling.presence_penalty);
  reader.Float("frequency_penalty", sampling.frequency_penalty);
  reader.Float("min_p", sampling.min_p);
  reader.Float("repetition_penalty", sampling.repetition_penalty);
  if (const json* top_k = reader.Find("top_k"); top_k != nullptr && *top_k != -1) {  // -1 also means off
    reader.Whole("top_k", 0, kMaxUint32, sampling.top_k);
  }
  if (const json* seed = reader.Find("seed"); seed != nullptr) {
    if (!seed->is_number_integer()) return reader.WrongType("seed", *seed, "a whole number of 64 bits");
    request.seed = seed->get<uint64_t>();  // the bits of a negative one
  }
}

// {"50256": -100}: token ids as text.
void ReadLogitBias(ObjectReader& reader, SamplingParams& sampling) {
  const json* const bias = reader.Find("logit_bias");
  if (bias == nullptr) return;
  if (!bias->is_object()) return reader.WrongType("logit_bias", *bias, "an object");
  for (const auto& [key, value] : bias->items()) {
    uint32_t id = 0;
    const bool is_id = !key.empty() && key.find_first_not_of("0123456789") == std::string::npos &&
                       absl::SimpleAtoi(key, &id);
    if (!is_id) return reader.Fail("logit_bias", "has a key that is not a token id in decimal digits");
    if (!value.is_number())
      return reader.WrongType(absl::StrCat("logit_bias.", key).c_str(), value, "a number");
    const double number = value.get<double>();
    if (!(number >= -1000 && number <= 1000)) {
      return reader.Fail(absl::StrCat("logit_bias.", key),
                         absl::StrCat("is ", number, "; allowed is -1000 to 1000"));
    }
    sampling.logit_bias.emplace_back(id, static_cast<float>(number));
  }
}

// A string or an array of strings.
void ReadStop(ObjectReader& reader, StoppingParams& stopping) {
  const json* const stop = reader.Find("stop");
  if (stop == nullptr) return;
  if (stop->is_string()) {
    stopping.stop_strings.push_back(stop->get<std::string>());
    return;
  }
  if (!stop->is_array()) return reader.WrongType("stop", *stop, "a string or an array of strings");
  for (const json& each : *stop) {
    if (!each.is_string()) return reader.WrongType("stop", each, "in the array a string");
    stopping.stop_strings.push_back(each.get<std::string>());
  }
}

std::optional<std::vector<uint32_t>> ReadTokenIds(const json& list) {
  std::vector<uint32_t> ids;
  ids.reserve(list.size());
  for (const json& id : list) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > kMaxUint32) return std::nullopt;
    ids.push_back(id.get<uint32_t>());
  }
  return ids;
}

void ReadStopping(ObjectReader& reader, StoppingParams& stopping) {
  ReadStop(reader, stopping);
  reader.Whole("min_tokens", 0, kMaxUint32, stopping.min_tokens);
  reader.Bool("ignore_eos", stopping.ignore_eos);
  const json* const ids = reader.Find("stop_token_ids");
  if (ids == nullptr) return;
  std::optional<std::vector<uint32_t>> read = ids->is_array() ? ReadTokenIds(*ids) : std::nullopt;
  if (!read.has_value()) return reader.Fail("stop_token_ids", "is not an array of token ids");
  stopping.stop_token_ids = *std::move(read);
}

// "Once", ["Once", "Twice"], [5, 6] or [[5, 6], [7]].
void ReadPrompts(ObjectReader& reader, std::vector<Prompt>& prompts) {
  constexpr char kNeeded[] = "a string, an array of strings, of token ids, or of arrays of token ids";
  const json* const prompt = reader.Find("prompt");
  if (prompt == nullptr) return reader.Fail("prompt", "is missing");
  if (prompt->is_string()) {
    prompts.emplace_back(prompt->get<std::string>());
    return;
  }
  if (!prompt->is_array()) return reader.WrongType("prompt", *prompt, kNeeded);
  if (prompt->empty()) return reader.Fail("prompt", "is empty; at least one prompt is needed");
  if (prompt->front().is_number()) {
    std::optional<std::vector<uint32_t>> ids = ReadTokenIds(*prompt);
    if (!ids.has_value()) return reader.Fail("prompt", absl::StrCat("is not ", kNeeded));
    prompts.emplace_back(*std::move(ids));
    return;
  }
  if (prompt->size() > kMaxReplies) {
    return reader.Fail(
        "prompt", absl::StrCat("has ", prompt->size(), " entries; at most ", kMaxReplies, " are allowed"));
  }
  for (const json& each : *prompt) {
    if (each.type() != prompt->front().type()) return reader.Fail("prompt", absl::StrCat("is not ", kNeeded));
    if (each.is_string()) {
      prompts.emplace_back(each.get<std::string>());
      continue;
    }
    std::optional<std::vector<uint32_t>> ids = each.is_array() ? ReadTokenIds(each) : std::nullopt;
    if (!ids.has_value()) return reader.Fail("prompt", absl::StrCat("is not ", kNeeded));
    prompts.emplace_back(*std::move(ids));
  }
}

// A string, or text parts, which are joined as lines.
absl::StatusOr<std::string> ReadContent(const json& content, const std::string& path) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array()) {
    return FieldError(path,
                      absl::StrCat("is ", KindOf(content), "; a string or an array of text parts is needed"));
  }
  std::string text;
  for (size_t i = 0; i < content.size(); ++i) {
    ObjectReader part(content[i], absl::StrCat(path, "[", i, "]."));
    std::string type;
    std::string line;
    part.Text("type", type);
    part.Text("text", line);
    if (part.ok() && type != "text") part.Fail("type", "is not \"text\", the only one that is supported");
    RETURN_IF_ERROR(part.Finish());
    absl::StrAppend(&text, i == 0 ? "" : "\n", line);
  }
  return text;
}

absl::StatusOr<ChatMessage> ReadMessage(const json& message, const std::string& path) {
  ObjectReader reader(message, absl::StrCat(path, "."));
  ChatMessage result;
  reader.Text("role", result.role);
  reader.Ignore("name");
  const json* const content = reader.Find("content");
  if (reader.ok() && content == nullptr) reader.Fail("content", "is missing");
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(result.content, ReadContent(*content, absl::StrCat(path, ".content")));
  return result;
}

absl::StatusOr<Prompt> ReadMessages(ObjectReader& reader) {
  const json* const list = reader.Find("messages");
  if (list == nullptr || !list->is_array()) {
    reader.Fail("messages", list == nullptr ? "is missing" : "is not an array of messages");
    return reader.Finish();
  }
  std::vector<ChatMessage> messages;
  for (size_t i = 0; i < list->size(); ++i) {
    ASSIGN_OR_RETURN(ChatMessage message, ReadMessage((*list)[i], absl::StrCat("messages[", i, "]")));
    messages.push_back(std::move(message));
  }
  return messages;
}

void ReadStream(ObjectReader& reader, CompletionRequest& request) {
  reader.Bool("stream", request.stream);
  const json* const options = reader.Find("stream_options");
  if (options == nullptr) return;
  if (!request.stream) return reader.Fail("stream_options", "is given without \"stream\": true");
  ObjectReader members(*options, "stream_options.");
  members.Bool("include_usage", request.include_usage);
  members.Ignore("include_obfuscation");
  reader.Update(members.Finish());
}

// In /v1/completions a number of alternatives; in chats a switch and a number.
void ReadLogprobs(ObjectReader& reader, CompletionRequest& request) {
  if (request.endpoint == Endpoint::kCompletions) {
    return reader.Whole("logprobs", 0, kMaxUint32, request.parameters.logprobs);
  }
  bool wanted = false;
  std::optional<uint32_t> alternatives;
  reader.Bool("logprobs", wanted);
  reader.Whole("top_logprobs", 0, kMaxUint32, alternatives);
  if (alternatives.has_value() && !wanted) {
    return reader.Fail("top_logprobs", "is given without \"logprobs\": true");
  }
  if (wanted) request.parameters.logprobs = alternatives.value_or(0);
}

void ReadMaxTokens(ObjectReader& reader, Endpoint endpoint, StoppingParams& stopping) {
  reader.Whole("max_tokens", 0, kMaxUint32, stopping.max_tokens);
  if (endpoint == Endpoint::kCompletions) {
    if (!stopping.max_tokens.has_value()) stopping.max_tokens = kDefaultCompletionTokens;
    return;
  }
  std::optional<uint32_t> newer;
  reader.Whole("max_completion_tokens", 0, kMaxUint32, newer);
  if (newer.has_value() && stopping.max_tokens.has_value() && newer != stopping.max_tokens) {
    return reader.Fail("max_completion_tokens", "differs from max_tokens; give only one of them");
  }
  if (newer.has_value()) stopping.max_tokens = newer;
}

// Parts of OpenAI's API that are not supported: accepted only where they change nothing.
void RefuseUnsupported(ObjectReader& reader, const CompletionRequest& request) {
  if (request.endpoint == Endpoint::kCompletions) {
    if (const json* suffix = reader.Find("suffix"); suffix != nullptr && *suffix != "") {
      reader.Fail("suffix", "is not supported");
    }
    if (const json* best_of = reader.Find("best_of"); best_of != nullptr && *best_of != request.replies) {
      reader.Fail("best_of", absl::StrCat("differs from n, ", request.replies,
                                          ": choosing among replies is not supported"));
    }
    return;
  }
  for (const char* name : kToolFields) {
    if (const json* value = reader.Find(name); value != nullptr && !IsNothing(*value)) {
      reader.Fail(name, "is given; tools are not supported");
    }
  }
  if (const json* format = reader.Find("response_format");
      format != nullptr && *format != json{{"type", "text"}}) {
    reader.Fail("response_format", "is not {\"type\": \"text\"}, the only one that is supported");
  }
  if (const json* modalities = reader.Find("modalities");
      modalities != nullptr && *modalities != json::array({"text"})) {
    reader.Fail("modalities", "is not [\"text\"], the only one that is supported");
  }
}

}  // namespace

absl::StatusOr<CompletionRequest> ReadRequest(Endpoint endpoint, std::string_view body,
                                              const PollRequest& poll) {
  const absl::StatusOr<json> read = base::ReadJson(body, kBodyBounds, poll);
  if (!read.ok() && !absl::IsInvalidArgument(read.status())) return read.status();
  if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat("the body: ", read.status().message()));
  const json& root = *read;
  ObjectReader reader(root, "");
  CompletionRequest request;
  request.endpoint = endpoint;
  ClientRequest& parameters = request.parameters;
  reader.Text("model", parameters.model);
  ReadSampling(reader, parameters);
  ReadLogitBias(reader, parameters.sampling);
  ReadStopping(reader, parameters.stopping);
  ReadMaxTokens(reader, endpoint, parameters.stopping);
  ReadLogprobs(reader, request);
  ReadStream(reader, request);
  reader.Whole("n", 1, kMaxReplies, request.replies);
  reader.Whole("priority", INT32_MIN, INT32_MAX, parameters.priority);
  for (const char* name : kIgnoredFields) reader.Ignore(name);
  RefuseUnsupported(reader, request);
  if (endpoint == Endpoint::kCompletions) {
    reader.Bool("echo", request.echo);
    ReadPrompts(reader, request.prompts);
    parameters.prompt_logprobs = request.echo && parameters.logprobs.has_value();
  } else if (reader.ok()) {
    ASSIGN_OR_RETURN(Prompt messages, ReadMessages(reader));
    request.prompts.push_back(std::move(messages));
  }
  RETURN_IF_ERROR(reader.Finish());
  if (request.prompts.size() * request.replies > kMaxReplies) {
    return FieldError("n", absl::StrCat("is ", request.replies, " for ", request.prompts.size(),
                                        " prompts; at most ", kMaxReplies, " replies are allowed"));
  }
  return request;
}

std::string FieldName(Endpoint endpoint, std::string_view service_field) {
  const bool is_chat = endpoint == Endpoint::kChat;
  const std::pair<std::string_view, std::string_view> names[] = {
      {"sampling.", ""},        {"stopping.stop_strings", "stop"},
      {"stopping.", ""},        {"output.logprobs", is_chat ? "top_logprobs" : "logprobs"},
      {"tokens.ids", "prompt"}, {"chat.", ""},
  };
  for (const auto& [prefix, name] : names) {
    if (service_field.substr(0, prefix.size()) != prefix) continue;
    return std::string(name).append(service_field.substr(prefix.size()));
  }
  return std::string(service_field);
}

}  // namespace streamtensor::server::openai
