// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/group_quantisation.h"

#include <gtest/gtest.h>
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace streamtensor::compiler {
namespace {

constexpr uint32_t kSeed = 20261129;

float Float(uint16_t half) { return _cvtsh_ss(half); }
uint16_t Half(float value) { return _cvtss_sh(value, 0); }

struct Group {
  std::vector<int8_t> q;
  uint16_t d = 0, m = 0;

  // Squared errors, each counted by |x| and the root of the mean square.
  double ErrorOf(const std::vector<float>& x) const {
    double sum = 0, squares = 0;
    for (const float value : x) squares += double{value} * value;
    const double root = std::sqrt(squares / static_cast<double>(x.size()));
    for (size_t i = 0; i < x.size(); ++i) {
      const double error = double{Float(d)} * q[i] + Float(m) - x[i];
      sum += (root + std::fabs(x[i])) * error * error;
    }
    return sum;
  }
};

Group Nibbles(const std::vector<float>& x) {
  Group group;
  group.q.resize(x.size());
  const absl::Status status = QuantiseToNibbles(x, group.q.data(), &group.d, &group.m);
  EXPECT_TRUE(status.ok()) << status;
  return group;
}

Group Bytes(const std::vector<float>& x) {
  Group group;
  group.q.resize(x.size());
  const absl::Status status = QuantiseToBytes(x, group.q.data(), &group.d);
  EXPECT_TRUE(status.ok()) << status;
  return group;
}

// To the nearest of 16 steps from the least value to the greatest.
Group Nearest(const std::vector<float>& x) {
  const auto [least, greatest] = std::minmax_element(x.begin(), x.end());
  Group group;
  group.d = Half((*greatest - *least) / 15);
  group.m = Half(*least);
  for (const float value : x) {
    const float steps = (value - Float(group.m)) / Float(group.d);
    group.q.push_back(static_cast<int8_t>(std::clamp(std::nearbyint(steps), 0.0f, 15.0f)));
  }
  return group;
}

// As weights are: most of them small.
std::vector<float> RandomWeights(std::mt19937& random, size_t count, float size, bool heavy_tail) {
  std::normal_distribution<float> normal;
  std::student_t_distribution<float> student(4);
  std::vector<float> x;
  for (size_t i = 0; i < count; ++i) x.push_back(size * (heavy_tail ? student(random) : normal(random)));
  return x;
}

TEST(QuantiseToNibbles, IsBetterThanRoundingToTheNearest) {
  std::mt19937 random(kSeed);
  for (const bool heavy_tail : {false, true}) {
    for (const size_t count : {32u, 64u, 128u}) {
      double ours = 0, nearest = 0;
      for (int round = 0; round < 300; ++round) {
        const std::vector<float> x = RandomWeights(random, count, 0.02f, heavy_tail);
        const Group group = Nibbles(x);
        for (const int8_t q : group.q) ASSERT_TRUE(q >= 0 && q <= 15);
        ASSERT_LE(group.ErrorOf(x), Nearest(x).ErrorOf(x) * (1 + 1e-4)) << "round " << round;
        ours += group.ErrorOf(x);
        nearest += Nearest(x).ErrorOf(x);
      }
      EXPECT_LT(ours, (heavy_tail ? 0.93 : 0.98) * nearest) << count << (heavy_tail ? ", heavy tail" : "");
    }
  }
}

// No line through 200 random ones about it is much better.
TEST(QuantiseToNibbles, IsCloseToTheBestOfManyLines) {
  std::mt19937 random(kSeed);
  std::uniform_real_distribution<float> factor(0.5f, 1.05f), shift(-1, 1);
  double ours = 0, best = 0;
  for (int round = 0; round < 50; ++round) {
    const std::vector<float> x = RandomWeights(random, 128, 1, false);
    const auto [least, greatest] = std::minmax_element(x.begin(), x.end());
    double of_round = Nibbles(x).ErrorOf(x);
    ours += of_round;
    for (int i = 0; i < 200; ++i) {
      Group group;
      group.d = Half((*greatest - *least) / 15 * factor(random));
      group.m = Half((*greatest + *least) / 2 + (shift(random) - 7.5f) * Float(group.d));
      for (const float value : x) {
        const float steps = (value - Float(group.m)) / Float(group.d);
        group.q.push_back(static_cast<int8_t>(std::clamp(std::nearbyint(steps), 0.0f, 15.0f)));
      }
      of_round = std::min(of_round, group.ErrorOf(x));
    }
    best += of_round;
  }
  EXPECT_LT(ours, 1.03 * best);
}

TEST(QuantiseToNibbles, KeepsWhatSixteenStepsHold) {
  std::vector<float> x;
  for (int i = 0; i < 128; ++i) x.push_back(0.25f * static_cast<float>(i * 7 % 16) - 1.5f);
  const Group group = Nibbles(x);
  EXPECT_EQ(group.ErrorOf(x), 0);
  EXPECT_EQ(Float(group.d), 0.25f);
  EXPECT_EQ(Float(group.m), -1.5f);
}

TEST(QuantiseToNibbles, GroupsOfOneValue) {
  for (const float value : {0.0f, -0.0f, 0.75f, -3.0f}) {
    const Group group = Nibbles(std::vector<float>(128, value));
    EXPECT_EQ(group.q, std::vector<int8_t>(128, 0));
    EXPECT_EQ(Float(group.m), value);
    EXPECT_EQ(Float(group.d), 0);
  }
  // Smaller than any scale of float16.
  std::vector<float> tiny(32, 0);
  tiny[5] = 1e-20f;
  EXPECT_EQ(Nibbles(tiny).q, std::vector<int8_t>(32, 0));
}

TEST(QuantiseToNibbles, OneOutlier) {
  std::mt19937 random(kSeed);
  std::vector<float> x = RandomWeights(random, 128, 0.01f, false);
  x[77] = 1;
  const Group group = Nibbles(x);
  EXPECT_EQ(group.q[77], 15);
  EXPECT_NEAR(Float(group.d) * 15 + Float(group.m), 1, 0.01);
  EXPECT_LE(group.ErrorOf(x), Nearest(x).ErrorOf(x));
}

TEST(QuantiseToNibbles, SameValuesSameIntegers) {
  std::mt19937 random(kSeed);
  const std::vector<float> x = RandomWeights(random, 64, 3, true);
  const Group one = Nibbles(x);
  std::vector<float> moved(x.size() + 1);
  std::copy(x.begin(), x.end(), moved.begin() + 1);  // at another alignment
  Group other;
  other.q.resize(x.size());
  ASSERT_TRUE(QuantiseToNibbles(std::span(moved).subspan(1), other.q.data(), &other.d, &other.m).ok());
  EXPECT_EQ(one.q, other.q);
  EXPECT_EQ(one.d, other.d);
  EXPECT_EQ(one.m, other.m);
}

TEST(QuantiseToNibbles, EndsOfFloat16) {
  std::vector<float> x(32, 65504);
  x[3] = -65504;
  const Group group = Nibbles(x);
  EXPECT_EQ(group.q[3], 0);
  EXPECT_EQ(group.q[4], 15);
  EXPECT_NEAR(Float(group.d) * 15 + Float(group.m), 65504, 64);
}

void ExpectRefused(std::vector<float> x, float value, const std::string& why) {
  x[x.size() - 3] = value;
  std::vector<int8_t> q(x.size());
  uint16_t d = 0, m = 0;
  const absl::Status status = QuantiseToNibbles(x, q.data(), &d, &m);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find(why), std::string::npos) << status;
}

TEST(QuantiseToNibbles, RefusesWhatFloat16CannotCarry) {
  const std::vector<float> x(128, 1.0f);
  ExpectRefused(x, std::numeric_limits<float>::infinity(), "its element is not a finite number");
  ExpectRefused(x, -std::numeric_limits<float>::infinity(), "its element is not a finite number");
  ExpectRefused(x, std::numeric_limits<float>::quiet_NaN(), "its element is not a finite number");
  ExpectRefused(x, -70000, "from -70000 to 1 need a scale or a minimum beyond float16");
  ExpectRefused(x, std::numeric_limits<float>::max(), "need a scale or a minimum beyond float16");
}

TEST(QuantiseToBytes, AnyLengthOfGroup) {
  std::mt19937 random(kSeed);
  for (const size_t count : {32u, 128u}) {
    const std::vector<float> x = RandomWeights(random, count, 0.02f, true);
    const Group group = Bytes(x);
    float amax = 0;
    for (const float value : x) amax = std::max(amax, std::fabs(value));
    EXPECT_LE(group.ErrorOf(x), static_cast<double>(count) * 2 * amax * std::pow(amax / 95, 2) / 4);
  }
  EXPECT_EQ(Bytes(std::vector<float>(32, 0)).d, 0);
}

}  // namespace
}  // namespace streamtensor::compiler
