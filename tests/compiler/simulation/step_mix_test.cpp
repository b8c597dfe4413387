// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/step_mix.h"

#include <gtest/gtest.h>

#include <string>

#include "kernels/contract/descriptor.h"
#include "kernels/contract/kv_pages.h"

namespace streamtensor::compiler {
namespace {

artifact::v1::Launch Interface() {
  artifact::v1::Launch launch;
  launch.set_step_tokens(4);
  launch.set_step_logits(2);
  launch.set_max_pages(3);
  return launch;
}

uint32_t Word(const std::vector<uint8_t>& bytes, size_t word) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value |= static_cast<uint32_t>(bytes.at(4 * word + i)) << (8 * i);
  return value;
}

TEST(StepMix, TheDescriptorIsTheHosts) {
  const auto bytes = DescriptorOf({{2, 5, 1}, {1, 0, 1}}, Interface());
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ(bytes->size() % 64, 0u);
  EXPECT_EQ(Word(*bytes, contract::kDescriptorMagicWord), contract::kDescriptorMagic);
  EXPECT_EQ(Word(*bytes, contract::kDescriptorTokensWord), 3u);
  EXPECT_EQ(Word(*bytes, contract::kDescriptorLogitsWord), 2u);
  const struct {
    uint32_t slot, position, start, flags;
  } tokens[] = {{0, 5, 5, 0}, {0, 6, 5, 1}, {1, 0, 0, 1}};
  for (size_t t = 0; t < 3; ++t) {
    const size_t at = contract::DescriptorTokenOffset(t);
    EXPECT_EQ(Word(*bytes, at + contract::kTokenSlotWord), tokens[t].slot) << t;
    EXPECT_EQ(Word(*bytes, at + contract::kTokenPositionWord), tokens[t].position) << t;
    EXPECT_EQ(Word(*bytes, at + contract::kTokenStartWord), tokens[t].start) << t;
    EXPECT_EQ(Word(*bytes, at + contract::kTokenFlagsWord), tokens[t].flags) << t;
  }
  const size_t table = contract::DescriptorPageTableOffset<size_t>(4);
  EXPECT_EQ(Word(*bytes, table + 3), 3u) << "the second slot's first page";
}

TEST(StepMix, AStepThatDoesNotFitIsRefused) {
  const struct {
    StepMix mix;
    const char* error;
  } cases[] = {{{}, "a step of 0 tokens; the design takes 1..4"},
               {{{5, 0, 1}}, "a step of 5 tokens; the design takes 1..4"},
               {{{3, 0, 3}}, "3 rows of logits; the design makes at most 2"},
               {{{1, 3 * contract::kPageTokens, 1}}, "the design has 96 positions"},
               {{{1, -1, 1}}, "no negative number"},
               {{{1, 0, 2}}, "at most a row for each token"}};
  for (const auto& refused : cases) {
    const auto bytes = DescriptorOf(refused.mix, Interface());
    ASSERT_FALSE(bytes.ok()) << refused.error;
    EXPECT_NE(std::string(bytes.status().message()).find(refused.error), std::string::npos) << bytes.status();
  }
}

}  // namespace
}  // namespace streamtensor::compiler
