// SPDX-License-Identifier: Apache-2.0
#include "server/api/openai/reply_writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "tests/server/tokenizer/ascii_tokenizer.h"

namespace streamtensor::server::openai {
namespace {

using Json = nlohmann::json;

ReplyHead Head(Endpoint endpoint) { return {endpoint, "r7", "org/m", 1700000000}; }

// The object of one event.
Json EventOf(const std::string& text) {
  EXPECT_TRUE(absl::StartsWith(text, "data: ") && absl::EndsWith(text, "\n\n")) << text;
  EXPECT_EQ(text.find('\n'), text.size() - 2) << "an event is a line";
  return Json::parse(text.substr(6));
}

TEST(ReplyWriter, ChunksOfACompletion) {
  const ChunkWriter writer(Head(Endpoint::kCompletions), /*with_usage=*/false);
  std::string out;
  writer.AppendText(2, /*is_first=*/true, "a \"b\"\\\n\x01\xc3\xa9", nullptr, FinishReason::kNone, out);
  EXPECT_EQ(EventOf(out), Json::parse(R"({"id": "cmpl-r7", "object": "text_completion", "created": 1700000000,
      "model": "org/m", "choices": [{"index": 2, "text": "a \"b\"\\\n\u0001é", "logprobs": null, "finish_reason": null}]})"));
  out.clear();
  writer.AppendText(0, /*is_first=*/false, "", nullptr, FinishReason::kStop, out);
  EXPECT_EQ(EventOf(out)["choices"][0]["finish_reason"], "stop");
}

TEST(ReplyWriter, ChunksOfAChat) {
  const ChunkWriter writer(Head(Endpoint::kChat), /*with_usage=*/true);
  std::string out;
  writer.AppendText(0, /*is_first=*/true, "hi", nullptr, FinishReason::kNone, out);
  EXPECT_EQ(EventOf(out),
            Json::parse(R"({"id": "chatcmpl-r7", "object": "chat.completion.chunk", "created": 1700000000,
      "model": "org/m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "hi"}, "logprobs": null,
      "finish_reason": null}], "usage": null})"));
  out.clear();
  writer.AppendText(0, /*is_first=*/false, " you", nullptr, FinishReason::kNone, out);
  EXPECT_EQ(EventOf(out)["choices"][0]["delta"], Json::parse(R"({"content": " you"})"));
  out.clear();
  writer.AppendText(0, /*is_first=*/false, "", nullptr, FinishReason::kLength, out);
  EXPECT_EQ(EventOf(out)["choices"][0]["delta"], Json::object());
  EXPECT_EQ(EventOf(out)["choices"][0]["finish_reason"], "length");
  out.clear();
  writer.AppendUsage({10, 4, 3}, out);
  EXPECT_EQ(EventOf(out)["choices"], Json::array());
  EXPECT_EQ(EventOf(out)["usage"],
            Json::parse(R"({"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13,
      "prompt_tokens_details": {"cached_tokens": 4}})"));
}

TEST(ReplyWriter, WholeReplies) {
  std::vector<Choice> choices(2);
  choices[0] = {"hi", nullptr, FinishReason::kStop};
  choices[1] = {"ho", nullptr, FinishReason::kLength};
  EXPECT_EQ(Json::parse(WholeReply(Head(Endpoint::kChat), choices, {10, 0, 3})),
            Json::parse(R"({"id": "chatcmpl-r7",
      "object": "chat.completion", "created": 1700000000, "model": "org/m", "choices": [
      {"index": 0, "message": {"role": "assistant", "content": "hi", "refusal": null}, "logprobs": null, "finish_reason": "stop"},
      {"index": 1, "message": {"role": "assistant", "content": "ho", "refusal": null}, "logprobs": null, "finish_reason": "length"}],
      "usage": {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13, "prompt_tokens_details": {"cached_tokens": 0}}})"));
  const Json completion = Json::parse(WholeReply(Head(Endpoint::kCompletions), choices, {}));
  EXPECT_EQ(completion["id"], "cmpl-r7");
  EXPECT_EQ(completion["object"], "text_completion");
  EXPECT_EQ(completion["choices"][1],
            Json::parse(R"({"index": 1, "text": "ho", "logprobs": null, "finish_reason": "length"})"));
}

class LogprobsTest : public ::testing::Test {
 protected:
  static uint32_t Id(char c) { return static_cast<uint32_t>(c - '!'); }
  const std::unique_ptr<Tokenizer> tokenizer_ = server::testing::MakeAsciiTokenizer();
  const uint32_t end_ = tokenizer_->vocabulary() - 1;
};

TEST_F(LogprobsTest, OfACompletion) {
  LogprobsWriter writer(Endpoint::kCompletions, tokenizer_.get());
  EXPECT_TRUE(writer.Take().is_null());
  writer.AddUnknown(Id('x'));
  writer.Add({Id('b'), -2, {{Id('a'), -0.5f}, {Id('c'), -1}}});
  EXPECT_EQ(Json(writer.Take()), Json::parse(R"({"tokens": ["x", "b"], "token_logprobs": [null, -2.0],
      "top_logprobs": [null, {"a": -0.5, "c": -1.0, "b": -2.0}], "text_offset": [0, 1]})"));
  EXPECT_TRUE(writer.Take().is_null());
  writer.Add({end_, -std::numeric_limits<float>::infinity(), {}});
  EXPECT_EQ(Json(writer.Take()), Json::parse(R"({"tokens": ["<|im_end|>"], "token_logprobs": [-9999.0],
      "top_logprobs": [{"<|im_end|>": -9999.0}], "text_offset": [2]})"));
}

TEST_F(LogprobsTest, OfAChat) {
  LogprobsWriter writer(Endpoint::kChat, tokenizer_.get());
  writer.Add({Id('b'), -2, {{Id('a'), -0.5f}}});
  EXPECT_EQ(Json(writer.Take()), Json::parse(R"({"content": [{"token": "b", "logprob": -2.0, "bytes": [98],
      "top_logprobs": [{"token": "a", "logprob": -0.5, "bytes": [97]}]}]})"));
}

TEST(Logprobs, ATokenThatIsNoTextIsSpeltByItsBytes) {
  artifact::v1::Tokenizer message;
  message.set_format_version(1);
  message.set_kind(artifact::v1::Tokenizer::KIND_BYTE_LEVEL_BPE);
  message.set_pre_tokenizer(artifact::v1::Tokenizer::PRE_TOKENIZER_DIGITS_WORDS);
  message.add_pieces()->set_text("\xc3\x83");  // how byte-level BPE spells the byte 0xc3
  message.add_pieces()->set_text("\xc2\xa9");  // and 0xa9
  const std::unique_ptr<Tokenizer> tokenizer = Tokenizer::Create(message).value();
  LogprobsWriter completion(Endpoint::kCompletions, tokenizer.get());
  completion.Add({0, -1, {}});
  completion.Add({1, -1, {}});
  completion.Add({1, -1, {}});
  const Json first = completion.Take();
  EXPECT_EQ(first["tokens"], Json::parse(R"(["bytes:\\xc3", "bytes:\\xa9", "bytes:\\xa9"])"));
  EXPECT_EQ(first["text_offset"], Json::parse("[0, 1, 1]")) << "in characters";
  LogprobsWriter chat(Endpoint::kChat, tokenizer.get());
  chat.Add({0, -1, {}});
  const Json entry = chat.Take()["content"][0];
  EXPECT_EQ(entry["token"], "\\xc3");
  EXPECT_EQ(entry["bytes"], Json::parse("[195]"));
}

}  // namespace
}  // namespace streamtensor::server::openai
