// SPDX-License-Identifier: Apache-2.0
#include "runtime/executable/sample_words.h"

#include <gtest/gtest.h>

#include <bit>
#include <complex>
#include <cstring>
#include <limits>
#include <vector>

namespace streamtensor::runtime {
namespace {

template <class Element>
std::vector<uint32_t> Words(ElementType type, const std::vector<Element>& elements) {
  EXPECT_EQ(ElementBytes(type), sizeof(Element));
  std::vector<uint32_t> words(elements.size() * WordsOf(type));
  ToWords(type, std::as_bytes(std::span(elements)), words);
  // Back again: the same bytes.
  std::vector<Element> again(elements.size());
  FromWords(type, words, std::as_writable_bytes(std::span(again)));
  EXPECT_EQ(std::memcmp(again.data(), elements.data(), elements.size() * sizeof(Element)), 0)
      << ElementName(type);
  return words;
}

using W = std::vector<uint32_t>;

TEST(SampleWords, HoldIntegersAsBits) {
  EXPECT_EQ(Words<int64_t>(ElementType::kInt64, {1, -2, std::numeric_limits<int64_t>::min()}),
            (W{1, 0, 0xfffffffe, 0xffffffff, 0, 0x80000000}));
  EXPECT_EQ(Words<int32_t>(ElementType::kInt32, {7, -1}), (W{7, 0xffffffff}));
  EXPECT_EQ(Words<int16_t>(ElementType::kInt16, {-3, 300}), (W{0xfffffffd, 300}));
  EXPECT_EQ(Words<int8_t>(ElementType::kInt8, {-128, 127}), (W{0xffffff80, 127}));
  EXPECT_EQ(Words<uint8_t>(ElementType::kBool, {0, 1}), (W{0, 1}));
}

TEST(SampleWords, HoldFloatsAsFloat32OrBits) {
  EXPECT_EQ(Words<float>(ElementType::kFloat32, {1.5f, -0.0f}), (W{0x3fc00000, 0x80000000}));
  EXPECT_EQ(Words<double>(ElementType::kFloat64, {1.5}), (W{0, 0x3ff80000}));
  // 1.5, the least subnormal, infinity.
  EXPECT_EQ(Words<uint16_t>(ElementType::kFloat16, {0x3e00, 1, 0x7c00}),
            (W{0x3fc00000, std::bit_cast<uint32_t>(0x1p-24f), 0x7f800000}));
  EXPECT_EQ(Words<uint16_t>(ElementType::kBFloat16, {0x3fc0, 0xff80}), (W{0x3fc00000, 0xff800000}));
}

TEST(SampleWords, HoldTheRealPartOfAComplexNumberFirst) {
  EXPECT_EQ(Words<std::complex<float>>(ElementType::kComplex64, {{1.5f, -0.0f}, {2, 1}}),
            (W{0x3fc00000, 0x80000000, 0x40000000, 0x3f800000}));
}

TEST(SampleWords, TakeAnyByteForABoolean) {
  const std::vector<uint8_t> bytes = {2, 255, 0};
  std::vector<uint32_t> words(3);
  ToWords(ElementType::kBool, std::as_bytes(std::span(bytes)), words);
  EXPECT_EQ(words, (W{1, 1, 0}));
}

}  // namespace
}  // namespace streamtensor::runtime
