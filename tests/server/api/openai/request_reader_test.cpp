// SPDX-License-Identifier: Apache-2.0
#include "server/api/openai/request_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"

namespace streamtensor::server::openai {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::StatusOr<CompletionRequest> Completion(const std::string& members) {
  return ReadRequest(Endpoint::kCompletions, absl::StrCat(R"({"model": "m", "prompt": "p", )", members, "}"));
}
absl::StatusOr<CompletionRequest> Chat(const std::string& members) {
  return ReadRequest(
      Endpoint::kChat,
      absl::StrCat(R"({"model": "m", "messages": [{"role": "user", "content": "hi"}], )", members, "}"));
}

// About `field`, which the message begins with.
void ExpectRefused(const absl::StatusOr<CompletionRequest>& request, const std::string& field) {
  EXPECT_EQ(request.status().code(), absl::StatusCode::kInvalidArgument) << field;
  EXPECT_EQ(FieldOf(request.status()), field);
  EXPECT_THAT(std::string(request.status().message()), StartsWith(field + " "));
}

TEST(RequestReader, EveryFieldOfACompletion) {
  const auto request = Completion(R"(
      "max_tokens": 7, "temperature": 0.5, "top_p": 0.9, "top_k": 5, "min_p": 0.1, "repetition_penalty": 1.5,
      "presence_penalty": -1, "frequency_penalty": 2, "logit_bias": {"3": -100, "4": 1.5}, "seed": 17,
      "stop": ["a", "b"], "stop_token_ids": [9], "min_tokens": 2, "ignore_eos": true, "logprobs": 3, "n": 4, "best_of": 4,
      "echo": true, "stream": true, "stream_options": {"include_usage": true}, "priority": -2, "user": "u", "suffix": "")");
  ASSERT_TRUE(request.ok()) << request.status();
  const ClientRequest& parameters = request->parameters;
  EXPECT_EQ(parameters.model, "m");
  EXPECT_EQ(parameters.sampling.temperature, 0.5f);
  EXPECT_EQ(parameters.sampling.top_p, 0.9f);
  EXPECT_EQ(parameters.sampling.top_k, 5u);
  EXPECT_EQ(parameters.sampling.min_p, 0.1f);
  EXPECT_EQ(parameters.sampling.repetition_penalty, 1.5f);
  EXPECT_EQ(parameters.sampling.presence_penalty, -1);
  EXPECT_EQ(parameters.sampling.frequency_penalty, 2);
  EXPECT_EQ(parameters.sampling.logit_bias, (std::vector<std::pair<uint32_t, float>>{{3, -100}, {4, 1.5f}}));
  EXPECT_EQ(parameters.seed, 17u);
  EXPECT_EQ(parameters.stopping.max_tokens, 7u);
  EXPECT_EQ(parameters.stopping.min_tokens, 2u);
  EXPECT_EQ(parameters.stopping.stop_strings, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parameters.stopping.stop_token_ids, std::vector<uint32_t>{9});
  EXPECT_TRUE(parameters.stopping.ignore_eos);
  EXPECT_EQ(parameters.logprobs, 3u);
  EXPECT_TRUE(parameters.prompt_logprobs) << "an echo has those of its prompt";
  EXPECT_EQ(parameters.priority, -2);
  EXPECT_EQ(request->replies, 4u);
  EXPECT_TRUE(request->echo);
  EXPECT_TRUE(request->stream);
  EXPECT_TRUE(request->include_usage);
}

TEST(RequestReader, WhatIsNotGivenOrNullIsTheDefault) {
  for (const char* members :
       {R"("user": "u")", R"("max_tokens": null, "temperature": null, "stop": null, "seed": null,
      "logit_bias": null, "n": null, "stream": null, "stream_options": null, "logprobs": null, "anything": null)"}) {
    const auto request = Completion(members);
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_EQ(request->parameters.sampling.temperature, 1);
    EXPECT_EQ(request->parameters.seed, std::nullopt);
    EXPECT_EQ(request->parameters.stopping.max_tokens, 16u) << "as OpenAI's completions";
    EXPECT_EQ(request->parameters.logprobs, std::nullopt);
    EXPECT_EQ(request->replies, 1u);
    EXPECT_FALSE(request->stream || request->include_usage || request->echo);
  }
  EXPECT_EQ(Chat(R"("user": "u")")->parameters.stopping.max_tokens, std::nullopt) << "to the context's end";
}

TEST(RequestReader, PromptsOfEachKind) {
  const auto prompts = [](const std::string& prompt) {
    return ReadRequest(Endpoint::kCompletions, absl::StrCat(R"({"model": "m", "prompt": )", prompt, "}"));
  };
  using Ids = std::vector<uint32_t>;
  const auto one = prompts(R"("one")")->prompts;
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(std::get<std::string>(one[0]), "one");
  const auto two = prompts(R"(["one", "two"])")->prompts;
  ASSERT_EQ(two.size(), 2u);
  EXPECT_EQ(std::get<std::string>(two[1]), "two");
  const auto ids = prompts("[5, 6]")->prompts;
  ASSERT_EQ(ids.size(), 1u);
  EXPECT_EQ(std::get<Ids>(ids[0]), (Ids{5, 6}));
  const auto lists = prompts("[[5], [6, 7]]")->prompts;
  ASSERT_EQ(lists.size(), 2u);
  EXPECT_EQ(std::get<Ids>(lists[1]), (Ids{6, 7}));
  for (const char* bad : {"null", "7", "[]", "{}", "[\"a\", 5]", "[5, \"a\"]", "[-1]", "[4294967296]",
                          "[[5], \"a\"]", "[[\"a\"]]", "[1.5]"}) {
    ExpectRefused(prompts(bad), "prompt");
  }
}

TEST(RequestReader, MessagesAreTextOrPartsOfText) {
  const auto request = ReadRequest(Endpoint::kChat, R"({"model": "m", "messages": [
      {"role": "system", "content": "be brief", "name": "s"},
      {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
      {"role": "assistant", "content": "", "refusal": null, "tool_calls": null}]})");
  ASSERT_TRUE(request.ok()) << request.status();
  const auto& messages = std::get<std::vector<ChatMessage>>(request->prompts.at(0));
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].role, "system");
  EXPECT_EQ(messages[1].content, "one\ntwo");
  EXPECT_EQ(messages[2].content, "");
}

