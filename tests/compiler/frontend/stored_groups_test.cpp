// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/stored_groups.h"

#include <gtest/gtest.h>
#include <immintrin.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "compiler/frontend/requantisation.h"
#include "tests/compiler/frontend/gguf_builder.h"

namespace streamtensor::compiler {
namespace {

// float16 bit patterns.
constexpr uint16_t kOneAndAHalf = 0x3e00;
constexpr uint16_t kMinusTwo = 0xc000;
constexpr uint16_t kQuarter = 0x3400;
constexpr uint16_t kInfinity = 0x7c00;
constexpr uint16_t kLargest = 0x7bff;  // 65504

StoredMatrix Row(GgufTensorType type, int64_t columns, const std::string& bytes) {
  return {type, 1, columns, {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}};
}

std::vector<float> CardValues(const StoredMatrix& matrix, int64_t group, MatrixFormat format) {
  CardGroup card;
  const absl::Status status = ConvertGroup(matrix, group, format, &card);
  EXPECT_TRUE(status.ok()) << status;
  std::vector<float> values;
  for (int64_t i = 0; i < contract::kGroupElements; ++i) {
    values.push_back(FloatFromHalf(card.d) * static_cast<float>(card.q[i]) + FloatFromHalf(card.m));
  }
  return values;
}

std::vector<float> FileGroup(const StoredMatrix& matrix, int64_t group) {
  float values[contract::kGroupElements];
  FileValues(matrix, group, values);
  return {std::begin(values), std::end(values)};
}

// Integer i of 0..31 in five bits: the nibbles of 0..15 twice, and the fifth bits of the upper half.
std::string FiveBits() {
  std::string bytes;
  Put<uint32_t>(&bytes, 0xffff0000u);
  for (int i = 0; i < 16; ++i) bytes += static_cast<char>(i | i << 4);
  return bytes;
}

TEST(ConvertGroup, KeepsQ5_0) {
  std::string block;
  Put(&block, kOneAndAHalf);
  block += FiveBits();
  const StoredMatrix matrix = Row(GgufTensorType::kQ5_0, 32, block);
  for (MatrixFormat format : {MatrixFormat::kI8, MatrixFormat::kI8Minimum}) {
    const std::vector<float> values = CardValues(matrix, 0, format);
    for (int i = 0; i < 32; ++i) EXPECT_EQ(values[i], 1.5f * static_cast<float>(i - 16));
  }
  EXPECT_FALSE(CanConvert(GgufTensorType::kQ5_0, MatrixFormat::kU4));
  EXPECT_TRUE(KeepsValues(GgufTensorType::kQ5_0));
}

TEST(ConvertGroup, KeepsQ5_1) {
  std::string block;
  Put(&block, kOneAndAHalf);
  Put(&block, kMinusTwo);
  block += FiveBits();
  const std::vector<float> values =
      CardValues(Row(GgufTensorType::kQ5_1, 32, block), 0, MatrixFormat::kI8Minimum);
  for (int i = 0; i < 32; ++i) EXPECT_EQ(values[i], 1.5f * static_cast<float>(i) - 2.0f);
  EXPECT_FALSE(CanConvert(GgufTensorType::kQ5_1, MatrixFormat::kI8));
  EXPECT_TRUE(KeepsValues(GgufTensorType::kQ5_1));
}

TEST(ConvertGroup, KeepsFourBitsAmongBytes) {
  std::string block;
  Put(&block, kOneAndAHalf);
  Put(&block, kMinusTwo);
  for (int i = 0; i < 16; ++i) block += static_cast<char>(i | (15 - i) << 4);
  const std::vector<float> values =
      CardValues(Row(GgufTensorType::kQ4_1, 32, block), 0, MatrixFormat::kI8Minimum);
  for (int i = 0; i < 32; ++i) EXPECT_EQ(values[i], 1.5f * static_cast<float>(i < 16 ? i : 31 - i) - 2.0f);
}

TEST(ConvertGroup, MakesFourBitsOfFloats) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) Put(&bytes, 0.25f * static_cast<float>(i % 16) - 1.0f);
  const StoredMatrix matrix = Row(GgufTensorType::kF32, 32, bytes);
  EXPECT_EQ(CardValues(matrix, 0, MatrixFormat::kU4), FileGroup(matrix, 0)) << "15 steps of 1/4 from -1";
  // Alike: no step, and the value is the minimum.
  bytes.clear();
  for (int i = 0; i < 32; ++i) Put(&bytes, -3.5f);
  EXPECT_EQ(CardValues(Row(GgufTensorType::kF32, 32, bytes), 0, MatrixFormat::kU4),
            std::vector<float>(32, -3.5f));
  CardGroup group;
  for (const float value : {1e6f, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    std::memcpy(bytes.data() + 5 * sizeof(float), &value, sizeof(value));
    EXPECT_EQ(ConvertGroup(Row(GgufTensorType::kF32, 32, bytes), 0, MatrixFormat::kU4, &group).code(),
              absl::StatusCode::kInvalidArgument)
        << value;
  }
}

// Scale 10 + part and minimum 60 - part of group `part`, six bits each, written from ggml's description.
std::string SixBits() {
  std::string bytes(12, '\0');
  for (int part = 0; part < 8; ++part) {
    const int s = 10 + part * 7;
    const int t = 60 - part * 8;
    if (part < 4) {
      bytes[part] = static_cast<char>(bytes[part] | s);
      bytes[part + 4] = static_cast<char>(bytes[part + 4] | t);
    } else {
      bytes[part + 4] = static_cast<char>((s & 15) | (t & 15) << 4);
      bytes[part - 4] = static_cast<char>(bytes[part - 4] | (s >> 4) << 6);
      bytes[part] = static_cast<char>(bytes[part] | (t >> 4) << 6);
    }
  }
  return bytes;
}

// Element i of group `part`.
int FineInteger(int part, int i, int limit) { return (part * 5 + i * 3) % limit; }

std::string FineBlock(bool fifth_bits) {
  std::string block;
  Put(&block, kOneAndAHalf);
  Put(&block, kQuarter);
  block += SixBits();
  const int limit = fifth_bits ? 32 : 16;
  if (fifth_bits) {
    for (int i = 0; i < 32; ++i) {
      int byte = 0;
      for (int part = 0; part < 8; ++part) byte |= (FineInteger(part, i, limit) >> 4) << part;
      block += static_cast<char>(byte);
    }
  }
  for (int pair = 0; pair < 4; ++pair) {
    for (int i = 0; i < 32; ++i) {
      block += static_cast<char>((FineInteger(2 * pair, i, limit) & 15) |
                                 (FineInteger(2 * pair + 1, i, limit) & 15) << 4);
    }
  }
  return block;
}

TEST(ConvertGroup, Q4_KAndQ5_KKeepTheirIntegers) {
  for (bool fifth_bits : {false, true}) {
    const std::string block = FineBlock(fifth_bits);
    const GgufTensorType type = fifth_bits ? GgufTensorType::kQ5_K : GgufTensorType::kQ4_K;
    // The second block of a row: its groups are 8 to 15.
    const std::string row = std::string(block.size(), '\0') + block;
    const StoredMatrix matrix = Row(type, 512, row);
    const MatrixFormat format = fifth_bits ? MatrixFormat::kI8Minimum : MatrixFormat::kU4;
    for (int part = 0; part < 8; ++part) {
      const float scale = 1.5f * static_cast<float>(10 + part * 7);
      const float minimum = -0.25f * static_cast<float>(60 - part * 8);
      const std::vector<float> card = CardValues(matrix, 8 + part, format);
      const std::vector<float> file = FileGroup(matrix, 8 + part);
      for (int i = 0; i < 32; ++i) {
        const float value = scale * static_cast<float>(FineInteger(part, i, fifth_bits ? 32 : 16)) + minimum;
        EXPECT_EQ(file[i], value) << "part " << part << " element " << i;
        EXPECT_EQ(card[i], value) << "part " << part << " element " << i;  // these scales are float16
      }
    }
    EXPECT_EQ(FileGroup(matrix, 3), std::vector<float>(32, 0.0f));
    EXPECT_FALSE(KeepsValues(type));
  }
}

TEST(ConvertGroup, RoundsScalesOfQ4_KToFloat16) {
  std::string block = FineBlock(false);
  const uint16_t odd = 0x3c01;  // 1 + 2^-10: times 17 it has more bits than float16
  std::memcpy(block.data(), &odd, 2);
  const absl::StatusOr<RequantisationError> error =
      MeasureRequantisation(Row(GgufTensorType::kQ4_K, 256, block), MatrixFormat::kU4);
  ASSERT_TRUE(error.ok()) << error.status();
  EXPECT_GT(error->relative_rms(), 0);
  EXPECT_LT(error->relative_rms(), 1.0 / 2048);
  EXPECT_LE(error->largest_error, error->largest_value / 2048);
}

TEST(ConvertGroup, ReadsQ6_K) {
  // Integer of element e of 256, and the scale of its 16.
  const auto integer = [](int e) { return e * 11 % 64; };
  const auto scale = [](int sixteenth) { return sixteenth % 2 == 0 ? 3 + sixteenth : -sixteenth; };
  std::string block(210, '\0');
  for (int e = 0; e < 256; ++e) {
    const int half = e / 128;
    const int r = e % 128 / 32;
    const int i = e % 32;
    char& nibbles = block[half * 64 + r % 2 * 32 + i];
    nibbles = static_cast<char>(nibbles | (integer(e) & 15) << (r < 2 ? 0 : 4));
    char& pairs = block[128 + half * 32 + i];
    pairs = static_cast<char>(pairs | (integer(e) >> 4) << 2 * r);
  }
  for (int i = 0; i < 16; ++i) block[192 + i] = static_cast<char>(scale(i));
  std::memcpy(block.data() + 208, &kQuarter, 2);
  const StoredMatrix matrix = Row(GgufTensorType::kQ6_K, 256, block);
  for (int group = 0; group < 8; ++group) {
    const std::vector<float> file = FileGroup(matrix, group);
    const std::vector<float> card = CardValues(matrix, group, MatrixFormat::kI8);
    float amax = 0;
    for (float value : file) amax = std::max(amax, std::fabs(value));
    for (int i = 0; i < 32; ++i) {
      const int e = group * 32 + i;
      EXPECT_EQ(file[i], 0.25f * static_cast<float>(scale(e / 16) * (integer(e) - 32)));
      EXPECT_NEAR(card[i], file[i], 0.51f * amax / 95) << "group " << group << " element " << i;
    }
  }
}

TEST(ConvertGroup, ReadsF16AndBF16) {
  std::string halves, brains;
  for (int i = 0; i < 32; ++i) {
    Put<uint16_t>(&halves, static_cast<uint16_t>(0x3c00 + i * 32));  // 1 + i / 32
    Put<uint16_t>(&brains, static_cast<uint16_t>(0xbf80 + i * 4));   // -(1 + i / 32)
  }
  const std::vector<float> positive = FileGroup(Row(GgufTensorType::kF16, 32, halves), 0);
  const std::vector<float> negative = FileGroup(Row(GgufTensorType::kBF16, 32, brains), 0);
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(positive[i], 1 + static_cast<float>(i) / 32);
    EXPECT_EQ(negative[i], -(1 + static_cast<float>(i) / 32));
  }
}

