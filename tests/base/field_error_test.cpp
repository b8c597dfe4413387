// SPDX-License-Identifier: Apache-2.0
#include "base/field_error.h"

#include <gtest/gtest.h>

namespace streamtensor {
namespace {

TEST(FieldError, NamesTheFieldInMessageAndPayload) {
  const absl::Status status = FieldError("sampling.top_p", "is 7; allowed is above 0 to 1");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "sampling.top_p is 7; allowed is above 0 to 1");
  EXPECT_EQ(FieldOf(status), "sampling.top_p");
}

TEST(FieldError, AnotherNameReplacesTheField) {
  const absl::Status renamed = RenameField(FieldError("stopping.stop_strings[2]", "has 0 bytes"), "stop[2]");
  EXPECT_EQ(renamed.message(), "stop[2] has 0 bytes");
  EXPECT_EQ(FieldOf(renamed), "stop[2]");
}

TEST(FieldError, OtherErrorsAreAboutNoField) {
  EXPECT_EQ(FieldOf(absl::InvalidArgumentError("the prompt has no tokens")), "");
  EXPECT_EQ(FieldOf(absl::OkStatus()), "");
}

}  // namespace
}  // namespace streamtensor