TEST(RequestReader, BadMessagesAreNamed) {
  const auto chat = [](const std::string& messages) {
    return ReadRequest(Endpoint::kChat, absl::StrCat(R"({"model": "m", "messages": )", messages, "}"));
  };
  ExpectRefused(chat("7"), "messages");
  ExpectRefused(chat("[7]"), "messages[0]");
  ExpectRefused(chat(R"([{"role": "user"}])"), "messages[0].content");
  ExpectRefused(chat(R"([{"role": 7, "content": "x"}])"), "messages[0].role");
  ExpectRefused(chat(R"([{"role": "user", "content": 7}])"), "messages[0].content");
  ExpectRefused(chat(R"([{"role": "user", "content": "x", "tool_calls": [{}]}])"), "messages[0].tool_calls");
  ExpectRefused(chat(R"([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}])"),
                "messages[0].content[0].type");
  ExpectRefused(ReadRequest(Endpoint::kChat, R"({"model": "m"})"), "messages");
}

TEST(RequestReader, LogprobsOfAChatAreASwitchAndANumber) {
  EXPECT_EQ(Chat(R"("logprobs": true)")->parameters.logprobs, 0u);
  EXPECT_EQ(Chat(R"("logprobs": true, "top_logprobs": 5)")->parameters.logprobs, 5u);
  EXPECT_EQ(Chat(R"("logprobs": false)")->parameters.logprobs, std::nullopt);
  ExpectRefused(Chat(R"("top_logprobs": 5)"), "top_logprobs");
  ExpectRefused(Chat(R"("logprobs": 5)"), "logprobs");
}

TEST(RequestReader, TheNewerNameOfMaxTokens) {
  EXPECT_EQ(Chat(R"("max_completion_tokens": 5)")->parameters.stopping.max_tokens, 5u);
  EXPECT_EQ(Chat(R"("max_completion_tokens": 5, "max_tokens": 5)")->parameters.stopping.max_tokens, 5u);
  ExpectRefused(Chat(R"("max_completion_tokens": 5, "max_tokens": 6)"), "max_completion_tokens");
  ExpectRefused(Completion(R"("max_completion_tokens": 5)"), "max_completion_tokens");
}

TEST(RequestReader, SeedsAre64Bits) {
  EXPECT_EQ(Completion(R"("seed": 18446744073709551615)")->parameters.seed, 18446744073709551615u);
  EXPECT_EQ(Completion(R"("seed": -1)")->parameters.seed, 18446744073709551615u);
  ExpectRefused(Completion(R"("seed": 18446744073709551616)"), "seed");
}

