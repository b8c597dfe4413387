// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "compiler/frontend/architectures/registry.h"
#include "tests/compiler/frontend/gguf_builder.h"
#include "tests/compiler/frontend/graph_mutations.h"
#include "tests/compiler/frontend/import_test.h"
#include "tests/compiler/frontend/memory_checkpoint.h"

namespace streamtensor::compiler {
namespace {

constexpr int64_t kHidden = 64;
constexpr int64_t kInner = 256;
constexpr int64_t kVocabulary = 16;
constexpr int64_t kContext = 100;

// A sound GPT-2 of two layers, with the tokenizer of TinyLlamaFile().
GgufBuilder TinyGpt2File(GgufTensorType matrices = GgufTensorType::kQ8_0) {
  GgufBuilder file = TinyLlamaFile();
  file.tensors.clear();
  file.Text("general.architecture", "gpt2");
  file.Uint("gpt2.block_count", 2);
  file.Uint("gpt2.context_length", kContext);
  file.Uint("gpt2.embedding_length", kHidden);
  file.Uint("gpt2.feed_forward_length", kInner);
  file.Uint("gpt2.attention.head_count", 4);
  file.Float("gpt2.attention.layer_norm_epsilon", 1e-5f);
  const auto floats = [&](const std::string& name, uint64_t width) {
    file.AddTensor(name, GgufTensorType::kF32, {width});
  };
  const auto linear = [&](const std::string& name, uint64_t columns, uint64_t rows) {
    file.AddTensor(name + ".weight", matrices, {columns, rows});
    floats(name + ".bias", rows);
  };
  const auto norm = [&](const std::string& name) {
    floats(name + ".weight", kHidden);
    floats(name + ".bias", kHidden);
  };
  file.AddTensor("token_embd.weight", GgufTensorType::kQ8_0, {kHidden, kVocabulary});
  file.AddTensor("position_embd.weight", GgufTensorType::kF32, {kHidden, kContext});
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    norm(layer + "attn_norm");
    linear(layer + "attn_qkv", kHidden, 3 * kHidden);
    linear(layer + "attn_output", kHidden, kHidden);
    norm(layer + "ffn_norm");
    linear(layer + "ffn_up", kHidden, kInner);
    linear(layer + "ffn_down", kInner, kHidden);
  }
  norm("output_norm");
  return file;
}

MemoryCheckpoint TinyGpt2Folder() {
  MemoryCheckpoint folder(CheckpointDialect::kHuggingFace, "gpt2");
  folder.metadata = {{"n_layer", int64_t{1}},
                     {"n_embd", kHidden},
                     {"n_head", int64_t{4}},
                     {"n_positions", kContext},
                     {"vocab_size", kVocabulary},
                     {"layer_norm_epsilon", 1e-5},
                     {"activation_function", std::string("gelu_new")}};
  const auto linear = [&](const std::string& name, int64_t columns, int64_t rows) {
    folder.AddFloats(name + ".weight", {columns, rows});
    folder.AddFloats(name + ".bias", {rows});
  };
  const auto norm = [&](const std::string& name) {
    folder.AddFloats(name + ".weight", {kHidden});
    folder.AddFloats(name + ".bias", {kHidden});
  };
  folder.AddFloats("transformer.wte.weight", {kVocabulary, kHidden});
  folder.AddFloats("transformer.wpe.weight", {kContext, kHidden});
  norm("transformer.h.0.ln_1");
  linear("transformer.h.0.attn.c_attn", kHidden, 3 * kHidden);
  linear("transformer.h.0.attn.c_proj", kHidden, kHidden);
  norm("transformer.h.0.ln_2");
  linear("transformer.h.0.mlp.c_fc", kHidden, kInner);
  linear("transformer.h.0.mlp.c_proj", kInner, kHidden);
  norm("transformer.ln_f");
  return folder;
}

class Gpt2Import : public ImportTest {};

TEST_F(Gpt2Import, MakesTheGraph) {
  const absl::StatusOr<ImportedModel> model = Import(TinyGpt2File(GgufTensorType::kF32));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->decoder->architecture(), "gpt2");
  EXPECT_EQ(model->decoder->kv_heads(), 4u);
  EXPECT_EQ(model->decoder->max_context(), 100u);
  const std::string text = Text(*model->module);
  // Three views of one tensor, each of its own rows.
  for (const char* part : {"math.tanh", "math.rsqrt", "blk.{layer}.attn_q.weight", "blk.{layer}.attn_k.bias",
                           "position_embd.weight", "tensor<128x64xf32>"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(text.find("attn_qkv"), std::string::npos);
  const auto q = *model->weights->Read("blk.1.attn_q.weight", WeightPart::kQ);
  const auto v = *model->weights->Read("blk.1.attn_v.weight", WeightPart::kQ);
  EXPECT_EQ(q.size(), static_cast<size_t>(kHidden * kHidden));
  EXPECT_NE(q, v);
  // Positions are padded to whole pages.
  EXPECT_EQ(model->weights->Read("position_embd.weight", WeightPart::kValue)->size(), 128u * kHidden * 4);
}

TEST_F(Gpt2Import, MutationsChangeTheModule) {
  std::set<std::string> texts = {Text(*Import(TinyGpt2File())->module)};
  std::set<std::string_view> idle;
  for (const GraphMutation& mutation : GraphMutations()) {
    const absl::StatusOr<ImportedModel> model = Import(TinyGpt2File(), {.make_graph = mutation.make_graph});
    ASSERT_TRUE(model.ok()) << mutation.name << ": " << model.status();
    if (!texts.insert(Text(*model->module)).second) idle.insert(mutation.name);
  }
  EXPECT_EQ(idle, (std::set<std::string_view>{"no-window", "window-off-by-one", "window-in-one-layer",
                                              "one-rope", "ropes-swapped", "no-branch-norms",
                                              "no-embedding-scale", "no-rope", "rope-pairs", "query-position",
                                              "no-head-norms", "head-norm-of-all-heads", "gate-up-swapped"}));
}

TEST_F(Gpt2Import, RefusesByName) {
  const auto refusal = [&](auto change) {
    GgufBuilder builder = TinyGpt2File();
    change(builder);
    return std::string(Import(builder).status().message());
  };
  const auto expect = [](const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(refusal([](GgufBuilder& b) { b.Find("blk.1.attn_qkv.weight")->dims = {kHidden, 2 * kHidden}; }),
         "tensor 'blk.1.attn_qkv.weight'");
  expect(refusal([](GgufBuilder& b) {
           std::erase_if(b.tensors, [](const auto& tensor) { return tensor.name == "output_norm.bias"; });
         }),
         "tensor 'output_norm.bias' is missing");
  expect(
      refusal([](GgufBuilder& b) { b.AddTensor("blk.0.ffn_gate.weight", GgufTensorType::kF32, {64, 64}); }),
      "tensor 'blk.0.ffn_gate.weight' is not part of the graph");
  expect(refusal([](GgufBuilder& b) { b.Uint("gpt2.context_length", 99); }),
         "tensor 'position_embd.weight' has dimensions [64, 100], expected [64, 99]");
}

TEST(Gpt2, ReadsHuggingFace) {
  const MemoryCheckpoint folder = TinyGpt2Folder();
  const auto model = ReadDecoder(folder);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->sizes().head_dim, 16);
  // n_inner is null in GPT-2's own files: 4 times the width.
  MemoryCheckpoint stated = folder;
  stated.metadata["n_inner"] = kInner;
  EXPECT_TRUE(ReadDecoder(stated).ok());
  // What the hub's files carry besides.
  MemoryCheckpoint buffers = folder;
  buffers.AddFloats("transformer.h.0.attn.bias", {1, 1, 4, 4});
  buffers.AddFloats("transformer.h.0.attn.masked_bias", {1});
  buffers.AddFloats("lm_head.weight", {kVocabulary, kHidden});
  EXPECT_TRUE(ReadDecoder(buffers).ok());
}

TEST(Gpt2, RefusesOtherTraitsOfHuggingFace) {
  const auto refusal = [](const std::string& key, const MemoryCheckpoint::Value& value) {
    MemoryCheckpoint folder = TinyGpt2Folder();
    folder.metadata[key] = value;
    return std::string(ReadDecoder(folder).status().message());
  };
  EXPECT_EQ(refusal("activation_function", std::string("relu")),
            "metadata key 'activation_function' is 'relu', which can't be compiled yet; 'gelu_new', "
            "'gelu_pytorch_tanh' can");
  EXPECT_EQ(refusal("scale_attn_weights", false),
            "metadata key 'scale_attn_weights' is false, which can't be compiled yet");
  EXPECT_EQ(refusal("scale_attn_by_inverse_layer_idx", true),
            "metadata key 'scale_attn_by_inverse_layer_idx' is true, which can't be compiled yet");
  EXPECT_EQ(refusal("tie_word_embeddings", false), "tensor 'lm_head.weight' is missing");
  EXPECT_EQ(refusal("n_head", int64_t{5}), "n_embd is 64, not a multiple of n_head 5");
}

}  // namespace
}  // namespace streamtensor::compiler
