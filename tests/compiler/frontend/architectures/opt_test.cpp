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
constexpr int64_t kInner = 96;
constexpr int64_t kVocabulary = 16;
constexpr int64_t kContext = 100;

// With the graph's names, which GGUF has no others for, and the tokenizer of TinyLlamaFile().
GgufBuilder TinyOptFile() {
  GgufBuilder file = TinyLlamaFile();
  file.tensors.clear();
  file.Text("general.architecture", "opt");
  file.Uint("opt.block_count", 2);
  file.Uint("opt.context_length", kContext);
  file.Uint("opt.embedding_length", kHidden);
  file.Uint("opt.feed_forward_length", kInner);
  file.Uint("opt.attention.head_count", 4);
  const auto linear = [&](const std::string& name, uint64_t columns, uint64_t rows) {
    file.AddTensor(name + ".weight", GgufTensorType::kQ8_0, {columns, rows});
    file.AddTensor(name + ".bias", GgufTensorType::kF32, {rows});
  };
  const auto norm = [&](const std::string& name) {
    for (const char* part : {".weight", ".bias"})
      file.AddTensor(name + part, GgufTensorType::kF32, {kHidden});
  };
  file.AddTensor("token_embd.weight", GgufTensorType::kQ8_0, {kHidden, kVocabulary});
  file.AddTensor("position_embd.weight", GgufTensorType::kF32, {kHidden, kContext + 2});
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    norm(layer + "attn_norm");
    for (const char* part : {"attn_q", "attn_k", "attn_v", "attn_output"})
      linear(layer + part, kHidden, kHidden);
    norm(layer + "ffn_norm");
    linear(layer + "ffn_up", kHidden, kInner);
    linear(layer + "ffn_down", kInner, kHidden);
  }
  norm("output_norm");
  return file;
}

MemoryCheckpoint TinyOptFolder(bool biases = true) {
  MemoryCheckpoint folder(CheckpointDialect::kHuggingFace, "opt");
  folder.metadata = {{"num_hidden_layers", int64_t{1}},
                     {"hidden_size", kHidden},
                     {"ffn_dim", kInner},
                     {"num_attention_heads", int64_t{4}},
                     {"max_position_embeddings", kContext},
                     {"word_embed_proj_dim", kHidden},
                     {"vocab_size", kVocabulary},
                     {"do_layer_norm_before", true},
                     {"_remove_final_layer_norm", false},
                     {"activation_function", std::string("relu")}};
  const auto linear = [&](const std::string& name, int64_t columns, int64_t rows) {
    folder.AddFloats(name + ".weight", {rows, columns});
    if (biases) folder.AddFloats(name + ".bias", {rows});
  };
  const auto norm = [&](const std::string& name) {
    folder.AddFloats(name + ".weight", {kHidden});
    folder.AddFloats(name + ".bias", {kHidden});
  };
  folder.AddFloats("model.decoder.embed_tokens.weight", {kVocabulary, kHidden});
  folder.AddFloats("model.decoder.embed_positions.weight", {kContext + 2, kHidden});
  const std::string layer = "model.decoder.layers.0.";
  for (const char* part : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
    linear(layer + "self_attn." + part, kHidden, kHidden);
  }
  norm(layer + "self_attn_layer_norm");
  linear(layer + "fc1", kHidden, kInner);
  linear(layer + "fc2", kInner, kHidden);
  norm(layer + "final_layer_norm");
  norm("model.decoder.final_layer_norm");
  return folder;
}

class OptImport : public ImportTest {};

