// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/stored_weights.h"

#include <gtest/gtest.h>
#include <immintrin.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>

#include "tests/compiler/frontend/gguf_builder.h"

namespace streamtensor::compiler {
namespace {

float FromHalf(uint16_t half) { return _cvtsh_ss(half); }

// float16 bit patterns.
constexpr uint16_t kOneAndAHalf = 0x3e00;
constexpr uint16_t kMinusTwo = 0xc000;
constexpr uint16_t kInfinity = 0x7c00;
constexpr uint16_t kTenThousand = 0x70e2;

StoredMatrix Matrix(GgufTensorType type, int64_t rows, int64_t columns, const std::string& bytes) {
  return {type, rows, columns, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}};
}

std::vector<float> Halves(const std::vector<uint8_t>& bytes) {
  std::vector<float> values;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    values.push_back(FromHalf(static_cast<uint16_t>(bytes[i] | bytes[i + 1] << 8)));
  }
  return values;
}

std::string Nibbles() {
  std::string bytes;
  for (int i = 0; i < 16; ++i) bytes += static_cast<char>(i | (15 - i) << 4);
  return bytes;
}

TEST(ConvertMatrix, KeepsQ4_1) {
  std::string block;
  Put(&block, kOneAndAHalf);
  Put(&block, kMinusTwo);
  block += Nibbles();
  const StoredMatrix matrix = Matrix(GgufTensorType::kQ4_1, 1, 32, block);
  const auto q = *ConvertMatrix(matrix, MatrixFormat::kU4, WeightPart::kQ);
  ASSERT_EQ(q.size(), 32u);
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(q[i], i);
    EXPECT_EQ(q[i + 16], 15 - i);
  }
  EXPECT_EQ(Halves(*ConvertMatrix(matrix, MatrixFormat::kU4, WeightPart::kD)), std::vector<float>{1.5f});
  EXPECT_EQ(Halves(*ConvertMatrix(matrix, MatrixFormat::kU4, WeightPart::kM)), std::vector<float>{-2.0f});
}

TEST(ConvertMatrix, KeepsQ4_0InBothFormats) {
  std::string block;
  Put(&block, kOneAndAHalf);
  block += Nibbles();
  const StoredMatrix matrix = Matrix(GgufTensorType::kQ4_0, 1, 32, block);
  const auto nibbles = *ConvertMatrix(matrix, MatrixFormat::kU4, WeightPart::kQ);
  const auto bytes = *ConvertMatrix(matrix, MatrixFormat::kI8, WeightPart::kQ);
  const float d = Halves(*ConvertMatrix(matrix, MatrixFormat::kU4, WeightPart::kD))[0];
  const float m = Halves(*ConvertMatrix(matrix, MatrixFormat::kU4, WeightPart::kM))[0];
  EXPECT_EQ(d, 1.5f);
  EXPECT_EQ(m, -12.0f);
  for (int i = 0; i < 32; ++i) {
    const float value = 1.5f * static_cast<float>((i < 16 ? i : 31 - i) - 8);
    EXPECT_EQ(d * nibbles[i] + m, value);
    EXPECT_EQ(d * static_cast<int8_t>(bytes[i]), value);
  }
}

