// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/strict_json.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace streamtensor::compiler {
namespace {

using nlohmann::json;

TEST(StrictJson, ReadsADocument) {
  const auto root =
      ParseStrictJson(" {\"a\": [1, -2, 0.5, true, null, \"\\u00e9\\n\"], \"b\": {\"c\": {}}} \n");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(*root, (json{{"a", {1, -2, 0.5, true, nullptr, "\u00e9\n"}}, {"b", {{"c", json::object()}}}}));
  EXPECT_EQ(*ParseStrictJson("7"), 7);
  EXPECT_TRUE((*ParseStrictJson("18446744073709551615")).is_number_unsigned());
}

TEST(StrictJson, RefusesDamage) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "not JSON at byte"},
      {"{", "not JSON at byte"},
      {"{} x", "not JSON at byte 4"},
      {"[1, 2,]", "not JSON at byte 7"},
      {"{\"a\": NaN}", "not JSON at byte"},
      {"{\"a\": 1e999}", "not JSON at byte"},
      {"// no\n{}", "not JSON at byte"},
      {"{'a': 1}", "not JSON at byte"},
      {"\xef\xbb\xbf{}", "a byte order mark"},
      {"\"\xff\"", "not JSON at byte"},
      {"{\"a\": 1, \"b\": 2, \"a\": 1}", "key 'a' stands twice"},
      {"[{\"x\": {\"\\u0061\": 1, \"a\": 1}}]", "key 'a' stands twice"},
      {std::string(65, '['), "nested more than 64 deep"},
      {std::string(100'000, '['), "nested more than 64 deep"},
  };
  for (const auto& [text, expected] : cases) {
    const absl::Status status = ParseStrictJson(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_NE(std::string(status.message()).find(expected), std::string::npos) << text << ": " << status;
  }
  EXPECT_TRUE(ParseStrictJson(std::string(64, '[') + std::string(64, ']')).ok());
}

TEST(StrictJson, BoundsTheNumberOfValues) {
  std::string text = "[0";
  for (size_t i = 2; i < kMaxJsonValues; ++i) text += ",0";
  EXPECT_TRUE(ParseStrictJson(text + "]").ok());
  const absl::Status status = ParseStrictJson(text + ",0]").status();
  EXPECT_NE(std::string(status.message()).find("more than 8388608 JSON values"), std::string::npos) << status;
}

TEST(StrictJson, ReadsMembersOfATypeOrNone) {
  const json object = {{"yes", true}, {"text", "x"}, {"none", nullptr}};
  EXPECT_EQ(FindMember(object, "none"), nullptr);
  EXPECT_EQ(FindMember(object, "missing"), nullptr);
  EXPECT_EQ(FindMember(json::array(), "yes"), nullptr);
  EXPECT_EQ(*BoolMember(object, "yes", false), true);
  EXPECT_EQ(*BoolMember(object, "none", true), true);
  EXPECT_EQ(*StringMember(object, "text", ""), "x");
  EXPECT_EQ(*StringMember(object, "missing", "y"), "y");
  EXPECT_EQ(BoolMember(object, "text", false).status().message(), "'text' is \"x\", expected a bool");
  EXPECT_EQ(StringMember(object, "yes", "").status().message(), "'yes' is true, expected a string");
}

TEST(StrictJson, ShowsValues) {
  EXPECT_EQ(JsonText(json{1, "a\n", json::array({1, 2}), json{{"k", 1}}}), "[4: 1, \"a\\n\", [2], {1 keys}]");
  EXPECT_EQ(JsonText(json{0, 1, 2, 3, 4, 5, 6, 7, 8}), "[9: 0, 1, 2, 3, 4, 5, 6, 7, ...]");
  EXPECT_EQ(JsonText(0.5), "0.5");
}

}  // namespace
}  // namespace streamtensor::compiler
