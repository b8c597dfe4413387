// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "tests/compiler/frontend/gguf_builder.h"
#include "tests/compiler/frontend/graph_mutations.h"
#include "tests/compiler/frontend/import_test.h"

namespace streamtensor::compiler {
namespace {

constexpr uint64_t kHeadDim = 16;

GgufBuilder TinyQwen3File() {
  GgufBuilder file = TinyLlamaFile({.head_dim = kHeadDim, .architecture = "qwen3"});
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    file.AddTensor(layer + "attn_q_norm.weight", GgufTensorType::kF32, {kHeadDim});
    file.AddTensor(layer + "attn_k_norm.weight", GgufTensorType::kF32, {kHeadDim});
  }
  return file;
}

class Qwen3Import : public ImportTest {};

TEST_F(Qwen3Import, NormalisesEachHead) {
  const absl::StatusOr<ImportedModel> model = Import(TinyQwen3File());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->decoder->architecture(), "qwen3");
  const std::string text = Text(*model->module);
  // One sum a token and head, of queries and of keys.
  for (const char* part : {"blk.{layer}.attn_q_norm.weight", "blk.{layer}.attn_k_norm.weight",
                           "tensor<?x4xf32>", "tensor<?x2xf32>"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
}

TEST_F(Qwen3Import, MutationsChangeTheModule) {
  std::set<std::string> texts = {Text(*Import(TinyQwen3File())->module)};
  std::set<std::string_view> idle;
  for (const GraphMutation& mutation : GraphMutations()) {
    const absl::StatusOr<ImportedModel> model = Import(TinyQwen3File(), {.make_graph = mutation.make_graph});
    ASSERT_TRUE(model.ok()) << mutation.name << ": " << model.status();
    if (!texts.insert(Text(*model->module)).second) idle.insert(mutation.name);
  }
  EXPECT_EQ(idle, (std::set<std::string_view>{
                      "no-window", "window-off-by-one", "window-in-one-layer", "one-rope", "ropes-swapped",
                      "no-branch-norms", "no-embedding-scale", "learned-position", "no-learned-positions",
                      "no-attention-biases", "no-ffn-biases", "no-norm-biases"}));
}

TEST_F(Qwen3Import, RefusesByName) {
  GgufBuilder missing = TinyQwen3File();
  std::erase_if(missing.tensors,
                [](const auto& tensor) { return tensor.name == "blk.1.attn_k_norm.weight"; });
  EXPECT_NE(Import(missing).status().message().find("tensor 'blk.1.attn_k_norm.weight' is missing"),
            absl::string_view::npos)
      << Import(missing).status();
  GgufBuilder wide = TinyQwen3File();
  wide.Find("blk.0.attn_q_norm.weight")->dims = {kHeadDim / 2};
  EXPECT_NE(Import(wide).status().message().find(
                "tensor 'blk.0.attn_q_norm.weight' has dimensions [8], expected [16]"),
            absl::string_view::npos)
      << Import(wide).status();
}

}  // namespace
}  // namespace streamtensor::compiler
