// SPDX-License-Identifier: Apache-2.0
// The conformance suite: what every driver's cards must do. `conformance --driver=NAME` runs it on one.
#include <gtest/gtest.h>

#include "tests/conformance/card_under_test.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  conformance::ReadArguments(argc, argv);
  return RUN_ALL_TESTS();
}