TEST(ConvertGroup, ChoosesTheBestScale) {
  const uint32_t seed = 11;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (int round = 0; round < 200; ++round) {
    std::string bytes;
    std::vector<float> x;
    for (int i = 0; i < 32; ++i) {
      x.push_back(normal(random) * std::pow(10.0f, static_cast<float>(round % 12 - 8)));
      Put(&bytes, x.back());
    }
    const std::vector<float> card = CardValues(Row(GgufTensorType::kF32, 32, bytes), 0, MatrixFormat::kI8);
    float amax = 0;
    for (float value : x) amax = std::max(amax, std::fabs(value));
    const auto squared_error = [&](float d, const std::vector<float>* values) {
      double sum = 0;
      for (int i = 0; i < 32; ++i) {
        const float value =
            values ? (*values)[i] : d * std::min(std::max(std::nearbyintf(x[i] / d), -127.0f), 127.0f);
        sum += static_cast<double>(value - x[i]) * (value - x[i]);
      }
      return sum;
    };
    // Not worse than the scale that a Q8_0 quantiser takes.
    const float plain = FloatFromHalf(_cvtss_sh(amax / 127, 0));
    if (plain == 0) continue;
    EXPECT_LE(squared_error(0, &card), squared_error(plain, nullptr) * 1.0001)
        << "seed " << seed << " round " << round;
  }
}

