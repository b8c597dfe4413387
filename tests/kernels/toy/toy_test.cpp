// SPDX-License-Identifier: Apache-2.0
// The toy against a plain loop: every step size, random fiber orders, every build; and the two ways
// to size it wrongly, each of which must stop and name its cycle.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "artifact/object_index.h"
#include "kernels/host/aligned_array.h"
#include "runtime/card/design_launcher.h"

namespace {

using streamtensor::runtime::card::DesignLauncher;
using streamtensor::runtime::card::LaunchCode;
using streamtensor::runtime::card::LaunchOptions;
using streamtensor::runtime::card::LaunchReport;

constexpr int kTokens = 16, kWidth = 64, kLayers = 2;
constexpr int kRowsALayer = 3 * kWidth;  // gate and up tiles alternating, then down

std::vector<std::byte> ReadObject(const std::string& name) {
  std::ifstream file(std::string(TOY_DIR) + "/" + name + ".so", std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::byte> object(bytes.size());
  std::memcpy(object.data(), bytes.data(), bytes.size());
  return object;
}

std::unique_ptr<DesignLauncher> LoadToy(const std::string& name) {
  auto launcher = DesignLauncher::Load(ReadObject(name));
  EXPECT_TRUE(launcher.ok()) << launcher.status();
  return launcher.ok() ? *std::move(launcher) : nullptr;
}

// Buffers of the toy's five arguments, filled from a seed.
struct ToyBuffers {
  explicit ToyBuffers(uint64_t seed)
      : descriptor(16),
        status(16),
        input(kTokens * kWidth),
        output(kTokens * kWidth),
        weights(kLayers * kRowsALayer * kWidth) {
    std::mt19937_64 random(seed);
    std::normal_distribution<float> normal;
    for (float& v : input) v = normal(random);
    for (float& v : weights) v = normal(random) / 8;
  }

  LaunchReport Launch(DesignLauncher& launcher, int tokens, const LaunchOptions& options = {}) {
    descriptor[2] = static_cast<uint32_t>(tokens);
    for (uint32_t& word : status) word = ~0u;
    for (float& v : output) v = -1;
    void* const args[] = {descriptor.data(), status.data(), input.data(), output.data(), weights.data()};
    return launcher.Launch(args, options);
  }

  st::host::AlignedArray<uint32_t> descriptor, status;
  st::host::AlignedArray<float> input, output, weights;
};

// weights[((layer * 12 + tile) * 64 + k) * 16 + row]: tiles 0..7 are gate and up alternating, then down.
std::vector<float> PlainLoop(const ToyBuffers& buffers, int tokens) {
  std::vector<float> x(buffers.input.data(), buffers.input.data() + tokens * kWidth);
  for (int layer = 0; layer < kLayers; ++layer) {
    const auto dot = [&](int tile, int row, const float* values) {
      const float* w = buffers.weights.data() + (layer * 12 + tile) * kWidth * 16 + row;
      float sum = 0;
      for (int k = 0; k < kWidth; ++k) sum = sum + w[k * 16] * values[k];
      return sum;
    };
    for (int t = 0; t < tokens; ++t) {
      float h[kWidth], down[kWidth];
      for (int i = 0; i < kWidth; ++i) {
        const float g = dot(i / 16 * 2, i % 16, &x[t * kWidth]);
        const float u = dot(i / 16 * 2 + 1, i % 16, &x[t * kWidth]);
        h[i] = g / (1.0f + (g < 0 ? -g : g)) * u;
      }
      for (int i = 0; i < kWidth; ++i) down[i] = dot(8 + i / 16, i % 16, h);
      for (int i = 0; i < kWidth; ++i) x[t * kWidth + i] = x[t * kWidth + i] + down[i];
    }
  }
  return x;
}

bool SameBits(const std::vector<float>& expected, const float* actual) {
  return std::memcmp(expected.data(), actual, expected.size() * sizeof(float)) == 0;
}

class ToyBuilds : public testing::TestWithParam<const char*> {};

TEST_P(ToyBuilds, EqualsPlainLoopInAnyOrder) {
  if (std::string(GetParam()) == "toy_v4" && !streamtensor::artifact::CpuRunsIsa("x86-64-v4-vnni")) {
    GTEST_SKIP() << "this CPU does not run x86-64-v4-vnni";
  }
  const auto launcher = LoadToy(GetParam());
  ASSERT_NE(launcher, nullptr);
  for (int tokens = 1; tokens <= kTokens; ++tokens) {
    ToyBuffers buffers(tokens);
    const std::vector<float> expected = PlainLoop(buffers, tokens);
    for (uint64_t seed = 0; seed <= 20; ++seed) {
      LaunchOptions options;
      if (seed > 0) options.order_seed = &seed;
      const LaunchReport report = buffers.Launch(*launcher, tokens, options);
      ASSERT_EQ(report.code, LaunchCode::kCompleted) << report.message;
      ASSERT_TRUE(SameBits(expected, buffers.output.data())) << "T " << tokens << " order seed " << seed;
      ASSERT_EQ(buffers.status[0], 1u);
      // Nothing beyond the step's tokens is written.
      for (int i = tokens * kWidth; i < kTokens * kWidth; ++i) ASSERT_EQ(buffers.output[i], -1);
    }
  }
}

TEST_P(ToyBuilds, InvalidStepDrains) {
  if (std::string(GetParam()) == "toy_v4" && !streamtensor::artifact::CpuRunsIsa("x86-64-v4-vnni")) {
    GTEST_SKIP() << "this CPU does not run x86-64-v4-vnni";
  }
  const auto launcher = LoadToy(GetParam());
  ASSERT_NE(launcher, nullptr);
  ToyBuffers buffers(1);
  for (const int tokens : {0, 17, -1, 1 << 30}) {
    const LaunchReport report = buffers.Launch(*launcher, tokens);
    EXPECT_EQ(report.code, LaunchCode::kCompleted) << report.message;
    EXPECT_EQ(buffers.status[0], 3u);
    EXPECT_EQ(buffers.status[2], static_cast<uint32_t>(tokens));
    EXPECT_EQ(buffers.output[0], -1);
  }
}

INSTANTIATE_TEST_SUITE_P(All, ToyBuilds, testing::Values("toy_fast", "toy_plain", "toy_v4"));

TEST(Toy, OneSlotDeadlocksAndNamesTheFrameRing) {
  const auto launcher = LoadToy("toy_one_slot");
  ASSERT_NE(launcher, nullptr);
  ToyBuffers buffers(1);
  for (uint64_t seed = 0; seed <= 10; ++seed) {
    LaunchOptions options;
    if (seed > 0) options.order_seed = &seed;
    const LaunchReport report = buffers.Launch(*launcher, kTokens, options);
    ASSERT_EQ(report.code, LaunchCode::kDeadlock);
    EXPECT_EQ(report.message,
              "deadlock: toy::activation_switch -> waits for full FIFO 'frames' (depth 1) -> "
              "toy::engine<toy::EngineConfig> -> waits for full FIFO 'results' (depth 2) -> "
              "toy::result_switch -> waits for full FIFO 'up' (depth 2) -> "
              "toy::gated_product -> waits for full FIFO 'product' (depth 2) -> toy::activation_switch")
        << "order seed " << seed;
    EXPECT_EQ(report.cycle.size(), 4u);
  }
}

TEST(Toy, ShortGateFifoDeadlocksAndNamesTheReconvergence) {
  const auto launcher = LoadToy("toy_short_gate");
  ASSERT_NE(launcher, nullptr);
  ToyBuffers buffers(1);
  for (int tokens = 1; tokens < kTokens; ++tokens) {
    EXPECT_EQ(buffers.Launch(*launcher, tokens).code, LaunchCode::kCompleted);
  }
  for (uint64_t seed = 0; seed <= 10; ++seed) {
    LaunchOptions options;
    if (seed > 0) options.order_seed = &seed;
    const LaunchReport report = buffers.Launch(*launcher, kTokens, options);
    ASSERT_EQ(report.code, LaunchCode::kDeadlock);
    EXPECT_EQ(report.message,
              "deadlock: toy::result_switch -> waits for full FIFO 'gate' (depth 15) -> "
              "toy::gated_product -> waits for empty FIFO 'up' (depth 2) -> toy::result_switch")
        << "order seed " << seed;
  }
  // A deadlock leaves nothing behind: the same object completes a step that fits.
  EXPECT_EQ(buffers.Launch(*launcher, 3).code, LaunchCode::kCompleted);
  EXPECT_TRUE(SameBits(PlainLoop(buffers, 3), buffers.output.data()));
}

TEST(Toy, ReportsTimeByProcess) {
  const auto launcher = LoadToy("toy_fast");
  ASSERT_NE(launcher, nullptr);
  ToyBuffers buffers(1);
  const LaunchReport report = buffers.Launch(*launcher, kTokens);
  ASSERT_EQ(report.processes.size(), 8u);
  EXPECT_EQ(report.processes[3].name, "toy::engine<toy::EngineConfig>");
  uint64_t sum = 0;
  for (const auto& process : report.processes) sum += process.nanoseconds;
  EXPECT_GT(sum, 0u);
  EXPECT_LE(sum, report.nanoseconds + 1000);
}

}  // namespace
