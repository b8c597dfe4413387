// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <gtest/gtest.h>

namespace streamtensor {
namespace {

TEST(Check, ATrueConditionGoesOn) {
  int evaluated = 0;
  ST_CHECK(++evaluated == 1, "message ", ++evaluated);
  EXPECT_EQ(evaluated, 1) << "the condition once, the message never";
}

TEST(Check, AFalseConditionAbortsAndSaysWhere) {
  const int page = 7;
  EXPECT_DEATH(ST_CHECK(page < 4), "check_test.cpp:[0-9]+: check failed: page < 4\n");
  EXPECT_DEATH(ST_CHECK(page < 4, "page ", page, " of 4"), "check failed: page < 4: page 7 of 4\n");
}

TEST(Check, TheDebugCheckRunsWithoutNdebugAlone) {
#ifdef NDEBUG
  int evaluated = 0;
  ST_DCHECK(++evaluated == 2);
  EXPECT_EQ(evaluated, 0);
#else
  EXPECT_DEATH(ST_DCHECK(1 > 2, "no"), "check failed: 1 > 2: no");
#endif
}

}  // namespace
}  // namespace streamtensor
