// SPDX-License-Identifier: Apache-2.0
#include "server/api/openai/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace streamtensor::server::openai {
namespace {

using ::testing::HasSubstr;

TEST(JsonReader, ReadsEveryKindOfValue) {
  const std::string text = R"({"a": [1, -2, 2.5, "x\u00e9", true, false, null], "b": {"c": {}}, "d": []})";
  const auto value = ReadJson(text);
  ASSERT_TRUE(value.ok()) << value.status();
  EXPECT_EQ(*value, nlohmann::json::parse(text));
  EXPECT_EQ(*ReadJson("7"), 7);
}

TEST(JsonReader, RefusesWhatIsNoJson) {
  for (const char* bad :
       {"", "{", "{\"a\": 1,}", "{} {}", "nul", "{\"a\": 01}", "\"\xff\"", "[1e999]", "// x\n1", "\"\n\""}) {
    const auto value = ReadJson(bad);
    EXPECT_EQ(value.status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(value.status().message()), HasSubstr("syntax error at byte ")) << bad;
  }
}

TEST(JsonReader, RefusesAKeyThatComesTwice) {
  EXPECT_THAT(std::string(ReadJson(R"({"a": {"b": 1, "\u0062": 2}})").status().message()),
              HasSubstr("the key \"b\" comes twice"));
  EXPECT_TRUE(ReadJson(R"([{"b": 1}, {"b": 2}])").ok());
}

TEST(JsonReader, BoundsDepthAndNumberOfValues) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(ReadJson(nested(kMaxJsonDepth)).ok());
  EXPECT_THAT(std::string(ReadJson(nested(kMaxJsonDepth + 1)).status().message()),
              HasSubstr("nested more than"));
  EXPECT_FALSE(ReadJson(nested(1000000)).ok());
  std::string many = "[0";
  for (size_t i = 2; i < kMaxJsonValues; ++i) many += ",0";
  EXPECT_TRUE(ReadJson(many + "]").ok());
  EXPECT_THAT(std::string(ReadJson(many + ",0]").status().message()), HasSubstr("more than 1048576 values"));
}

}  // namespace
}  // namespace streamtensor::server::openai
