// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/json_members.h"

#include <gtest/gtest.h>

namespace streamtensor::compiler {
namespace {

using nlohmann::json;

TEST(JsonMembers, ReadsMembersOfATypeOrNone) {
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

TEST(JsonMembers, ShowsValues) {
  EXPECT_EQ(JsonText(json{1, "a\n", json::array({1, 2}), json{{"k", 1}}}), "[4: 1, \"a\\n\", [2], {1 keys}]");
  EXPECT_EQ(JsonText(json{0, 1, 2, 3, 4, 5, 6, 7, 8}), "[9: 0, 1, 2, 3, 4, 5, 6, 7, ...]");
  EXPECT_EQ(JsonText(0.5), "0.5");
}

}  // namespace
}  // namespace streamtensor::compiler