TEST(ConvertMatrix, KeepsQ8_0) {
  std::string block;
  Put(&block, kOneAndAHalf);
  for (int i = 0; i < 32; ++i) block += static_cast<char>(i * 8 - 127);
  const StoredMatrix matrix = Matrix(GgufTensorType::kQ8_0, 1, 32, block);
  const auto q = *ConvertMatrix(matrix, MatrixFormat::kI8, WeightPart::kQ);
  for (int i = 0; i < 32; ++i) EXPECT_EQ(static_cast<int8_t>(q[i]), i * 8 - 127);
  EXPECT_EQ(ConvertMatrix(matrix, MatrixFormat::kI8, WeightPart::kM).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(ConvertMatrix, QuantisesF32WithinHalfAStep) {
  const uint32_t seed = 7;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::string bytes;
  std::vector<float> values;
  for (int i = 0; i < 64 * 96; ++i) {
    values.push_back(i / 32 == 5 ? 0.0f
                                 : normal(random) * std::pow(10.0f, static_cast<float>(i / 96 % 7 - 3)));
    Put(&bytes, values.back());
  }
  const StoredMatrix matrix = Matrix(GgufTensorType::kF32, 64, 96, bytes);
  const auto q = *ConvertMatrix(matrix, MatrixFormat::kI8, WeightPart::kQ);
  const auto d = Halves(*ConvertMatrix(matrix, MatrixFormat::kI8, WeightPart::kD));
  ASSERT_EQ(q.size(), values.size());
  ASSERT_EQ(d.size(), values.size() / 32);
  for (size_t i = 0; i < values.size(); ++i) {
    const int8_t integer = static_cast<int8_t>(q[i]);
    EXPECT_GE(integer, -127);
    // Half a step, and what the float16 scale may miss at the ends: 127 * 2^-11 steps, more where the
    // scale is subnormal.
    const float tolerance = d[i / 32] * 0.57f + 127 * 6e-8f;
    EXPECT_NEAR(d[i / 32] * integer, values[i], tolerance) << "seed " << seed << " element " << i;
  }
  EXPECT_EQ(d[5], 0.0f);
}

void ExpectRefused(const StoredMatrix& matrix, MatrixFormat format, const std::string& part) {
  const absl::Status status = ConvertMatrix(matrix, format, WeightPart::kQ).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find(part), std::string::npos) << status;
}

TEST(ConvertMatrix, RefusesWhatTheFormatCannotCarry) {
  std::string infinite(18, '\0');
  std::memcpy(infinite.data(), &kInfinity, 2);
  ExpectRefused(Matrix(GgufTensorType::kQ4_0, 1, 32, infinite), MatrixFormat::kU4,
                "row 0, group 0: its scale");
  std::string large(18, '\0');
  std::memcpy(large.data(), &kTenThousand, 2);
  ExpectRefused(Matrix(GgufTensorType::kQ4_0, 1, 32, large), MatrixFormat::kU4, "beyond 8188");
  EXPECT_TRUE(
      ConvertMatrix(Matrix(GgufTensorType::kQ4_0, 1, 32, large), MatrixFormat::kI8, WeightPart::kQ).ok());
  std::string least(34, '\0');
  least[20] = '\x80';
  ExpectRefused(Matrix(GgufTensorType::kQ8_0, 1, 32, least), MatrixFormat::kI8, "-128");
  std::string floats;
  for (int i = 0; i < 64; ++i) Put(&floats, i == 40 ? std::numeric_limits<float>::quiet_NaN() : 1.0f);
  ExpectRefused(Matrix(GgufTensorType::kF32, 1, 64, floats), MatrixFormat::kI8,
                "row 0, group 1: its element");
  floats.clear();
  for (int i = 0; i < 32; ++i) Put(&floats, 1e30f);
  ExpectRefused(Matrix(GgufTensorType::kF32, 1, 32, floats), MatrixFormat::kI8, "scale beyond float16");
}

TEST(StoredWeights, AnswersByNameAndPart) {
  std::string block;
  Put(&block, kOneAndAHalf);
  Put(&block, kMinusTwo);
  block += Nibbles();
  std::string floats;
  for (int i = 0; i < 3; ++i) Put(&floats, 0.5f * static_cast<float>(i));
  StoredWeights weights(nullptr);
  weights.AddMatrix("w", Matrix(GgufTensorType::kQ4_1, 1, 32, block), MatrixFormat::kU4);
  weights.AddValue("norm", {3}, GgufTensorType::kF32,
                   {reinterpret_cast<const uint8_t*>(floats.data()), floats.size()});
  weights.AddTable("table", {2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(weights.Shape("w", WeightPart::kQ)->dims, (std::vector<int64_t>{1, 1, 32}));
  EXPECT_EQ(weights.Shape("w", WeightPart::kQ)->element, WeightElement::kU4);
  EXPECT_EQ(weights.Shape("w", WeightPart::kM)->dims, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(weights.Shape("table", WeightPart::kValue)->bytes(), 16);
  EXPECT_EQ(weights.Read("norm", WeightPart::kValue)->size(), 12u);
  EXPECT_EQ(weights.Read("v", WeightPart::kQ).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(weights.Read("w", WeightPart::kValue).status().message(), "weight 'w' has no part 'value'");
  EXPECT_EQ(weights.Read("norm", WeightPart::kQ).status().code(), absl::StatusCode::kNotFound);
  weights.AddTable("bad", {1}, {std::numeric_limits<float>::infinity()});
  EXPECT_EQ(weights.Read("bad", WeightPart::kValue).status().message(),
            "tensor 'bad', element 0: not a finite number");
}

TEST(WeightName, ReplacesTheLayer) {
  EXPECT_EQ(WeightName("blk.{layer}.attn_q.weight", 12), "blk.12.attn_q.weight");
  EXPECT_EQ(WeightName("output.weight", 12), "output.weight");
  EXPECT_TRUE(RunsOverLayers("blk.{layer}.x"));
  EXPECT_FALSE(RunsOverLayers("blk.0.x"));
  EXPECT_EQ(*ParseWeightPart("value"), WeightPart::kValue);
  EXPECT_FALSE(ParseWeightPart("x").ok());
}

}  // namespace
}  // namespace streamtensor::compiler
