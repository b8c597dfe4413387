// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/inspect.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/compiler/frontend/gguf_builder.h"

namespace streamtensor::compiler {
namespace {

TEST(InspectCheckpoint, TellsWhatRequantisationCosts) {
  const std::string path = ::testing::TempDir() + "/inspect_cost.gguf";
  GgufBuilder builder = TinyLlamaFile({.matrices = GgufTensorType::kQ5_1});
  builder.Write(path);
  EXPECT_EQ(InspectCheckpoint(path, InspectFormat::kText)->find("requantised"), std::string::npos);
  GgufBuilder other;
  other.AddTensor("blk.1.ffn_up.weight", GgufTensorType::kF16, builder.Find("blk.1.ffn_up.weight")->dims);
  // One group of values that bytes can't have all: the rest of the row is 0.
  std::string& bytes = other.tensors[0].bytes;
  bytes.assign(bytes.size(), '\0');
  for (const auto& [element, half] : {std::pair<size_t, uint16_t>(0, 0x3c00), {1, 0x3801}}) {
    std::memcpy(bytes.data() + 2 * element, &half, 2);
  }
  *builder.Find("blk.1.ffn_up.weight") = other.tensors[0];
  builder.Write(path);
  const std::string text = *InspectCheckpoint(path, InspectFormat::kText);
  EXPECT_NE(text.find("blk.1.ffn_up.weight              F16  -> i8 with minimum"), std::string::npos) << text;
  EXPECT_NE(text.find("1 matrices"), std::string::npos) << text;
  const auto json = nlohmann::json::parse(*InspectCheckpoint(path, InspectFormat::kJson));
  const auto& requantised = json["requantised"];
  ASSERT_EQ(requantised["matrices"].size(), 1u);
  EXPECT_EQ(requantised["matrices"][0]["name"], "blk.1.ffn_up.weight");
  EXPECT_EQ(requantised["total"]["largest_value"], 1.0);
  const double largest = requantised["total"]["largest_error"];
  EXPECT_GT(largest, 0);
  EXPECT_LT(largest, 0.5 / 95);
  // Two values: the error's root mean square over both.
  EXPECT_LE(requantised["total"]["relative_rms"], std::sqrt(2) * largest);

  // A value that can't be converted stands in the way of compiling, and inspect says so.
  const uint16_t infinity = 0x7c00;
  std::memcpy(builder.Find("blk.1.ffn_up.weight")->bytes.data() + 64 * 2 * 3 + 32 * 2, &infinity, 2);
  builder.Write(path);
  EXPECT_NE(InspectCheckpoint(path, InspectFormat::kText)
                ->find("compilable: no: tensor 'blk.1.ffn_up.weight', row 3, group 1: its element is not a"),
            std::string::npos);
}

}  // namespace
}  // namespace streamtensor::compiler
