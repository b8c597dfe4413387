// SPDX-License-Identifier: Apache-2.0
#include "server/sampling/params.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

namespace streamtensor::server {
namespace {

void ExpectRefused(const std::function<void(SamplingParams&)>& change, const std::string& text) {
  SamplingParams params;
  change(params);
  const absl::Status status = Check(params, 100);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find(text), std::string::npos) << status;
}

TEST(SamplingParams, DefaultsAreFine) {
  EXPECT_TRUE(Check(SamplingParams(), 1).ok());
  EXPECT_TRUE(Check(StoppingParams(), 1).ok());
}

TEST(SamplingParams, ErrorsNameFieldValueAndLimit) {
  ExpectRefused([](auto& p) { p.temperature = -1; }, "sampling.temperature is -1; allowed is 0 to 100");
  ExpectRefused([](auto& p) { p.temperature = std::numeric_limits<float>::quiet_NaN(); },
                "sampling.temperature is nan");
  ExpectRefused([](auto& p) { p.top_p = 0; }, "sampling.top_p is 0; allowed is above 0 to 1");
  ExpectRefused([](auto& p) { p.min_p = 1.5; }, "sampling.min_p is 1.5");
  ExpectRefused([](auto& p) { p.repetition_penalty = 0; }, "sampling.repetition_penalty is 0");
  ExpectRefused([](auto& p) { p.repetition_penalty = 1e-45f; }, "allowed is 0.01 to 100");
  ExpectRefused([](auto& p) { p.presence_penalty = INFINITY; }, "sampling.presence_penalty is inf");
  ExpectRefused([](auto& p) { p.logit_bias = {{100, 1}}; }, "sampling.logit_bias[0].token_id is 100");
  ExpectRefused([](auto& p) { p.logit_bias = {{1, 1}, {1, 2}}; },
                "sampling.logit_bias[1].token_id 1 is given twice");
  ExpectRefused([](auto& p) { p.logit_bias = {{1, NAN}}; }, "sampling.logit_bias[0].bias is nan");
}

TEST(StoppingParams, ErrorsNameFieldValueAndLimit) {
  auto expect = [](const std::function<void(StoppingParams&)>& change, const std::string& text) {
    StoppingParams params;
    change(params);
    const absl::Status status = Check(params, 100);
    EXPECT_NE(status.message().find(text), std::string::npos) << status;
  };
  expect([](auto& p) { p.max_tokens = 3, p.min_tokens = 4; }, "stopping.min_tokens is 4");
  expect([](auto& p) { p.stop_strings = {""}; }, "stopping.stop_strings[0] has 0 bytes");
  expect([](auto& p) { p.stop_strings.assign(17, "x"); }, "at most 16");
  expect([](auto& p) { p.stop_token_ids = {7, 100}; }, "stopping.stop_token_ids[1] is 100");
}

}  // namespace
}  // namespace streamtensor::server
