// SPDX-License-Identifier: Apache-2.0
#include "server/sampling/logprobs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace streamtensor::server {
namespace {

TEST(LogSoftmax, MatchesItsDefinition) {
  const std::vector<float> logits = {1, 3, 2, 3, -1000};
  const auto result = LogSoftmax(logits, 2, 3);
  ASSERT_TRUE(result.ok()) << result.status();
  double sum = 0;
  for (float logit : logits) sum += std::exp(logit);
  EXPECT_EQ(result->token_id, 2u);
  EXPECT_NEAR(result->logprob, 2 - std::log(sum), 1e-6);
  ASSERT_EQ(result->alternatives.size(), 3u);
  EXPECT_EQ(result->alternatives[0].token_id, 1u);
  EXPECT_EQ(result->alternatives[1].token_id, 3u);
  EXPECT_EQ(result->alternatives[2].token_id, 2u);
  EXPECT_NEAR(result->alternatives[0].logprob, 3 - std::log(sum), 1e-6);
}

TEST(LogSoftmax, LargeLogitsDoNotOverflow) {
  const auto result = LogSoftmax(std::vector<float>{1e30f, 1e30f}, 0, 0);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(std::isfinite(result->logprob));
  EXPECT_TRUE(result->alternatives.empty());
}

TEST(LogSoftmax, MoreAlternativesThanTokens) {
  const auto result = LogSoftmax(std::vector<float>{0, 1}, 0, 20);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->alternatives.size(), 2u);
}

TEST(LogSoftmax, RefusesNaN) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(LogSoftmax(std::vector<float>{0, nan}, 0, 1).status().code(), absl::StatusCode::kInternal);
  const float never = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(LogSoftmax(std::vector<float>{never, never}, 0, 1).status().code(), absl::StatusCode::kInternal);
}

TEST(LogSoftmaxDeathTest, TheTokenMustBeOfTheRow) {
  EXPECT_DEATH((void)LogSoftmax(std::vector<float>(4), 4, 0), "token 4 of 4");
}

}  // namespace
}  // namespace streamtensor::server