TEST(ConvertGroup, SmallestValuesDontVanish) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) Put(&bytes, i % 2 == 0 ? 1e-6f : -1e-6f);
  const std::vector<float> card = CardValues(Row(GgufTensorType::kF32, 32, bytes), 0, MatrixFormat::kI8);
  for (int i = 0; i < 32; ++i) EXPECT_NEAR(card[i], i % 2 == 0 ? 1e-6f : -1e-6f, 3e-8f);
}

void ExpectRefused(GgufTensorType type, int64_t columns, const std::string& bytes, MatrixFormat format,
                   const std::string& part) {
  CardGroup card;
  const absl::Status status = ConvertGroup(Row(type, columns, bytes), 0, format, &card);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find(part), std::string::npos) << status;
  if (KeepsValues(type)) return;
  const absl::Status measured = MeasureRequantisation(Row(type, columns, bytes), format).status();
  EXPECT_EQ(std::string(measured.message()), "row 0, group 0: " + std::string(status.message()));
}

TEST(ConvertGroup, RefusesWhatFloat16CannotCarry) {
  const auto with = [](std::string bytes, size_t at, uint16_t half) {
    std::memcpy(bytes.data() + at, &half, 2);
    return bytes;
  };
  ExpectRefused(GgufTensorType::kQ5_0, 32, with(std::string(22, '\0'), 0, kInfinity), MatrixFormat::kI8,
                "its scale is not a finite number");
  ExpectRefused(GgufTensorType::kQ5_1, 32, with(std::string(24, '\0'), 2, kInfinity),
                MatrixFormat::kI8Minimum, "its minimum is not a finite number");
  ExpectRefused(GgufTensorType::kQ4_K, 256, with(FineBlock(false), 0, kLargest), MatrixFormat::kU4,
                "its scale 655040 is beyond float16");
  ExpectRefused(GgufTensorType::kQ5_K, 256, with(FineBlock(true), 2, kInfinity), MatrixFormat::kI8Minimum,
                "its minimum -inf is beyond float16");
  std::string six(210, '\1');
  ExpectRefused(GgufTensorType::kQ6_K, 256, with(six, 208, kInfinity), MatrixFormat::kI8,
                "its element is not a finite number");
  ExpectRefused(GgufTensorType::kF16, 32, with(std::string(64, '\0'), 12, kInfinity), MatrixFormat::kI8,
                "its element is not a finite number");
  ExpectRefused(GgufTensorType::kBF16, 32, with(std::string(64, '\0'), 12, 0x7f00), MatrixFormat::kI8,
                "scale beyond float16");
}

}  // namespace
}  // namespace streamtensor::compiler
