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

// Of every sign, exponent and kind of mantissa.
std::vector<float> ManyFloats() {
  std::vector<float> floats;
  for (uint32_t exponent = 0; exponent < 256; ++exponent) {
    for (const uint32_t mantissa :
         {0u, 1u, 2u, 0x155555u, 0x3fffffu, 0x400000u, 0x400001u, 0x7ffffeu, 0x7fffffu}) {
      for (const uint32_t sign : {0u, 1u})
        floats.push_back(std::bit_cast<float>(sign << 31 | exponent << 23 | mantissa));
    }
  }
  return floats;
}

TEST_F(MathTest, ScalesByAPowerAsAProductDoes) {
  for (const float x : ManyFloats()) {
    if (std::isnan(x)) continue;
    for (int power = -126; power <= 127; ++power) {
      const float want = x * std::ldexp(1.0f, power);
      ASSERT_EQ(std::bit_cast<uint32_t>(st::scale_by_power(x, power)), std::bit_cast<uint32_t>(want))
          << x << " * 2^" << power;
    }
    if (!std::isinf(x))
      ASSERT_EQ(std::bit_cast<uint32_t>(st::scale_by_power(x, -256)), std::bit_cast<uint32_t>(x * 0.0f));
  }
}

TEST_F(MathTest, RoundsToAnInteger) {
  const auto check = [](float v) {
    const int32_t want = std::isnan(v) ? 0 : static_cast<int32_t>(st::round_half_even(v));
    ASSERT_EQ(st::rounded_integer(v), want) << v;
  };
  for (const float v : ManyFloats()) {
    if (!(std::abs(v) >= 256.0f)) check(v);
  }
  for (int i = -1024; i <= 1024; ++i) {  // all quarters up to 256, and what lies beside them
    const float v = static_cast<float>(i) / 4;
    if (std::abs(v) >= 255.5f) continue;
    for (const float near : {v, std::nextafter(v, 1000.0f), std::nextafter(v, -1000.0f)}) check(near);
  }
}

// Each mantissa, so each quotient: the exponent only moves along.
TEST_F(MathTest, DividesBy127) {
  for (const uint32_t exponent : {27u, 127u, 254u}) {
    for (uint32_t mantissa = 0; mantissa < 1u << 23; ++mantissa) {
      const float x = std::bit_cast<float>(exponent << 23 | mantissa);
      const uint32_t got = std::bit_cast<uint32_t>(st::divide_by_127(x));
      if (got != std::bit_cast<uint32_t>(x / 127.0f)) FAIL() << x;
    }
  }
  EXPECT_EQ(st::divide_by_127(INFINITY), INFINITY);
}

}  // namespace
}  // namespace st_test
