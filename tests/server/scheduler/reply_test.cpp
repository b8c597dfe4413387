// SPDX-License-Identifier: Apache-2.0
#include "server/scheduler/reply.h"

#include <gtest/gtest.h>

#include "tests/server/scheduler/fake_card.h"

namespace streamtensor::server {
namespace {

std::shared_ptr<const Vocabulary> Tokens() { return std::make_shared<testing::FakeVocabulary>(10); }

TEST(Reply, NeverSplitsACharacter) {
  Reply reply(StoppingParams(), Tokens());
  EXPECT_EQ(reply.Push(1, false).text, "");
  EXPECT_EQ(reply.Push(2, false).text, "\xC3\xA9");
  EXPECT_EQ(reply.Push(1, false).text, "");
  EXPECT_EQ(reply.Push(3, false).text,
            "\xEF\xBF\xBD"
            "d");
}

TEST(Reply, EndsAtEndOfGenerationUnlessIgnored) {
  Reply reply(StoppingParams(), Tokens());
  const auto end = reply.Push(0, false);
  EXPECT_EQ(end.finish_reason, FinishReason::kStop);
  EXPECT_EQ(end.text, "");
  EXPECT_EQ(end.stop_match, "");
  StoppingParams ignoring;
  ignoring.ignore_eos = true;
  Reply other(ignoring, Tokens());
  EXPECT_EQ(other.Push(0, false).finish_reason, FinishReason::kNone);
}

TEST(Reply, StopTokensAndStrings) {
  StoppingParams stopping;
  stopping.stop_token_ids = {4};
  stopping.stop_strings = {"da"};
  Reply reply(stopping, Tokens());
  EXPECT_EQ(reply.Push(3, false).text, "");
  const auto stop = reply.Push(5, false);
  EXPECT_EQ(stop.finish_reason, FinishReason::kStop);
  EXPECT_EQ(stop.text, "");
  EXPECT_EQ(stop.stop_match, "da");
  Reply other(stopping, Tokens());
  EXPECT_EQ(other.Push(3, false).text, "");
  const auto by_id = other.Push(4, false);
  EXPECT_EQ(by_id.text, "d") << "held-back text comes out at the end";
  EXPECT_EQ(by_id.stop_match, "e");
}

TEST(Reply, NothingStopsBeforeMinTokens) {
  StoppingParams stopping;
  stopping.min_tokens = 3;
  stopping.stop_strings = {"d"};
  Reply reply(stopping, Tokens());
  EXPECT_EQ(reply.Push(3, false).text, "d");
  EXPECT_EQ(reply.Push(3, false).text, "d");
  EXPECT_EQ(reply.Push(3, false).finish_reason, FinishReason::kStop);
}

TEST(Reply, LengthFlushesWhatIsHeldBack) {
  StoppingParams stopping;
  stopping.stop_strings = {"dxy"};
  Reply reply(stopping, Tokens());
  const auto end = reply.Push(3, true);
  EXPECT_EQ(end.text, "d");
  EXPECT_EQ(end.finish_reason, FinishReason::kLength);
}

TEST(ReplyDeathTest, AFinishedReplyTakesNoToken) {
  Reply reply(StoppingParams(), Tokens());
  reply.Push(3, true);
  EXPECT_DEATH(reply.Push(3, true), "token 2 of a finished reply");
}

}  // namespace
}  // namespace streamtensor::server
