// SPDX-License-Identifier: Apache-2.0
#include "runtime/executable/step_descriptor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernels/contract/descriptor.h"

namespace streamtensor::runtime {
namespace {

StepLimits Limits() {
  StepLimits limits;
  limits.vocabulary = 50;
  limits.max_context = 250;
  limits.step_tokens = 4;
  limits.step_logits = 2;
  limits.page_tokens = 32;
  limits.max_pages = 8;
  limits.pages = 10;
  return limits;
}

// Slot 0 decodes at 40, slot 1 prefills 0..2.
Step GoodStep() {
  Step step;
  step.tokens = {{7, 0, 40, 40, true}, {1, 1, 0, 0, false}, {2, 1, 1, 0, false}, {3, 1, 2, 0, true}};
  step.page_tables = {{4, 9}, {2}};
  return step;
}

std::string Error(const Step& step) { return std::string(CheckStep(step, Limits()).message()); }

TEST(StepDescriptor, Words) {
  const StepLimits limits = Limits();
  ASSERT_TRUE(CheckStep(GoodStep(), limits).ok()) << CheckStep(GoodStep(), limits);
  std::vector<uint32_t> words(DescriptorWords(limits), 0xabababab);
  ASSERT_EQ(words.size(), 16u + 8 * 4 + 8 * 4);
  WriteDescriptor(GoodStep(), limits, words);
  std::vector<uint32_t> expected(words.size());
  const uint32_t head[] = {0x44535453, 1, 4, 2, 10, 8};
  std::copy(std::begin(head), std::end(head), expected.begin());
  const uint32_t tokens[4][8] = {{7, 0, 40, 40, 1}, {1, 1, 0, 0, 0}, {2, 1, 1, 0, 0}, {3, 1, 2, 0, 1}};
  for (int t = 0; t < 4; ++t) std::copy(tokens[t], tokens[t] + 8, expected.begin() + 16 + 8 * t);
  expected[48] = 4;
  expected[49] = 9;
  expected[56] = 2;
  EXPECT_EQ(words, expected);
}

TEST(StepDescriptor, RowsWords) {
  std::vector<uint32_t> words(48, 0xabababab);
  WriteRowsDescriptor(3, words);
  EXPECT_EQ(words[0], 0x44535453u);
  EXPECT_EQ(words[1], 1u);
  EXPECT_EQ(words[2], 3u);
  for (std::size_t i = 3; i < words.size(); ++i) EXPECT_EQ(words[i], 0u);
}

TEST(StepDescriptor, NamesTheFieldThatIsWrong) {
  Step step = GoodStep();
  step.tokens.clear();
  EXPECT_EQ(Error(step), "step: tokens has 0 entries, must have 1..4");
  step = GoodStep();
  step.tokens.push_back({4, 1, 3, 0, false});
  EXPECT_EQ(Error(step), "step: tokens has 5 entries, must have 1..4");
  step = GoodStep();
  step.tokens[0].token_id = 50;
  EXPECT_EQ(Error(step), "step: tokens[0].token_id is 50, must be 0..49");
  step.tokens[0].token_id = -1;
  EXPECT_EQ(Error(step), "step: tokens[0].token_id is -1, must be 0..49");
  step = GoodStep();
  step.tokens[0].slot = 2;
  EXPECT_EQ(Error(step), "step: tokens[0].slot is 2, must be 0..1");
  step = GoodStep();
  step.tokens[0].position = step.tokens[0].start = 250;
  EXPECT_EQ(Error(step), "step: tokens[0].position is 250, must be 0..249");
  step = GoodStep();
  step.tokens[0].start = 41;
  EXPECT_EQ(Error(step), "step: tokens[0].start is 41, must be 0..40");
  step = GoodStep();
  step.tokens[0].start = 39;
  EXPECT_EQ(Error(step),
            "step: tokens[0].position is 40, must be 39: the slot's first token in a step is at `start`");
  step = GoodStep();
  step.tokens[2].position = 2;
  EXPECT_EQ(Error(step), "step: tokens[2].position is 2, must be 1: positions of a slot ascend by one");
  step = GoodStep();
  step.tokens[2].start = 1;
  EXPECT_EQ(Error(step), "step: tokens[2].start is 1, must be 0 as for the slot's other tokens");
  step = GoodStep();
  std::swap(step.tokens[0], step.tokens[1]);
  EXPECT_EQ(Error(step),
            "step: tokens[2].slot is 1, whose tokens ended before: a slot's tokens are consecutive");
  step = GoodStep();
  step.tokens[1].wants_logits = true;
  EXPECT_EQ(Error(step), "step: 3 tokens want logits, at most 2 may");
}

TEST(StepDescriptor, NamesThePageThatIsWrong) {
  Step step = GoodStep();
  step.page_tables[0] = {4};
  EXPECT_EQ(Error(step), "step: page_tables[0] has 1 entries, must have 2..8");
  step.page_tables[0].assign(9, 1);
  EXPECT_EQ(Error(step), "step: page_tables[0] has 9 entries, must have 2..8");
  step.page_tables[0] = {4, 10};
  EXPECT_EQ(Error(step), "step: page_tables[0][1] is 10, must be 0..9");
  step.page_tables[0] = {-1, 9};
  EXPECT_EQ(Error(step), "step: page_tables[0][0] is -1, must be 0..9");
  // Slot 1 writes page 4, which slot 0 reads.
  step.page_tables = {{4, 9}, {4}};
  EXPECT_EQ(Error(step),
            "step: page 4 is page_tables[0][0] and page_tables[1][0]; a page that this step writes may "
            "stand only once");
  step.page_tables = {{9, 9}, {4}};
  EXPECT_NE(Error(step).find("page 9 is page_tables[0][0] and page_tables[0][1]"), std::string::npos);
}

TEST(StepDescriptor, SharedPrefixPagesAreAllowed) {
  Step step;
  step.tokens = {{1, 0, 40, 40, true}, {2, 1, 64, 64, true}};
  step.page_tables = {{5, 1}, {5, 2, 3}};  // both read page 5
  EXPECT_TRUE(CheckStep(step, Limits()).ok()) << CheckStep(step, Limits());
}

TEST(StepDescriptor, StatusOfTheCard) {
  std::vector<uint32_t> status(16, contract::kStatusCleared);
  EXPECT_EQ(CheckStatus(status).message(), "the card ended the run without writing its status");
  status[0] = 1;
  EXPECT_TRUE(CheckStatus(status).ok());
  status[0] = 9;
  status[1] = 3;
  status[2] = 77;
  EXPECT_EQ(CheckStatus(status).message(), "the card refused the step: page at index 3 is 77");
  EXPECT_EQ(CheckStatus(status).code(), absl::StatusCode::kUnavailable);
  status[0] = 11;
  EXPECT_EQ(CheckStatus(status).message(),
            "the card refused the step: a word or flag that must be 0 at index 3 is 77");
  status[0] = 12;
  EXPECT_EQ(CheckStatus(status).message(), "the card ended the run with the unknown status 12");
}

TEST(StepDescriptor, ShapeCountsContextPages) {
  const artifact::StepShape shape = ShapeOf(GoodStep(), 32);
  EXPECT_EQ(shape.tokens, 4u);
  EXPECT_EQ(shape.logits, 2u);
  EXPECT_EQ(shape.context_pages, 2u);  // 40 rows below the step for one token
}

}  // namespace
}  // namespace streamtensor::runtime
