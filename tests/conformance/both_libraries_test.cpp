// SPDX-License-Identifier: Apache-2.0
// Both driver libraries in one process, in the order that the program's argument gives: each keeps its own
// definition of XRT's classes.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/conformance/loaded_card.h"

namespace conformance {
namespace {

bool emulated_first = true;

TEST(BothLibraries, WorkSideBySide) {
  CardConfig first = ConfigOf(emulated_first ? "emulated" : "xrt");
  CardConfig second = ConfigOf(emulated_first ? "xrt" : "emulated");
  first.strict_sync = second.strict_sync = true;
  LoadedCard cards[2];
  ASSERT_NO_FATAL_FAILURE(cards[0].Open(first));
  ASSERT_NO_FATAL_FAILURE(cards[0].SendStep(1));
  ASSERT_TRUE(cards[0].card().Run(kLong).ok());
  ASSERT_NO_FATAL_FAILURE(cards[1].Open(second));
  LoadedCard& emulated = cards[emulated_first ? 0 : 1];
  for (uint32_t tokens = 1; tokens <= kStepTokens; ++tokens) {
    for (LoadedCard& one : cards) {
      ASSERT_NO_FATAL_FAILURE(one.SendStep(tokens));
      const absl::StatusOr<RunReport> report = one.card().Run(kLong);
      ASSERT_TRUE(report.ok()) << report.status();
      EXPECT_EQ(report->modelled, &one == &emulated);
    }
    emulated.ExpectOutput(tokens);
  }
  // An error in each passes as its own.
  for (LoadedCard& one : cards) {
    EXPECT_EQ(one.card().SetArgument(kOutput, one.buffer(kInput)).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(one.card().ReadSensors().ok());
  }
  // A buffer of one is none of the other.
  EXPECT_EQ(cards[0].card().SetArgument(kInput, cards[1].buffer(kInput)).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace conformance

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1) conformance::emulated_first = std::strcmp(argv[1], "emulated-first") == 0;
  return RUN_ALL_TESTS();
}
