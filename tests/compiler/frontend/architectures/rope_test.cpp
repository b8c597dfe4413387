// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/architectures/rope.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "tests/compiler/frontend/memory_checkpoint.h"

namespace streamtensor::compiler {
namespace {

using Metadata = std::map<std::string, MemoryCheckpoint::Value>;

constexpr int64_t kHeadDim = 64;
constexpr int64_t kContext = 4096;

absl::StatusOr<RopeConfig> Read(CheckpointDialect dialect, const Metadata& metadata) {
  MemoryCheckpoint checkpoint(dialect, "x");
  checkpoint.metadata = metadata;
  return ReadRope(Hyperparameters(checkpoint, "x"), kHeadDim, kContext);
}

absl::StatusOr<RopeConfig> Gguf(const Metadata& metadata) { return Read(CheckpointDialect::kGguf, metadata); }
absl::StatusOr<RopeConfig> HuggingFace(const Metadata& metadata) {
  return Read(CheckpointDialect::kHuggingFace, metadata);
}

void ExpectEqual(const absl::StatusOr<RopeConfig>& a, const absl::StatusOr<RopeConfig>& b) {
  ASSERT_TRUE(a.ok()) << a.status();
  ASSERT_TRUE(b.ok()) << b.status();
  EXPECT_EQ(RopeFrequencies(*a, kHeadDim), RopeFrequencies(*b, kHeadDim));
  EXPECT_EQ(a->magnitude, b->magnitude);
}

TEST(ReadRope, DialectsAgree) {
  ExpectEqual(Gguf({}), HuggingFace({}));
  ExpectEqual(Gguf({{"x.rope.freq_base", 5e5}}), HuggingFace({{"rope_theta", 5e5}}));
  ExpectEqual(Gguf({{"x.rope.scaling.type", std::string("linear")}, {"x.rope.scaling.factor", 4.0}}),
              HuggingFace({{"rope_scaling.rope_type", std::string("linear")}, {"rope_scaling.factor", 4.0}}));
  ExpectEqual(Gguf({{"x.rope.scaling.type", std::string("yarn")},
                    {"x.rope.scaling.factor", 4.0},
                    {"x.rope.scaling.original_context_length", int64_t{1024}}}),
              HuggingFace({{"rope_scaling.rope_type", std::string("yarn")},
                           {"rope_scaling.factor", 4.0},
                           {"rope_scaling.original_max_position_embeddings", int64_t{1024}}}));
}

TEST(ReadRope, MakesDivisorsOfLlama3) {
  const absl::StatusOr<RopeConfig> rope =
      HuggingFace({{"rope_theta", 5e5},
                   {"rope_scaling.rope_type", std::string("llama3")},
                   {"rope_scaling.factor", 8.0},
                   {"rope_scaling.low_freq_factor", 1.0},
                   {"rope_scaling.high_freq_factor", 4.0},
                   {"rope_scaling.original_max_position_embeddings", int64_t{8192}}});
  ASSERT_TRUE(rope.ok()) << rope.status();
  ASSERT_EQ(rope->divisors.size(), 32u);
  // The first pair turns 1304 times within 8192 positions, the last less than once; pair 17 turns 1.22 times.
  EXPECT_EQ(rope->divisors.front(), 1);
  EXPECT_EQ(rope->divisors.back(), 8);
  const double turns = 8192 * std::pow(5e5, -34.0 / 64) / (2 * M_PI);
  const double kept = (turns - 1) / 3;
  EXPECT_FLOAT_EQ(rope->divisors[17], static_cast<float>(1 / ((1 - kept) / 8 + kept)));
}

TEST(ReadRope, Refuses) {
  const auto refusal = [](const Metadata& metadata) {
    return std::string(HuggingFace(metadata).status().message());
  };
  EXPECT_NE(refusal({{"rope_scaling.rope_type", std::string("longrope")}, {"rope_scaling.factor", 4.0}})
                .find("RoPE scaling 'longrope' can't be compiled yet"),
            std::string::npos);
  EXPECT_EQ(refusal({{"rope_scaling.rope_type", std::string("yarn")}, {"rope_scaling.mscale", 0.7}}),
            "RoPE scaling by 'rope_scaling.mscale' can't be compiled yet");
  EXPECT_EQ(refusal({{"rope_parameters.full_attention.rope_theta", 1e6}}),
            "RoPE scaling by 'rope_parameters.full_attention.rope_theta' can't be compiled yet");
  EXPECT_NE(refusal({{"rope_scaling.rope_type", std::string("linear")}}).find("'rope_scaling.factor'"),
            std::string::npos);
  EXPECT_NE(refusal({{"rope_scaling.rope_type", std::string("yarn")},
                     {"rope_scaling.factor", 4.0},
                     {"rope_scaling.beta_fast", 16.0}})
                .find("beta_fast"),
            std::string::npos);
  EXPECT_NE(refusal({{"rope_scaling.rope_type", std::string("llama3")},
                     {"rope_scaling.factor", 8.0},
                     {"rope_scaling.low_freq_factor", 4.0},
                     {"rope_scaling.high_freq_factor", 4.0}})
                .find("'rope_scaling.high_freq_factor' is 4, expected more than low_freq_factor 4"),
            std::string::npos);
}

}  // namespace
}  // namespace streamtensor::compiler
