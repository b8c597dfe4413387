// SPDX-License-Identifier: Apache-2.0
// Words, their lanes and float16, in the fast build and (word_plain_test) in the plain one.
#include "st/word.h"

#include <gtest/gtest.h>
#include <immintrin.h>

#include <random>

namespace {

using st::word512;

// The float mode of the card: float16 must not notice it.
class CardFloatMode {
 public:
  CardFloatMode() : saved_(_mm_getcsr()) { _mm_setcsr(saved_ | 0x8040u); }
  ~CardFloatMode() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
};

TEST(Word, LiesOnItsBorder) {
  EXPECT_EQ(sizeof(word512), 64u);
  EXPECT_EQ(alignof(word512), 64u);
}

TEST(Word, LanesAreDisjointAndInOrder) {
  word512 word = 0;
  for (int i = 0; i < 16; ++i) st::set_lane_u32(word, i, 0x01020304u * static_cast<uint32_t>(i + 1));
  for (int i = 0; i < 16; ++i) {
    const uint32_t expected = 0x01020304u * static_cast<uint32_t>(i + 1);
    EXPECT_EQ(st::lane_u32(word, i), expected);
    EXPECT_EQ(st::lane_u16(word, 2 * i), expected & 0xffff);
    EXPECT_EQ(st::lane_u8(word, 4 * i + 3), expected >> 24);
  }
  st::set_lane_i8(word, 5, -3);
  EXPECT_EQ(st::lane_i8(word, 5), -3);
  EXPECT_EQ(st::lane_u8(word, 4), 8);
  st::set_lane_i32(word, 15, -7);
  EXPECT_EQ(st::lane_i32(word, 15), -7);
  st::set_lane_f32(word, 3, 1.5f);
  EXPECT_EQ(st::lane_u32(word, 3), 0x3fc00000u);
}

TEST(Word, AnyRangeReadsBack) {
  const uint64_t seed = 3;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  bool bits[512] = {};
  word512 word = 0;
  for (int round = 0; round < 2000; ++round) {
    const int width = 1 + static_cast<int>(random() % 64);
    const int low = static_cast<int>(random() % static_cast<unsigned>(513 - width));
    const uint64_t value = random();
    word.range(low + width - 1, low) = value;
    for (int i = 0; i < width; ++i) bits[low + i] = (value >> i) & 1;
    const int at = static_cast<int>(random() % 512);
    const word512& read = word;
    ASSERT_EQ(read.range(at, at).to_uint(), bits[at]);
    ASSERT_EQ(word.range(low + width - 1, low).to_uint64(),
              width == 64 ? value : value & ((uint64_t{1} << width) - 1));
  }
}

TEST(Word, PacksAndUnpacks) {
  float lanes[16], back[16];
  for (int i = 0; i < 16; ++i) lanes[i] = static_cast<float>(i) - 7.5f;
  st::unpack_f32(st::pack_f32(lanes), back);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(back[i], lanes[i]);
  float halves[32], halves_back[32];
  for (int i = 0; i < 32; ++i) halves[i] = static_cast<float>(i) / 8;
  word512 word;
  for (int i = 0; i < 32; ++i) st::set_lane_f16(word, i, halves[i]);
  st::unpack_f16(word, halves_back);
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(halves_back[i], halves[i]);
    EXPECT_EQ(st::lane_f16(word, i), halves[i]);
  }
}

TEST(Float16, EveryHalfEqualsTheHardware) {
  const CardFloatMode mode;
  for (uint32_t half = 0; half < 0x10000; ++half) {
    const uint32_t expected = st::bits_of_float(_cvtsh_ss(static_cast<uint16_t>(half)));
    ASSERT_EQ(st::bits_of_float(st::f32_of_f16_bits(static_cast<uint16_t>(half))), expected) << half;
    ASSERT_EQ(st::bits_of_float(st::f32_of_f16(static_cast<uint16_t>(half))), expected) << half;
  }
}

// All 2^32 agree; this walks every exponent and sign with the mantissas around each rounding border,
// and a sample of the rest.
TEST(Float16, FloatsEqualTheHardware) {
  const CardFloatMode mode;
  const auto check = [](uint32_t bits) {
    const float value = st::float_of_bits(bits);
    const uint16_t expected = _cvtss_sh(value, _MM_FROUND_TO_NEAREST_INT);
    ASSERT_EQ(st::f16_bits_of_f32(value), expected) << std::hex << bits;
    ASSERT_EQ(st::f16_of_f32(value), expected) << std::hex << bits;
  };
  for (uint32_t high = 0; high < 1u << 19; ++high) {
    for (const uint32_t low : {0u, 1u, 0xfffu, 0x1000u, 0x1001u, 0x1fffu}) check(high << 13 | low);
  }
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += 4099) check(static_cast<uint32_t>(bits));
}

}  // namespace
