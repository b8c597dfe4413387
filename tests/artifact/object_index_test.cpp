// SPDX-License-Identifier: Apache-2.0
#include "artifact/object_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace streamtensor::artifact {
namespace {

std::vector<std::byte> Bytes(const std::string& text) {
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

std::string ReadError(std::span<const std::byte> section) {
  return std::string(ReadObjectIndex(section).status().message());
}

TEST(ObjectIndex, RoundTrip) {
  const auto a = Bytes("first object"), b = Bytes("second");
  const ObjectEntry entries[] = {{"x86-64-v3", a}, {"x86-64-v4-vnni", b}};
  const auto section = WriteObjectIndex(entries);
  ASSERT_TRUE(section.ok()) << section.status();
  const auto read = ReadObjectIndex(*section);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].isa, "x86-64-v3");
  EXPECT_TRUE(std::equal(a.begin(), a.end(), (*read)[0].object.begin(), (*read)[0].object.end()));
  EXPECT_TRUE(std::equal(b.begin(), b.end(), (*read)[1].object.begin(), (*read)[1].object.end()));
}

TEST(ObjectIndex, WriterRefusesWhatReadersWould) {
  const auto a = Bytes("x");
  EXPECT_EQ(WriteObjectIndex({}).status().message(), "an index of 0 objects; it holds 1..16");
  const ObjectEntry twice[] = {{"x86-64-v3", a}, {"x86-64-v3", a}};
  EXPECT_EQ(WriteObjectIndex(twice).status().message(), "two objects for x86-64-v3");
  const ObjectEntry long_name[] = {{std::string(32, 'x'), a}};
  EXPECT_EQ(WriteObjectIndex(long_name).status().message(),
            "an instruction set's name has 32 characters, must have 1..31");
}

TEST(ObjectIndex, NamesDamage) {
  const auto a = Bytes("object");
  const ObjectEntry entries[] = {{"x86-64-v3", a}};
  const auto good = *WriteObjectIndex(entries);
  EXPECT_NE(ReadError({}).find("STOBJIDX"), std::string::npos);
  const auto with = [&](std::size_t at, uint64_t value, std::size_t bytes) {
    auto section = good;
    std::memcpy(section.data() + at, &value, bytes);
    return ReadError(section);
  };
  EXPECT_NE(with(8, 2, 4).find("index version 2, expected 1"), std::string::npos);
  EXPECT_NE(with(12, 0, 4).find("0 entries"), std::string::npos);
  EXPECT_NE(with(12, 0xffffffff, 4).find("4294967295 entries"), std::string::npos);
  EXPECT_NE(with(48, ~0ull, 8).find("offset 48"), std::string::npos);
  EXPECT_NE(with(56, ~0ull, 8).find("claims bytes"), std::string::npos);
  EXPECT_NE(with(48, 0, 8).find("claims bytes 0+6"), std::string::npos);
}

TEST(ObjectIndex, RandomDamageIsAnErrorOrStaysInside) {
  const auto a = Bytes(std::string(200, 'a')), b = Bytes(std::string(300, 'b'));
  const ObjectEntry entries[] = {{"x86-64-v3", a}, {"x86-64-v4-vnni", b}};
  const auto good = *WriteObjectIndex(entries);
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    auto section = good;
    for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
      section[random() % 112] = static_cast<std::byte>(random());
    }
    section.resize(section.size() - random() % 3 * (random() % section.size()) / 2);
    const auto read = ReadObjectIndex(section);
    if (!read.ok()) {
      EXPECT_FALSE(read.status().message().empty());
      continue;
    }
    for (const ObjectEntry& entry : *read) {
      ASSERT_GE(entry.object.data(), section.data());
      ASSERT_LE(entry.object.data() + entry.object.size(), section.data() + section.size());
    }
  }
}

TEST(ObjectIndex, SelectsBestOrForced) {
  const auto a = Bytes("object");
  const ObjectEntry entries[] = {{"x86-64-v3", a}, {"x86-64-v4-vnni", a}};
  const auto best = SelectObject(entries, "");
  ASSERT_TRUE(best.ok()) << best.status();
  EXPECT_EQ(best->isa, CpuRunsIsa(kIsaV4Vnni) ? "x86-64-v4-vnni" : "x86-64-v3");
  EXPECT_EQ(SelectObject(entries, "x86-64-v3").value().isa, "x86-64-v3");
  EXPECT_EQ(SelectObject(entries, "sse2").status(),
            absl::FailedPreconditionError(
                "STREAMTENSOR_ISA asks for sse2, the design is built for x86-64-v3, x86-64-v4-vnni"));
  const ObjectEntry foreign[] = {{"riscv", a}};
  EXPECT_EQ(SelectObject(foreign, "").status(),
            absl::FailedPreconditionError(
                "this CPU runs none of the instruction sets the design is built for: riscv"));
}

}  // namespace
}  // namespace streamtensor::artifact
