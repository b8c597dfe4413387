// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <gtest/gtest.h>

namespace streamtensor::base {
namespace {

// FIPS 180-2, appendix B.
constexpr char kOfNothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kOfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256, HashesTheStandardsExamples) {
  EXPECT_EQ(HexOf(Sha256Of("")), kOfNothing);
  EXPECT_EQ(HexOf(Sha256Of(std::span<const std::byte>())), kOfNothing);
  EXPECT_EQ(HexOf(Sha256Of("abc")), kOfAbc);
  EXPECT_EQ(Sha256Of("abc")[0], 0xba);
}

TEST(Sha256, TakesPieces) {
  Sha256 hash;
  hash.Add("a");
  hash.Add("");
  hash.Add(std::as_bytes(std::span("bc", 2)));
  EXPECT_EQ(HexOf(hash.Finish()), kOfAbc);
  EXPECT_EQ(HexOf(Sha256().Finish()), kOfNothing);
}

}  // namespace
}  // namespace streamtensor::base
