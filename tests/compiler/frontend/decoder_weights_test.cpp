// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/decoder_weights.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/compiler/frontend/memory_checkpoint.h"

namespace streamtensor::compiler {
namespace {

constexpr int64_t kLayers = 2;

// Two of three matrices in one tensor, a bias that may be missing, positions, a computed table.
TensorSpecs Specs() {
  WeightSpec second = MatrixWeight("blk.{layer}.second.weight", "model.h.{layer}.all.weight", 32, 64);
  second.gguf = "blk.{layer}.all.weight";
  second.first_row = 32;
  second.tensor_rows = 96;
  second.hugging_face_transposed = true;
  TensorSpecs specs;
  specs.weights = {
      MatrixWeight("token_embd.weight", "model.embed.weight", 7, 64),
      {.kind = WeightKind::kPositions,
       .name = "positions",
       .rows = 5,
       .columns = 3,
       .hugging_face = "model.positions"},
      {.kind = WeightKind::kComputed, .name = "table", .columns = 2, .shared_by_layers = true},
      second,
      Optional(VectorWeight("blk.{layer}.second.bias", "model.h.{layer}.bias", 32)),
  };
  specs.hugging_face_prefix = "model.";
  specs.unused = {"model.h.{layer}.mask"};
  return specs;
}

std::shared_ptr<MemoryCheckpoint> HuggingFace(const std::string& prefix) {
  auto checkpoint = std::make_shared<MemoryCheckpoint>(CheckpointDialect::kHuggingFace, "x");
  checkpoint->AddFloats(prefix + "embed.weight", {7, 64});
  checkpoint->AddFloats(prefix + "positions", {5, 3});
  for (const char* layer : {"0", "1"}) {
    checkpoint->AddFloats(prefix + "h." + layer + ".all.weight", {64, 96}, *layer == '0' ? 0.0f : 1.0f);
    checkpoint->AddFloats(prefix + "h." + layer + ".mask", {1});
  }
  return checkpoint;
}

std::vector<float> Floats(const absl::StatusOr<std::vector<uint8_t>>& bytes) {
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  if (!bytes.ok()) return {};
  std::vector<float> values(bytes->size() / sizeof(float));
  std::memcpy(values.data(), bytes->data(), bytes->size());
  return values;
}

std::shared_ptr<const WeightSource> Source(const std::shared_ptr<const Checkpoint>& checkpoint,
                                           int64_t positions) {
  const auto weights = FindDecoderWeights(*checkpoint, kLayers, Specs());
  EXPECT_TRUE(weights.ok()) << weights.status();
  return MakeDecoderWeights(checkpoint, *weights, positions, [](std::string_view, int64_t rows) {
    return std::vector<float>(rows * 2, 0.5f);
  });
}

TEST(DecoderWeights, TakesTransposedPartsOfATensor) {
  // Names with the prefix, and without.
  for (const char* prefix : {"model.", ""}) {
    const auto checkpoint = HuggingFace(prefix);
    const auto weights = FindDecoderWeights(*checkpoint, kLayers, Specs());
    ASSERT_TRUE(weights.ok()) << weights.status();
    ASSERT_EQ(weights->size(), 4u);  // no bias
    const DecoderWeight& second = (*weights)[3];
    ASSERT_EQ(second.tensors.size(), 2u);
    const StoredMatrix part = StoredPart(second, *second.tensors[1]);
    for (const int64_t row : {0, 31}) {
      for (const int64_t group : {0, 1}) {
        float values[contract::kGroupElements];
        FileValues(part, row * 2 + group, values);
        for (int64_t k = 0; k < contract::kGroupElements; ++k) {
          const int64_t element = (group * 32 + k) * 96 + 32 + row;  // of [64 x 96]
          EXPECT_EQ(values[k], 1 + static_cast<float>(element) / 1024);
        }
      }
    }
    EXPECT_TRUE(Source(checkpoint, 4)->Read("blk.1.second.weight", WeightPart::kQ).ok());
  }
}

TEST(DecoderWeights, TakesRowsOfATensor) {
  auto checkpoint = std::make_shared<MemoryCheckpoint>(CheckpointDialect::kGguf, "x");
  checkpoint->AddFloats("token_embd.weight", {7, 64});
  checkpoint->AddFloats("positions", {5, 3});
  for (const char* layer : {"0", "1"}) {
    checkpoint->AddFloats(std::string("blk.") + layer + ".all.weight", {96, 64});
    checkpoint->AddFloats(std::string("blk.") + layer + ".second.bias", {32}, 3);
  }
  const auto weights = FindDecoderWeights(*checkpoint, kLayers, Specs());
  ASSERT_TRUE(weights.ok()) << weights.status();
  const DecoderWeight& second = (*weights)[3];
  float values[contract::kGroupElements];
  FileValues(StoredPart(second, *second.tensors[0]), 1, values);
  EXPECT_EQ(values[0], (32 * 64 + 32) / 1024.0f);
  EXPECT_EQ(Floats(Source(checkpoint, 4)->Read("blk.1.second.bias", WeightPart::kValue)).back(),
            3 + 31 / 1024.0f);
}

TEST(DecoderWeights, TablesHaveARowForEachPosition) {
  const auto checkpoint = HuggingFace("model.");
  for (const int64_t positions : {4, 8}) {
    const auto source = Source(checkpoint, positions);
    const std::vector<float> values = Floats(source->Read("positions", WeightPart::kValue));
    ASSERT_EQ(values.size(), static_cast<size_t>(positions * 3));
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(values[i], i < 15 ? static_cast<float>(i) / 1024 : 0.0f) << i;
    }
    EXPECT_EQ(Floats(source->Read("table", WeightPart::kValue)), std::vector<float>(positions * 2, 0.5f));
  }
}

// Of 192 columns: groups of 64. A table that is no head stays in bytes.
TEST(QuantiseMatrices, ChoosesFormats) {
  const auto formats = [](Quantisation quantise, bool has_head) {
    TensorSpecs specs;
    specs.weights = {MatrixWeight("token_embd.weight", "", 32, 128),
                     MatrixWeight("blk.{layer}.a", "", 16, 192), MatrixWeight("blk.{layer}.b", "", 16, 96),
                     MatrixWeight("blk.{layer}.c", "", 16, 128)};
    if (has_head) specs.weights.push_back(MatrixWeight("output.weight", "", 32, 128));
    MemoryCheckpoint checkpoint(CheckpointDialect::kGguf, "x");
    checkpoint.AddFloats("token_embd.weight", {32, 128});
    if (has_head) checkpoint.AddFloats("output.weight", {32, 128});
    for (const char* layer : {"0", "1"}) {
      const std::string prefix = std::string("blk.") + layer;
      checkpoint.AddFloats(prefix + ".a", {16, 192});
      checkpoint.AddFloats(prefix + ".b", {16, 96});
      checkpoint.AddFloats(prefix + ".c", {16, 128});
    }
    // In one layer only: the weight keeps what its file has, for all.
    checkpoint.Mutable("blk.1.c")->type = GgufTensorType::kQ4_0;
    const auto weights = QuantiseMatrices(*FindDecoderWeights(checkpoint, kLayers, specs), quantise);
    std::vector<CardFormat> found;
    for (const DecoderWeight& weight : *weights) found.push_back(weight.format);
    return found;
  };
  const CardFormat i8 = MatrixFormat::kI8, wide(MatrixFormat::kU4, 128), half(MatrixFormat::kU4, 64);
  EXPECT_EQ(formats(Quantisation::kW4G128, false),
            (std::vector<CardFormat>{wide, half, MatrixFormat::kU4, i8}));
  EXPECT_EQ(formats(Quantisation::kW4G128, true),
            (std::vector<CardFormat>{i8, half, MatrixFormat::kU4, i8, wide}));
  EXPECT_EQ(formats(Quantisation::kW8, true), std::vector<CardFormat>(5, i8));
  EXPECT_EQ(formats(Quantisation::kNone, true), std::vector<CardFormat>(5, i8));
}

TEST(QuantiseMatrices, PartsHaveTheirGroups) {
  const auto checkpoint = HuggingFace("model.");
  const auto weights =
      QuantiseMatrices(*FindDecoderWeights(*checkpoint, kLayers, Specs()), Quantisation::kW4G128);
  ASSERT_TRUE(weights.ok()) << weights.status();
  const auto source = MakeDecoderWeights(checkpoint, *weights, 4, [](std::string_view, int64_t rows) {
    return std::vector<float>(static_cast<size_t>(rows) * 2);
  });
  const std::string name = "blk.1.second.weight";  // transposed
  EXPECT_EQ(source->Shape(name, WeightPart::kQ)->dims, (std::vector<int64_t>{32, 1, 64}));
  EXPECT_EQ(source->Shape(name, WeightPart::kM)->dims, (std::vector<int64_t>{32, 1}));
  const MatrixParts parts = *source->ReadMatrix(name);
  EXPECT_EQ(parts.q, *source->Read(name, WeightPart::kQ));
  EXPECT_EQ(parts.d, *source->Read(name, WeightPart::kD));
  EXPECT_EQ(parts.m, *source->Read(name, WeightPart::kM));
  for (const int64_t row : {0, 31}) {
    uint16_t d = 0, m = 0;
    std::memcpy(&d, &parts.d[2 * row], 2);
    std::memcpy(&m, &parts.m[2 * row], 2);
    for (int64_t k = 0; k < 64; ++k) {
      const float value = 1 + static_cast<float>(k * 96 + 32 + row) / 1024;  // of [64 x 96]
      EXPECT_NEAR(FloatFromHalf(d) * parts.q[row * 64 + k] + FloatFromHalf(m), value, 0.6 * FloatFromHalf(d));
    }
  }
}

TEST(QuantiseMatrices, RefusesWhatHasNoFloats) {
  TensorSpecs specs;
  specs.weights = {MatrixWeight("token_embd.weight", "", 32, 128)};
  MemoryCheckpoint checkpoint(CheckpointDialect::kGguf, "x");
  checkpoint.AddFloats("token_embd.weight", {32, 128});
  checkpoint.Mutable("token_embd.weight")->type = GgufTensorType::kQ8_0;
  const auto weights = *FindDecoderWeights(checkpoint, kLayers, specs);
  EXPECT_TRUE(QuantiseMatrices(weights, Quantisation::kNone).ok());
  const absl::Status status = QuantiseMatrices(weights, Quantisation::kW8).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(status.message()).find("--quantise w8 is for matrices of F32"), std::string::npos);
}

