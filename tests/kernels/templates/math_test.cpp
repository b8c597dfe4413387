// SPDX-License-Identifier: Apache-2.0
#include "kernels/st/math.h"

#include <cmath>

#include "tests/kernels/templates/reference.h"
#include "tests/kernels/templates/run_design.h"

namespace st_test {
namespace {

class MathTest : public TemplateTest {};

TEST_F(MathTest, ExpIsTheOneOfTheContract) {
  for (int i = -10000; i <= 10000; ++i) {
    const float x = static_cast<float>(i) * 0.01f;
    const float got = st::exp_approx(x);
    ASSERT_EQ(std::bit_cast<uint32_t>(got), std::bit_cast<uint32_t>(st_reference::Exp(x))) << x;
    if (x > -87 && x < 88) {
      ASSERT_NEAR(got / std::exp(static_cast<double>(x)), 1.0, 3e-7) << x;
    }
  }
}

TEST_F(MathTest, FloatSumOfAnyLength) {
  for (int n = 0; n <= 70; ++n) {
    const Floats x = RandomFloats(n);
    ExpectSameBits({st::sum_floats(x.data(), n)}, {st_reference::FloatSum(x)});
  }
}

TEST_F(MathTest, RoundsHalfToEven) {
  const float cases[][2] = {{0.5f, 0},   {1.5f, 2},     {2.5f, 2}, {-0.5f, 0},
                            {-1.5f, -2}, {126.5f, 126}, {0.49f, 0}};
  for (const auto& c : cases) EXPECT_EQ(st::round_half_even(c[0]), c[1]);
}

}  // namespace
}  // namespace st_test
