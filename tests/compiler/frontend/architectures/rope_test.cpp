// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/architectures/rope.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "kernels/contract/kv_pages.h"
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

constexpr int64_t kSmallHeadDim = 32;
constexpr int64_t kOriginalContext = 4096;
constexpr int64_t kLongContext = 131072;

Metadata LongRope() {
  std::vector<double> near, far;
  for (int i = 0; i < kSmallHeadDim / 2; ++i) {
    near.push_back(1 + 0.01 * i);
    far.push_back(1.05 + 0.5 * i * i);
  }
  return {{"rope_scaling.rope_type", std::string("longrope")},
          {"rope_scaling.short_factor", near},
          {"rope_scaling.long_factor", far},
          {"rope_scaling.original_max_position_embeddings", kOriginalContext}};
}

absl::StatusOr<RopeConfig> ReadLong(const Metadata& metadata) {
  MemoryCheckpoint checkpoint(CheckpointDialect::kHuggingFace, "x");
  checkpoint.metadata = metadata;
  return ReadRope(Hyperparameters(checkpoint, "x"), kSmallHeadDim, kLongContext);
}

// Cosine and sine of a pair at a position, in tables of `positions`.
void ExpectRotation(const RopeConfig& rope, int64_t positions, int64_t position, int64_t pair, float cosine,
                    float sine) {
  const auto at = static_cast<size_t>(position * kSmallHeadDim / 2 + pair);
  // The values compared with are of angles in float32.
  constexpr float kTolerance = 2e-4f;
  EXPECT_NEAR(RopeTable(rope, kSmallHeadDim, positions, RopeFunction::kCosine)[at], cosine, kTolerance);
  EXPECT_NEAR(RopeTable(rope, kSmallHeadDim, positions, RopeFunction::kSine)[at], sine, kTolerance);
}

// The values are of Phi3RotaryEmbedding of transformers 5.24.0 with these numbers, for sequences of 4096 and
// of 4097 tokens.
TEST(ReadRope, LongRopeHasTwoSetsOfDivisors) {
  absl::StatusOr<RopeConfig> rope = ReadLong(LongRope());
  ASSERT_TRUE(rope.ok()) << rope.status();
  EXPECT_NEAR(rope->magnitude, 1.1902380714238083, 1e-12);
  ExpectRotation(*rope, kOriginalContext, 1, 0, 0.6430884599685669f, 1.0015507936477661f);
  ExpectRotation(*rope, kOriginalContext, 1000, 5, -1.1770075559616089f, -0.17697396874427795f);
  ExpectRotation(*rope, kOriginalContext, 4000, 15, 0.9697233438491821f, 0.6901473999023438f);
  ExpectRotation(*rope, kOriginalContext + contract::kPageTokens, 1, 0, 0.6900342106819153f,
                 0.9698038697242737f);
  ExpectRotation(*rope, kOriginalContext + contract::kPageTokens, 1000, 5, -0.6345243453979492f,
                 -1.0069984197616577f);
  ExpectRotation(*rope, kOriginalContext + contract::kPageTokens, 4000, 15, 1.19021475315094f,
                 0.0074559650383889675f);
  Metadata metadata = LongRope();
  metadata["rope_scaling.attention_factor"] = 1.25;
  rope = ReadLong(metadata);
  ASSERT_TRUE(rope.ok()) << rope.status();
  ExpectRotation(*rope, kOriginalContext + contract::kPageTokens, 1, 0, 0.7246809005737305f,
                 1.0184977054595947f);
  // Older files have another name for the scaling, and the original context beside it.
  metadata = LongRope();
  metadata.erase("rope_scaling.original_max_position_embeddings");
  metadata["original_max_position_embeddings"] = kOriginalContext;
  metadata["rope_scaling.rope_type"] = std::string("su");
  rope = ReadLong(metadata);
  ASSERT_TRUE(rope.ok()) << rope.status();
  ExpectRotation(*rope, kOriginalContext, 1, 0, 0.6430884599685669f, 1.0015507936477661f);
  ExpectRotation(*rope, kOriginalContext + contract::kPageTokens, 1, 0, 0.6900342106819153f,
                 0.9698038697242737f);
}

TEST(ReadRope, LongRopeOfGguf) {
  MemoryCheckpoint checkpoint(CheckpointDialect::kGguf, "x");
  checkpoint.metadata = {{"x.rope.scaling.original_context_length", kOriginalContext},
                         {"x.rope.scaling.attn_factor", 1.19}};
  const auto read = [&] { return ReadRope(Hyperparameters(checkpoint, "x"), kSmallHeadDim, kLongContext); };
  checkpoint.AddFloats("rope_factors_short.weight", {kSmallHeadDim / 2}, 1);
  EXPECT_NE(read().status().message().find("has the first two, the last or none"), std::string::npos);
  checkpoint.AddFloats("rope_factors_long.weight", {kSmallHeadDim / 2}, 2);
  absl::StatusOr<RopeConfig> rope = read();
  ASSERT_TRUE(rope.ok()) << rope.status();
  EXPECT_EQ(rope->magnitude, 1.19);
  EXPECT_EQ(rope->divisors[3], 1 + 3.0f / 1024);
  EXPECT_EQ(rope->long_divisors[3], 2 + 3.0f / 1024);
  checkpoint.Remove("rope_factors_long.weight");
  checkpoint.Remove("rope_factors_short.weight");
  checkpoint.metadata["x.rope.scaling.type"] = std::string("longrope");
  EXPECT_NE(read().status().message().find("are missing"), std::string::npos);
}

// It scales only sequences that are longer than the model was trained for.
TEST(ReadRope, DynamicScalingIsNoneWithinTheTrainedContext) {
  ExpectEqual(HuggingFace({{"rope_scaling.rope_type", std::string("dynamic")}, {"rope_scaling.factor", 4.0}}),
              HuggingFace({}));
}

TEST(ReadRope, Refuses) {
  const auto refusal = [](const Metadata& metadata) {
    return std::string(HuggingFace(metadata).status().message());
  };
  EXPECT_NE(refusal({{"rope_scaling.rope_type", std::string("spiral")}, {"rope_scaling.factor", 4.0}})
                .find("RoPE scaling 'spiral' can't be compiled yet"),
            std::string::npos);
  EXPECT_EQ(refusal({{"rope_scaling.rope_type", std::string("longrope")}, {"rope_scaling.factor", 4.0}}),
            "metadata key 'rope_scaling.short_factor' is missing");
  EXPECT_EQ(
      refusal({{"rope_scaling.rope_type", std::string("longrope")},
               {"rope_scaling.short_factor", std::vector<double>(31, 1.0)}}),
      "metadata key 'rope_scaling.short_factor' has 31 numbers, expected 32, one for each pair of a head");
  EXPECT_EQ(refusal({{"rope_scaling.rope_type", std::string("longrope")},
                     {"rope_scaling.short_factor", std::vector<double>(32, 1.0)},
                     {"rope_scaling.long_factor", std::vector<double>(32, -1.0)}}),
            "metadata key 'rope_scaling.long_factor', element 0 is -1, expected a positive number");
  EXPECT_NE(refusal({{"rope_scaling.rope_type", std::string("dynamic")}}).find("'rope_scaling.factor'"),
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