TEST(DecoderWeights, RefusesByName) {
  const auto refusal = [](auto change) {
    const auto checkpoint = HuggingFace("model.");
    change(*checkpoint);
    const absl::Status status = FindDecoderWeights(*checkpoint, kLayers, Specs()).status();
    EXPECT_FALSE(status.ok());
    return std::string(status.message());
  };
  EXPECT_EQ(refusal([](MemoryCheckpoint& c) { c.Remove("model.h.1.all.weight"); }),
            "tensor 'model.h.1.all.weight' is missing");
  EXPECT_EQ(refusal([](MemoryCheckpoint& c) { c.AddFloats("model.h.0.all.weight", {96, 64}); }),
            "tensor 'model.h.0.all.weight' has dimensions [96, 64], expected [64, 96]");
  EXPECT_EQ(refusal([](MemoryCheckpoint& c) { c.AddFloats("model.h.0.other", {1}); }),
            "tensor 'model.h.0.other' is not part of the graph that can be compiled");
  EXPECT_EQ(refusal([](MemoryCheckpoint& c) { c.AddFloats("model.h.2.mask", {1}); }),
            "tensor 'model.h.2.mask' is not part of the graph that can be compiled");
  // An optional weight is there in all layers or in none.
  EXPECT_EQ(refusal([](MemoryCheckpoint& c) { c.AddFloats("model.h.0.bias", {32}); }),
            "tensor 'model.h.1.bias' is missing");
  EXPECT_EQ(refusal([](MemoryCheckpoint& c) { c.AddFloats("model.h.1.bias", {32}); }),
            "tensor 'model.h.1.bias' is not part of the graph that can be compiled");
  EXPECT_NE(refusal([](MemoryCheckpoint& c) {
              c.Mutable("model.embed.weight")->type = std::nullopt;
              c.Mutable("model.embed.weight")->type_name = "F8_E4M3";
            }).find("tensor 'model.embed.weight' has type F8_E4M3, which can't be compiled yet"),
            std::string::npos);
  EXPECT_NE(refusal([](MemoryCheckpoint& c) {
              c.Mutable("model.positions")->type = GgufTensorType::kQ8_0;
            }).find("must be F32, F16 or BF16"),
            std::string::npos);
}

}  // namespace
}  // namespace streamtensor::compiler
