// SPDX-License-Identifier: Apache-2.0
#include "server/generation/client_request.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/field_error.h"
#include "tests/server/generation/fake_model.h"

namespace streamtensor::server {
namespace {

using testing::FakeModel;

class ClientRequestTest : public ::testing::Test {
 protected:
  absl::StatusOr<GenerationRequest> CheckIt(ClientRequest request, int64_t max_prompt_tokens = 100) {
    return CheckRequest(std::move(request), *model_.get(), {max_prompt_tokens}, poll_);
  }
  static ClientRequest With(Prompt prompt) {
    ClientRequest request;
    request.model = "m";
    request.prompt = std::move(prompt);
    return request;
  }
  PollRequest poll_;
  static constexpr uint32_t kEnd = '~' - '!' + 1;  // <|im_end|>
  static std::vector<uint32_t> IdsOf(std::string_view text, const std::vector<uint32_t>& behind) {
    std::vector<uint32_t> ids;
    for (const char c : text) ids.push_back(static_cast<uint32_t>(c - '!'));
    ids.insert(ids.end(), behind.begin(), behind.end());
    return ids;
  }
  // INVALID_ARGUMENT about this field, whose message begins with it.
  void ExpectRefused(const ClientRequest& request, const std::string& field) {
    const absl::Status status = CheckIt(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << field;
    EXPECT_EQ(FieldOf(status), field);
    EXPECT_EQ(std::string(status.message()).substr(0, field.size() + 1), field + " ");
  }

  const SystemClock clock_;
  const FakeModel model_{&clock_, nullptr};
};

TEST_F(ClientRequestTest, PromptsOfEachKindBecomeTokens) {
  EXPECT_EQ(CheckIt(With("!#"))->prompt, (std::vector<uint32_t>{0, 2}));
  EXPECT_EQ(CheckIt(With(std::vector<uint32_t>{5, 6}))->prompt, (std::vector<uint32_t>{5, 6}));
  const auto chat = CheckIt(With(std::vector<ChatMessage>{{"tool", "b"}}));
  EXPECT_EQ(chat->prompt, IdsOf("toolb", {kEnd}));
  const absl::Status none = CheckIt(With({})).status();
  EXPECT_EQ(none.message(), "the request has no prompt, chat or tokens; one is required");
}

TEST_F(ClientRequestTest, SpecialTokensInAChatMessageAreText) {
  const auto prompt = [&](const std::string& content) {
    return CheckIt(With(std::vector<ChatMessage>{{"user", content}}))->prompt;
  };
  EXPECT_EQ(prompt("a<|im_end|>b"), IdsOf("usera<|im_end|>b", {kEnd}));
  EXPECT_EQ(prompt("<<|im_end|><|im_"), IdsOf("user<<|im_end|><|im_", {kEnd}));
  EXPECT_EQ(prompt("\uFDD0<|im_end|>"), IdsOf("user<|im_end|>", {kEnd})) << "the vocabulary lacks U+FDD0";
  const FakeModel trusting(&clock_, nullptr, /*content_special_tokens=*/true);
  const auto trusted =
      CheckRequest(With(std::vector<ChatMessage>{{"user", "a<|im_end|>"}}), *trusting.get(), {100}, nullptr);
  EXPECT_EQ(trusted->prompt, IdsOf("usera", {kEnd, kEnd}));
}

TEST_F(ClientRequestTest, RolesAreKnownOrNamedByTheTemplate) {
  ExpectRefused(With(std::vector<ChatMessage>{{"<|im_end|>", "x"}}), "chat.messages[0].role");
  ExpectRefused(With(std::vector<ChatMessage>{{"user", "x"}, {"end", "x"}}), "chat.messages[1].role");
  ExpectRefused(With(std::vector<ChatMessage>{{"user\n", "x"}}), "chat.messages[0].role");
}

TEST_F(ClientRequestTest, ASeedIsTakenOrDrawn) {
  ClientRequest request = With("x");
  request.seed = 7;
  EXPECT_EQ(CheckIt(request)->sampling.seed, 7u);
  request.seed.reset();
  EXPECT_NE(CheckIt(request)->sampling.seed, CheckIt(request)->sampling.seed);
}

TEST_F(ClientRequestTest, EverythingElseIsHandedOn) {
  ClientRequest request = With("x");
  request.sampling.temperature = 0.5f;
  request.stopping.stop_strings = {"end"};
  request.logprobs = 20;
  request.prompt_logprobs = true;
  request.priority = -3;
  const auto checked = CheckIt(request);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->sampling.temperature, 0.5f);
  EXPECT_EQ(checked->stopping.stop_strings, std::vector<std::string>{"end"});
  EXPECT_EQ(checked->logprobs, 20u);
  EXPECT_TRUE(checked->prompt_logprobs);
  EXPECT_EQ(checked->priority, -3);
}

TEST_F(ClientRequestTest, RefusalsNameTheField) {
  ClientRequest request = With("x");
  request.sampling.top_p = 2;
  ExpectRefused(request, "sampling.top_p");
  request = With("x");
  request.sampling.logit_bias = {{1, 0.5f}, {1000, 0.5f}};
  ExpectRefused(request, "sampling.logit_bias[1].token_id");
  request = With("x");
  request.stopping.stop_strings = {"a", ""};
  ExpectRefused(request, "stopping.stop_strings[1]");
  request = With("x");
  request.stopping.max_tokens = 5;
  request.stopping.min_tokens = 6;
  ExpectRefused(request, "stopping.min_tokens");
  request = With("x");
  request.logprobs = 21;
  ExpectRefused(request, "output.logprobs");
  ExpectRefused(With(std::vector<uint32_t>{1, 95}), "tokens.ids[1]");
  ExpectRefused(With(std::vector<ChatMessage>{}), "chat.messages");
  ExpectRefused(With(std::vector<ChatMessage>{{"user", "x"}, {"", "y"}}), "chat.messages[1].role");
}

TEST_F(ClientRequestTest, TheLimitOfPromptTokensHolds) {
  EXPECT_TRUE(CheckIt(With("12345"), 5).ok());
  EXPECT_EQ(CheckIt(With("123456"), 5).status().message(),
            "the prompt has more than 5 tokens; limits.max_prompt_tokens allows 5");
  EXPECT_EQ(CheckIt(With(std::vector<uint32_t>(6)), 5).status().message(),
            "the prompt has 6 tokens; limits.max_prompt_tokens allows 5");
  EXPECT_FALSE(CheckIt(With(std::vector<ChatMessage>{{"user", "123"}}), 5).ok());
}

TEST_F(ClientRequestTest, TheLimitThatHoldsIsNamed) {
  const int64_t context = model_.get()->max_context();
  ClientRequest request = With(std::vector<uint32_t>(context + 50));
  EXPECT_EQ(CheckIt(request, context + 10).status().message(),
            absl::StrCat("the prompt has ", context + 50, " tokens; the model's context of ", context,
                         " tokens has room for ", context - 1));
  request = With(std::vector<uint32_t>(context));
  request.stopping.max_tokens = 0;
  EXPECT_TRUE(CheckIt(request, context + 10).ok()) << "a prompt alone fills the context";
}

// No more is encoded than the smaller of both limits allows.
TEST_F(ClientRequestTest, EncodingEndsWhereTheContextDoes) {
  const int64_t context = model_.get()->max_context();
  const std::string text(static_cast<size_t>(context) + 50, 'a');
  EXPECT_EQ(CheckIt(With(text), context + 10).status().message(),
            absl::StrCat("the prompt has more than ", context - 1, " tokens; the model's context of ",
                         context, " tokens has room for ", context - 1));
}

TEST_F(ClientRequestTest, APromptIsTokenizedAsLongAsItIsWanted) {
  const FakeModel large(&clock_, nullptr, /*content_special_tokens=*/false, /*context=*/8 << 20);
  int polls = 0;
  const PollRequest poll = [&] { return ++polls < 3 ? absl::OkStatus() : absl::CancelledError("gone"); };
  const auto check = [&](Prompt prompt) {
    return CheckRequest(With(std::move(prompt)), *large.get(), {8 << 20}, poll).status();
  };
  const std::string text(4 << 20, 'a');
  EXPECT_EQ(check(text), absl::CancelledError("gone"));
  EXPECT_EQ(polls, 3);
  EXPECT_EQ(check(std::vector<ChatMessage>{{"user", text}}), absl::CancelledError("gone"));
}

}  // namespace
}  // namespace streamtensor::server
