// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "compiler/frontend/architectures/registry.h"
#include "compiler/frontend/checkpoint.h"
#include "tests/compiler/frontend/gguf_builder.h"
#include "tests/compiler/frontend/import_test.h"

namespace streamtensor::compiler {
namespace {

constexpr uint64_t kHidden = 64, kInner = 96, kHeads = 4, kKvHeads = 2, kHeadDim = 16;
constexpr uint64_t kFusedRows = (kHeads + 2 * kKvHeads) * kHeadDim;

// TinyLlamaFile()'s matrices, joined.
GgufBuilder TinyPhi3File() {
  GgufBuilder file = TinyLlamaFile({.architecture = "phi3"});
  std::erase_if(file.tensors, [](const auto& tensor) {
    return std::ranges::any_of(
        std::initializer_list<const char*>{"attn_q.", "attn_k.", "attn_v.", "ffn_gate.", "ffn_up."},
        [&](const char* part) { return tensor.name.find(part) != std::string::npos; });
  });
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    file.AddTensor(layer + "attn_qkv.weight", GgufTensorType::kQ4_1, {kHidden, kFusedRows});
    file.AddTensor(layer + "ffn_up.weight", GgufTensorType::kQ4_1, {kHidden, 2 * kInner});
  }
  return file;
}

class Phi3Import : public ImportTest {};

TEST_F(Phi3Import, SplitsTensors) {
  const auto checkpoint = OpenCheckpoint(Write(TinyPhi3File()));
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  const auto model = ReadDecoder(**checkpoint);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->architecture(), "phi3");
  std::set<std::string_view> found;
  for (const DecoderWeight& weight : (*model)->weights()) {
    const WeightSpec& spec = weight.spec;
    if (spec.tensor_rows == 0) continue;
    found.insert(spec.name);
    EXPECT_EQ(weight.tensors[1]->name,
              spec.gguf == "blk.{layer}.ffn_up.weight" ? "blk.1.ffn_up.weight" : "blk.1.attn_qkv.weight");
    const int64_t first = spec.name == "blk.{layer}.attn_k.weight"   ? kHeads * kHeadDim
                          : spec.name == "blk.{layer}.attn_v.weight" ? (kHeads + kKvHeads) * kHeadDim
                          : spec.name == "blk.{layer}.ffn_up.weight" ? kInner
                                                                     : 0;
    EXPECT_EQ(spec.first_row, first) << spec.name;
  }
  EXPECT_EQ(found, (std::set<std::string_view>{"blk.{layer}.attn_q.weight", "blk.{layer}.attn_k.weight",
                                               "blk.{layer}.attn_v.weight", "blk.{layer}.ffn_gate.weight",
                                               "blk.{layer}.ffn_up.weight"}));
}

TEST_F(Phi3Import, ReadsItsWindow) {
  GgufBuilder file = TinyPhi3File();
  file.Uint("phi3.attention.sliding_window", 7);
  EXPECT_NE(Text(*Import(file)->module).find("windows = array<i64: 7, 7>"), std::string::npos);
}

TEST_F(Phi3Import, RefusesByName) {
  const auto refusal = [&](const GgufBuilder& file) { return std::string(Import(file).status().message()); };
  GgufBuilder narrow = TinyPhi3File();
  narrow.Find("blk.0.attn_qkv.weight")->dims = {kHidden, kHeads * kHeadDim};
  EXPECT_NE(
      refusal(narrow).find("tensor 'blk.0.attn_qkv.weight' has dimensions [64, 64], expected [64, 128]"),
      std::string::npos)
      << refusal(narrow);
  // Factors that no file has.
  GgufBuilder longrope = TinyPhi3File();
  longrope.AddTensor("rope_factors_long.weight", GgufTensorType::kF32, {kHeadDim / 2});
  EXPECT_NE(refusal(longrope).find("tensor 'rope_factors_long.weight', element 0 is "), std::string::npos)
      << refusal(longrope);
  GgufBuilder partial = TinyPhi3File();
  partial.Uint("phi3.rope.dimension_count", 8);
  EXPECT_NE(refusal(partial).find("RoPE 8 wide can't be compiled yet"), std::string::npos);
}

}  // namespace
}  // namespace streamtensor::compiler
