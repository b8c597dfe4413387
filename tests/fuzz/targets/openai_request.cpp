// SPDX-License-Identifier: Apache-2.0
// The body of a request to the OpenAI-compatible endpoint, to the checked requests. Each is read as a
// completion and as a chat.
#include "base/field_error.h"
#include "server/api/openai/request_reader.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/server/tokenizer/ascii_tokenizer.h"

namespace streamtensor::fuzz {
namespace {

using server::openai::Endpoint;

constexpr int64_t kMostTokens = 1000;

const server::LoadedModel& Model() {
  static const server::LoadedModel* const model = new server::LoadedModel(
      "m", server::testing::MakeAsciiTokenizer(),
      server::ChatTemplate::Create(
          "{% for m in messages %}{{ m.role ~ m.content | trim }}<|im_end|>{% endfor %}"),
      false, nullptr);
  return *model;
}

bool RefusedByTheService(const absl::Status& status, Endpoint endpoint) {
  const std::string field = FieldOf(status);
  if (field.empty()) return Refused(status);
  return Refused(RenameField(status, server::openai::FieldName(endpoint, field)));
}

bool AcceptsAs(Endpoint endpoint, std::string_view input) {
  auto request = server::openai::ReadRequest(endpoint, input);
  if (!request.ok()) return Refused(request.status());
  Require(!request->prompts.empty(), "a request has a prompt");
  Require(request->replies >= 1 && request->prompts.size() * request->replies <= server::openai::kMaxReplies,
          "the number of replies is bounded");
  for (server::Prompt& prompt : request->prompts) {
    server::ClientRequest one = request->parameters;
    one.prompt = std::move(prompt);
    const auto checked = server::CheckRequest(std::move(one), Model(), {kMostTokens}, nullptr);
    if (!checked.ok()) return RefusedByTheService(checked.status(), endpoint);
    Require(static_cast<int64_t>(checked->prompt.size()) <= kMostTokens, "a prompt is within the limit");
    for (const uint32_t id : checked->prompt) {
      Require(id < Model().tokenizer().vocabulary(), "a prompt's tokens are in the vocabulary");
    }
    Require(checked->sampling.temperature >= 0 && checked->sampling.top_p > 0,
            "parameters are in their ranges");
  }
  return true;
}

}  // namespace

std::vector<std::string> Seeds() {
  return {
      R"({"model":"m","prompt":"Once upon a time","max_tokens":20,"temperature":0.5,"top_p":0.5,"top_k":5,"min_p":0.1,)"
      R"("repetition_penalty":1.1,"presence_penalty":1,"frequency_penalty":-1,"seed":7,"logit_bias":{"3":-5},)"
      R"("stop":["end","x"],"stop_token_ids":[9],"min_tokens":1,"logprobs":3,"n":2,"best_of":2,"echo":true,"user":"u",)"
      R"("stream":true,"stream_options":{"include_usage":true}})",
      R"({"model":"m","prompt":[[0,1,2],[3]],"stop":"end","seed":-1,"suffix":""})",
      R"({"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user","name":"a","content":)"
      R"([{"type":"text","text":"Hi"},{"type":"text","text":"there"}]}],"max_completion_tokens":5,"logprobs":true,)"
      R"("top_logprobs":2,"tools":[],"tool_choice":"none","response_format":{"type":"text"},"metadata":{"a":"b"}})",
  };
}

bool Accepts(std::string_view input) {
  const bool is_completion = AcceptsAs(Endpoint::kCompletions, input);
  const bool is_chat = AcceptsAs(Endpoint::kChat, input);
  return is_completion || is_chat;
}

}  // namespace streamtensor::fuzz
