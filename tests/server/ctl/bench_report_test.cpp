// SPDX-License-Identifier: Apache-2.0
#include "server/ctl/bench_report.h"

#include <gtest/gtest.h>

namespace streamtensor::ctl {
namespace {

TEST(BenchReport, SpreadIsByNearestRank) {
  std::vector<double> values;
  for (int i = 100; i >= 1; --i) values.push_back(i);
  const Spread spread = SpreadOf(values);
  EXPECT_DOUBLE_EQ(spread.mean, 50.5);
  EXPECT_EQ(spread.p50, 50);
  EXPECT_EQ(spread.p90, 90);
  EXPECT_EQ(spread.p95, 95);
  EXPECT_EQ(spread.p99, 99);
  EXPECT_EQ(spread.max, 100);
  EXPECT_EQ(SpreadOf({7}).p99, 7);
  EXPECT_EQ(SpreadOf({1, 2}).p50, 1);
  EXPECT_EQ(SpreadOf({}).max, 0);
}

StreamTimes Stream(double due, double first, double end, std::vector<float> gaps, double joules,
                   v1::EnergySource source) {
  StreamTimes stream;
  stream.due = due;
  stream.first = first;
  stream.end = end;
  stream.gaps = std::move(gaps);
  stream.tokens = static_cast<uint32_t>(stream.gaps.size()) + 1;
  stream.prompt_tokens = 10;
  stream.cached_tokens = 4;
  stream.energy.set_joules(joules);
  stream.energy.set_source(source);
  return stream;
}

TEST(BenchReport, AddsUpWhatEndedWellAndCountsTheRest) {
  LoadResult result;
  result.seconds = 4;
  result.streams.push_back(Stream(0, 1, 3, {0.5, 0.5, 1.0}, 2, v1::ENERGY_SOURCE_MODELLED));
  result.streams.push_back(Stream(1, 1.5, 4, {0.25}, 3, v1::ENERGY_SOURCE_MEASURED));
  StreamTimes refused;
  refused.status = {grpc::StatusCode::RESOURCE_EXHAUSTED, "full"};
  result.streams.push_back(refused);
  const auto json = BenchAsJson({}, result);
  EXPECT_EQ(json["statuses"]["OK"], 2);
  EXPECT_EQ(json["statuses"]["RESOURCE_EXHAUSTED"], 1);
  EXPECT_EQ(json["generated_tokens"], 6);
  EXPECT_EQ(json["cached_tokens"], 8);
  const auto& measured = json["measured"];
  EXPECT_DOUBLE_EQ(measured["ttft_seconds"]["p50"], 0.5);
  EXPECT_DOUBLE_EQ(measured["ttft_seconds"]["max"], 1.0);
  EXPECT_DOUBLE_EQ(measured["itl_seconds"]["mean"], 2.25 / 4);
  EXPECT_DOUBLE_EQ(measured["request_seconds"]["max"], 3);
  EXPECT_DOUBLE_EQ(measured["generated_tokens_per_second"], 1.5);
  EXPECT_DOUBLE_EQ(measured["requests_per_second"], 0.5);
  // Never in one sum.
  EXPECT_DOUBLE_EQ(json["modelled"]["joules_per_token"], 2.0 / 4);
  EXPECT_DOUBLE_EQ(measured["joules_per_token"], 3.0 / 2);
  const std::string text = BenchAsText({}, result);
  EXPECT_NE(text.find("ended: OK 2 RESOURCE_EXHAUSTED 1"), std::string::npos) << text;
  EXPECT_NE(text.find("modelled: 0.5000 J"), std::string::npos) << text;
}

}  // namespace
}  // namespace streamtensor::ctl
