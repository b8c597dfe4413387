// SPDX-License-Identifier: Apache-2.0
#include "base/json_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace streamtensor::base {
namespace {

using nlohmann::json;

std::string Nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonReader, ReadsADocument) {
  const auto root =
      ReadJson(" {\"a\": [1, -2, 0.5, true, null, \"\\u00e9\\n\"], \"b\": {\"c\": {}}, \"d\": []} \n");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(*root, (json{{"a", {1, -2, 0.5, true, nullptr, "\u00e9\n"}},
                         {"b", {{"c", json::object()}}},
                         {"d", json::array()}}));
  EXPECT_EQ(*ReadJson("7"), 7);
  EXPECT_TRUE((*ReadJson("18446744073709551615")).is_number_unsigned());
  EXPECT_TRUE(ReadJson(R"([{"b": 1}, {"b": 2}])").ok());
}

TEST(JsonReader, RefusesDamage) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "JSON syntax error at byte 1"},
      {"{", "JSON syntax error at byte"},
      {"{} x", "JSON syntax error at byte 4"},
      {"[1, 2,]", "JSON syntax error at byte 7"},
      {"{\"a\": NaN}", "JSON syntax error at byte"},
      {"{\"a\": 01}", "JSON syntax error at byte"},
      {"[1e999]", "JSON syntax error at byte"},
      {"// no\n{}", "JSON syntax error at byte"},
      {"{'a': 1}", "JSON syntax error at byte"},
      {"\"\n\"", "JSON syntax error at byte"},
      {"\"\xff\"", "JSON syntax error at byte"},
      {"\xef\xbb\xbf{}", "JSON begins with a byte order mark"},
      {"{\"a\": 1, \"b\": 2, \"a\": 1}", "key 'a' comes twice in a JSON object"},
      {"[{\"x\": {\"\\u0061\": 1, \"a\": 1}}]", "key 'a' comes twice in a JSON object"},
  };
  for (const auto& [text, expected] : cases) {
    const absl::Status status = ReadJson(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_NE(std::string(status.message()).find(expected), std::string::npos) << text << ": " << status;
  }
}

TEST(JsonReader, DoesNotQuoteDamagedText) {
  const absl::Status status = ReadJson("{\"prompt\": \"a secret").status();
  EXPECT_EQ(std::string(status.message()).find("secret"), std::string::npos) << status;
}

TEST(JsonReader, BoundsTheDepth) {
  EXPECT_TRUE(ReadJson(Nested(64)).ok());
  for (const size_t depth : {65, 1000000}) {
    EXPECT_EQ(ReadJson(Nested(depth)).status().message(), "JSON nested more than 64 deep");
  }
  EXPECT_TRUE(ReadJson(Nested(3), {.max_depth = 3}).ok());
  EXPECT_EQ(ReadJson(Nested(4), {.max_depth = 3}).status().message(), "JSON nested more than 3 deep");
}

TEST(JsonReader, BoundsTheNumberOfValues) {
  EXPECT_TRUE(ReadJson("[0, {\"a\": 1}]", {.max_values = 4}).ok());
  EXPECT_EQ(ReadJson("[0, {\"a\": 1}]", {.max_values = 3}).status().message(), "more than 3 JSON values");
  EXPECT_EQ(ReadJson("[[[]]]", {.max_values = 2}).status().message(), "more than 2 JSON values");
}
TEST(JsonReader, APollEndsTheReading) {
  std::string text = "[0";
  for (int i = 0; i < 100'000; ++i) text += ",0";
  text += "]";
  int polls = 0;
  EXPECT_TRUE(ReadJson(text, {}, [&] { return ++polls, absl::OkStatus(); }).ok());
  EXPECT_EQ(polls, 100'002 / 1024);
  polls = 0;
  const auto end = [&] { return ++polls == 3 ? absl::CancelledError("enough") : absl::OkStatus(); };
  EXPECT_EQ(ReadJson(text, {}, end).status(), absl::CancelledError("enough"));
  EXPECT_EQ(polls, 3) << "nothing is read after it";
}

}  // namespace
}  // namespace streamtensor::base
