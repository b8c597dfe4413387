// SPDX-License-Identifier: Apache-2.0
#include "base/status_macros.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace streamtensor::base {
namespace {

absl::StatusOr<std::unique_ptr<int>> Half(int number, int* calls) {
  ++*calls;
  if (number % 2 != 0) return absl::InvalidArgumentError("odd");
  return std::make_unique<int>(number / 2);
}

absl::Status Check(int number, int* calls) { return Half(number, calls).status(); }

absl::StatusOr<int> Quarter(int number, int* calls) {
  RETURN_IF_ERROR(Check(number, calls));
  ASSIGN_OR_RETURN(const std::unique_ptr<int> half, Half(number, calls));
  std::unique_ptr<int> quarter;
  ASSIGN_OR_RETURN(quarter, Half(*half, calls));
  return *quarter;
}

TEST(StatusMacros, GiveValuesOn) {
  int calls = 0;
  const absl::StatusOr<int> quarter = Quarter(12, &calls);
  ASSERT_TRUE(quarter.ok()) << quarter.status();
  EXPECT_EQ(*quarter, 3);
  EXPECT_EQ(calls, 3) << "each expression is evaluated once";
}

TEST(StatusMacros, ReturnAtTheFirstError) {
  int calls = 0;
  EXPECT_EQ(Quarter(7, &calls).status(), absl::InvalidArgumentError("odd"));
  EXPECT_EQ(calls, 1);
  calls = 0;
  EXPECT_EQ(Quarter(6, &calls).status(), absl::InvalidArgumentError("odd"));
  EXPECT_EQ(calls, 3);
}

absl::Status First(bool ok, std::string* trace) {
  if (ok)
    RETURN_IF_ERROR(absl::OkStatus());
  else
    RETURN_IF_ERROR(absl::CancelledError("else"));
  *trace += "went on";
  return absl::OkStatus();
}

TEST(StatusMacros, StandWithoutBraces) {
  std::string trace;
  EXPECT_TRUE(First(true, &trace).ok());
  EXPECT_EQ(trace, "went on");
  EXPECT_EQ(First(false, &trace), absl::CancelledError("else"));
  EXPECT_EQ(trace, "went on");
}

}  // namespace
}  // namespace streamtensor::base