TEST(RequestReader, WrongTypesAndValuesAreNamed) {
  ExpectRefused(Completion(R"("temperature": "hot")"), "temperature");
  ExpectRefused(Completion(R"("max_tokens": 1.5)"), "max_tokens");
  ExpectRefused(Completion(R"("max_tokens": -1)"), "max_tokens");
  ExpectRefused(Completion(R"("max_tokens": 4294967296)"), "max_tokens");
  ExpectRefused(Completion(R"("max_tokens": 18446744073709551615)"), "max_tokens");
  ExpectRefused(Completion(R"("stop": 7)"), "stop");
  ExpectRefused(Completion(R"("stop": ["a", 7])"), "stop");
  ExpectRefused(Completion(R"("stop_token_ids": 7)"), "stop_token_ids");
  ExpectRefused(Completion(R"("logit_bias": [1])"), "logit_bias");
  ExpectRefused(Completion(R"("logit_bias": {"x": 1})"), "logit_bias");
  ExpectRefused(Completion(R"("logit_bias": {"99999999999": 1})"), "logit_bias");
  ExpectRefused(Completion(R"("logit_bias": {"5": "x"})"), "logit_bias.5");
  ExpectRefused(Completion(R"("logit_bias": {"5": 1001})"), "logit_bias.5");
  ExpectRefused(Completion(R"("stream": 1)"), "stream");
  ExpectRefused(Completion(R"("stream_options": {"include_usage": true})"), "stream_options");
  ExpectRefused(Completion(R"("stream": true, "stream_options": {"x": true})"), "stream_options.x");
  ExpectRefused(Completion(R"("n": 0)"), "n");
  ExpectRefused(Completion(R"("n": 129)"), "n");
  EXPECT_THAT(std::string(Completion(R"("temperature": "hot")").status().message()),
              HasSubstr("is a string; a number is needed"));
}

TEST(RequestReader, RepliesToAllPromptsAreBounded) {
  EXPECT_TRUE(ReadRequest(Endpoint::kCompletions, R"({"prompt": ["a", "b"], "n": 64})").ok());
  ExpectRefused(ReadRequest(Endpoint::kCompletions, R"({"prompt": ["a", "b"], "n": 65})"), "n");
}

TEST(RequestReader, WhatCanNotBeDoneIsRefusedAndWhatChangesNothingIsNot) {
  ExpectRefused(Completion(R"("temprature": 1)"), "temprature");
  ExpectRefused(Completion(R"("suffix": "x")"), "suffix");
  ExpectRefused(Completion(R"("best_of": 2)"), "best_of");
  ExpectRefused(Completion(R"("messages": [])"), "messages");
  ExpectRefused(Chat(R"("tools": [{}])"), "tools");
  ExpectRefused(Chat(R"("tool_choice": "required")"), "tool_choice");
  ExpectRefused(Chat(R"("response_format": {"type": "json_object"})"), "response_format");
  ExpectRefused(Chat(R"("modalities": ["text", "audio"])"), "modalities");
  ExpectRefused(Chat(R"("echo": true)"), "echo");
  EXPECT_TRUE(
      Chat(
          R"("tools": [], "tool_choice": "auto", "parallel_tool_calls": true, "response_format": {"type": "text"},
      "modalities": ["text"], "store": false, "metadata": {"a": "b"}, "service_tier": "auto")")
          .ok());
}

TEST(RequestReader, ABodyThatIsNoObjectIsRefused) {
  for (const char* bad : {"", "[]", "7", "{\"model\": \"m\", \"model\": \"n\"}"}) {
    EXPECT_EQ(ReadRequest(Endpoint::kCompletions, bad).status().code(), absl::StatusCode::kInvalidArgument)
        << bad;
  }
}

TEST(RequestReader, FieldsOfTheServiceHaveTheirNamesHere) {
  EXPECT_EQ(FieldName(Endpoint::kChat, "sampling.temperature"), "temperature");
  EXPECT_EQ(FieldName(Endpoint::kChat, "sampling.logit_bias[2].token_id"), "logit_bias[2].token_id");
  EXPECT_EQ(FieldName(Endpoint::kChat, "stopping.stop_strings[2]"), "stop[2]");
  EXPECT_EQ(FieldName(Endpoint::kChat, "stopping.stop_token_ids[2]"), "stop_token_ids[2]");
  EXPECT_EQ(FieldName(Endpoint::kChat, "output.logprobs"), "top_logprobs");
  EXPECT_EQ(FieldName(Endpoint::kCompletions, "output.logprobs"), "logprobs");
  EXPECT_EQ(FieldName(Endpoint::kCompletions, "tokens.ids[3]"), "prompt[3]");
  EXPECT_EQ(FieldName(Endpoint::kChat, "chat.messages[3].role"), "messages[3].role");
  EXPECT_EQ(FieldName(Endpoint::kChat, "model"), "model");
}

TEST(RequestReaderTest, LongBodiesAreBoundedAndCanBeStopped) {
  const auto body = [](int tokens) {
    std::string ids = "1";
    for (int i = 1; i < tokens; ++i) ids += ",1";
    return absl::StrCat(R"({"model": "m", "prompt": [)", ids, "]}");
  };
  EXPECT_TRUE(ReadRequest(Endpoint::kCompletions, body(1 << 17)).ok());
  const absl::Status many = ReadRequest(Endpoint::kCompletions, body(1 << 18)).status();
  EXPECT_EQ(many.message(), "the body: more than 262144 JSON values");
  const auto is_gone = [] { return absl::CancelledError("the client disconnected"); };
  EXPECT_EQ(ReadRequest(Endpoint::kCompletions, body(1 << 17), is_gone).status(), is_gone());
}

}  // namespace
}  // namespace streamtensor::server::openai