TEST_F(OptImport, MakesTheGraph) {
  const absl::StatusOr<ImportedModel> model = Import(TinyOptFile());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->decoder->architecture(), "opt");
  EXPECT_EQ(model->decoder->max_context(), 100u);
  const std::string text = Text(*model->module);
  for (const char* part : {"arith.maximumf", "math.rsqrt", "blk.{layer}.attn_q.bias", "tensor<128x64xf32>"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(text.find("math.tanh"), std::string::npos);
}

// Positions begin at the table's third row.
TEST_F(OptImport, SkipsTwoRowsOfPositions) {
  const GgufBuilder shifted = [] {
    GgufBuilder file = TinyOptFile();
    std::string& bytes = file.Find("position_embd.weight")->bytes;
    bytes = std::string(2 * kHidden * sizeof(float), '\x7f') + bytes.substr(2 * kHidden * sizeof(float));
    return file;
  }();
  const absl::StatusOr<ImportedModel> model = Import(TinyOptFile()), same = Import(shifted);
  const auto table = *model->weights->Read("position_embd.weight", WeightPart::kValue);
  EXPECT_EQ(table.size(), 128u * kHidden * sizeof(float));
  EXPECT_EQ(table, *same->weights->Read("position_embd.weight", WeightPart::kValue));
}

TEST_F(OptImport, MutationsChangeTheModule) {
  std::set<std::string> texts = {Text(*Import(TinyOptFile())->module)};
  std::set<std::string_view> idle;
  for (const GraphMutation& mutation : GraphMutations()) {
    const absl::StatusOr<ImportedModel> model = Import(TinyOptFile(), {.make_graph = mutation.make_graph});
    ASSERT_TRUE(model.ok()) << mutation.name << ": " << model.status();
    if (!texts.insert(Text(*model->module)).second) idle.insert(mutation.name);
  }
  EXPECT_EQ(idle, (std::set<std::string_view>{"no-window", "window-off-by-one", "window-in-one-layer",
                                              "one-rope", "ropes-swapped", "no-branch-norms",
                                              "no-embedding-scale", "no-rope", "rope-pairs", "query-position",
                                              "no-head-norms", "head-norm-of-all-heads", "gate-up-swapped"}));
}

TEST(Opt, ReadsHuggingFace) {
  const MemoryCheckpoint folder = TinyOptFolder();
  const auto model = ReadDecoder(folder);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->sizes().head_dim, 16);
  EXPECT_TRUE(ReadDecoder(TinyOptFolder(/*biases=*/false)).ok());
  MemoryCheckpoint head = folder;
  head.AddFloats("lm_head.weight", {kVocabulary, kHidden});
  EXPECT_TRUE(ReadDecoder(head).ok()) << "a copy of the embedding";
  head.metadata["tie_word_embeddings"] = false;
  EXPECT_TRUE(ReadDecoder(head).ok());
}

TEST(Opt, RefusesOtherTraits) {
  const auto refusal = [](const std::string& key, const MemoryCheckpoint::Value& value) {
    MemoryCheckpoint folder = TinyOptFolder();
    folder.metadata[key] = value;
    return std::string(ReadDecoder(folder).status().message());
  };
  EXPECT_EQ(refusal("activation_function", std::string("gelu")),
            "metadata key 'activation_function' is 'gelu', which can't be compiled yet; 'relu' can");
  EXPECT_EQ(refusal("do_layer_norm_before", false),
            "metadata key 'do_layer_norm_before' is false, which can't be compiled yet");
  EXPECT_EQ(refusal("_remove_final_layer_norm", true),
            "metadata key '_remove_final_layer_norm' is true, which can't be compiled yet");
  EXPECT_EQ(refusal("word_embed_proj_dim", int64_t{32}),
            "'word_embed_proj_dim' is 32 and 'hidden_size' 64; an embedding that is projected can't be "
            "compiled yet");
  EXPECT_EQ(refusal("max_position_embeddings", int64_t{99}),
            "tensor 'model.decoder.embed_positions.weight' has dimensions [102, 64], expected [101, 64]");
  MemoryCheckpoint other = TinyOptFolder();
  other.AddFloats("model.decoder.project_in.weight", {kHidden, kHidden});
  EXPECT_EQ(ReadDecoder(other).status().message(),
            "tensor 'model.decoder.project_in.weight' is not part of the graph that can be compiled");
}

}  // namespace
}  // namespace streamtensor::compiler
