// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/architectures/registry.h"
#include "compiler/frontend/decoder_graph.h"
#include "compiler/frontend/weight_names.h"
#include "tests/compiler/frontend/gguf_builder.h"
#include "tests/compiler/frontend/graph_mutations.h"
#include "tests/compiler/frontend/import_test.h"
#include "tests/compiler/frontend/memory_checkpoint.h"

namespace streamtensor::compiler {
namespace {

constexpr uint64_t kHeadDim = 16;
constexpr int64_t kLayers = 2, kHidden = 64, kInner = 128, kQueryHeads = 4, kKvHeads = 2, kVocabulary = 16;

GgufBuilder TinyGemma3File() {
  GgufBuilder file = TinyLlamaFile({.head_dim = kHeadDim, .architecture = "gemma3"});
  file.Uint("gemma3.attention.sliding_window", 5);
  file.Uint("gemma3.attention.sliding_window_pattern", 2);
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    for (const char* norm : {"attn_q_norm.weight", "attn_k_norm.weight"}) {
      file.AddTensor(layer + norm, GgufTensorType::kF32, {kHeadDim});
    }
    for (const char* norm : {"post_attention_norm.weight", "post_ffw_norm.weight"}) {
      file.AddTensor(layer + norm, GgufTensorType::kF32, {kHidden});
    }
  }
  return file;
}

class Gemma3Import : public ImportTest {};

TEST_F(Gemma3Import, HasTwoKindsOfLayers) {
  const absl::StatusOr<ImportedModel> model = Import(TinyGemma3File());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->decoder->architecture(), "gemma3");
  const std::string text = Text(*model->module);
  for (const char* part : {"windows = array<i64: 5, 0>", "rope.cos", "rope_local.cos", "rope_local.sin",
                           "blk.{layer}.post_attention_norm.weight", "blk.{layer}.post_ffw_norm.weight"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part;
  }
  GgufBuilder alike = TinyGemma3File();
  alike.Uint("gemma3.attention.sliding_window_pattern", 3);
  const std::string one_kind = Text(*Import(alike)->module);
  EXPECT_NE(one_kind.find("windows = array<i64: 5, 5>"), std::string::npos);
  EXPECT_EQ(one_kind.find("rope_local"), std::string::npos);
}

TEST_F(Gemma3Import, MutationsChangeTheModule) {
  std::set<std::string> texts = {Text(*Import(TinyGemma3File())->module)};
  std::set<std::string_view> idle;
  for (const GraphMutation& mutation : GraphMutations()) {
    const absl::StatusOr<ImportedModel> model = Import(TinyGemma3File(), {.make_graph = mutation.make_graph});
    ASSERT_TRUE(model.ok()) << mutation.name << ": " << model.status();
    if (!texts.insert(Text(*model->module)).second) idle.insert(mutation.name);
  }
  EXPECT_EQ(idle, (std::set<std::string_view>{"learned-position", "no-learned-positions",
                                              "no-attention-biases", "no-ffn-biases", "no-norm-biases"}));
}

TEST_F(Gemma3Import, RefusesByName) {
  const auto refusal = [&](const GgufBuilder& file) { return std::string(Import(file).status().message()); };
  GgufBuilder missing = TinyGemma3File();
  std::erase_if(missing.tensors,
                [](const auto& tensor) { return tensor.name == "blk.1.post_ffw_norm.weight"; });
  EXPECT_NE(refusal(missing).find("tensor 'blk.1.post_ffw_norm.weight' is missing"), std::string::npos);
  GgufBuilder capped = TinyGemma3File();
  capped.Float("gemma3.final_logit_softcapping", 30);
  EXPECT_NE(refusal(capped).find("'gemma3.final_logit_softcapping' asks for what can't be compiled yet"),
            std::string::npos);
}

// As transformers names and writes it.
MemoryCheckpoint TinyFolder() {
  MemoryCheckpoint checkpoint(CheckpointDialect::kHuggingFace, "gemma3_text");
  for (const auto& [key, value] :
       {std::pair("num_hidden_layers", kLayers), std::pair("hidden_size", kHidden),
        std::pair("num_attention_heads", kQueryHeads), std::pair("num_key_value_heads", kKvHeads),
        std::pair("head_dim", static_cast<int64_t>(kHeadDim)),
        std::pair("max_position_embeddings", int64_t{512}), std::pair("intermediate_size", kInner),
        std::pair("vocab_size", kVocabulary), std::pair("sliding_window", int64_t{5}),
        std::pair("sliding_window_pattern", int64_t{2})}) {
    checkpoint.metadata[key] = value;
  }
  checkpoint.metadata["rms_norm_eps"] = 1e-6;
  checkpoint.metadata["query_pre_attn_scalar"] = int64_t{64};
  checkpoint.metadata["hidden_activation"] = std::string("gelu_pytorch_tanh");
  checkpoint.metadata["rope_theta"] = 1e6;
  checkpoint.metadata["rope_local_base_freq"] = 1e4;
  const int64_t query = kQueryHeads * static_cast<int64_t>(kHeadDim),
                kv = kKvHeads * static_cast<int64_t>(kHeadDim);
  checkpoint.AddFloats("model.embed_tokens.weight", {kVocabulary, kHidden});
  checkpoint.AddFloats("model.norm.weight", {kHidden}, -0.25f);
  for (const std::string layer : {"model.layers.0.", "model.layers.1."}) {
    for (const char* norm : {"input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm",
                             "post_feedforward_layernorm"}) {
      checkpoint.AddFloats(layer + norm + ".weight", {kHidden}, -0.5f);
    }
    for (const char* norm : {"self_attn.q_norm.weight", "self_attn.k_norm.weight"}) {
      checkpoint.AddFloats(layer + norm, {static_cast<int64_t>(kHeadDim)});
    }
    checkpoint.AddFloats(layer + "self_attn.q_proj.weight", {query, kHidden});
    checkpoint.AddFloats(layer + "self_attn.k_proj.weight", {kv, kHidden});
    checkpoint.AddFloats(layer + "self_attn.v_proj.weight", {kv, kHidden});
    checkpoint.AddFloats(layer + "self_attn.o_proj.weight", {kHidden, query});
    checkpoint.AddFloats(layer + "mlp.gate_proj.weight", {kInner, kHidden});
    checkpoint.AddFloats(layer + "mlp.up_proj.weight", {kInner, kHidden});
    checkpoint.AddFloats(layer + "mlp.down_proj.weight", {kHidden, kInner});
  }
  return checkpoint;
}

TEST(Gemma3Folder, StoresNormsLessOne) {
  auto checkpoint = std::make_shared<MemoryCheckpoint>(TinyFolder());
  const auto model = ReadDecoder(*checkpoint);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->architecture(), "gemma3");
  const auto weights = (*model)->MakeWeights(checkpoint, 8);
  const auto first = [&](std::string_view name) {
    const auto bytes = weights->Read(name, WeightPart::kValue);
    float value = NAN;
    if (bytes.ok()) std::memcpy(&value, bytes->data(), sizeof(value));
    return value;
  };
  EXPECT_EQ(first("output_norm.weight"), 0.75f);
  EXPECT_EQ(first("blk.1.post_attention_norm.weight"), 0.5f);
  EXPECT_EQ(first("blk.0.attn_q_norm.weight"), 1);
}

TEST(Gemma3Folder, RotatesByTwoBases) {
  const auto table = [](const MemoryCheckpoint& checkpoint, std::string_view name) {
    return (*ReadDecoder(checkpoint))->ComputeTable(name, 2);
  };
  MemoryCheckpoint checkpoint = TinyFolder();
  // Row 1, pair 1.
  const size_t at = kHeadDim / 2 + 1;
  EXPECT_FLOAT_EQ(table(checkpoint, kRopeSines)[at],
                  static_cast<float>(std::sin(std::pow(1e6, -2.0 / kHeadDim))));
  EXPECT_FLOAT_EQ(table(checkpoint, kLocalRopeSines)[at],
                  static_cast<float>(std::sin(std::pow(1e4, -2.0 / kHeadDim))));
  // As transformers 5 writes it.
  checkpoint.metadata.erase("rope_theta");
  checkpoint.metadata.erase("rope_local_base_freq");
  checkpoint.metadata["rope_parameters"] = std::string("an object");
  checkpoint.metadata["rope_parameters.full_attention.rope_theta"] = 1e6;
  checkpoint.metadata["rope_parameters.full_attention.rope_type"] = std::string("linear");
  checkpoint.metadata["rope_parameters.full_attention.factor"] = 8.0;
  checkpoint.metadata["rope_parameters.sliding_attention.rope_theta"] = 1e4;
  checkpoint.metadata["rope_parameters.sliding_attention.rope_type"] = std::string("default");
  EXPECT_FLOAT_EQ(table(checkpoint, kRopeSines)[at],
                  static_cast<float>(std::sin(std::pow(1e6, -2.0 / kHeadDim) / 8)));
  EXPECT_FLOAT_EQ(table(checkpoint, kLocalRopeSines)[at],
                  static_cast<float>(std::sin(std::pow(1e4, -2.0 / kHeadDim))));
}

TEST(Gemma3Folder, RefusesByName) {
  const auto refusal = [](std::string_view key, const MemoryCheckpoint::Value& value) {
    MemoryCheckpoint checkpoint = TinyFolder();
    checkpoint.metadata[std::string(key)] = value;
    return std::string(ReadDecoder(checkpoint).status().message());
  };
  EXPECT_NE(refusal("text_config", std::string("an object"))
                .find("a model of images and text can't be compiled yet"),
            std::string::npos);
  EXPECT_NE(refusal("attn_logit_softcapping", 50.0).find("'attn_logit_softcapping' asks for what"),
            std::string::npos);
  EXPECT_NE(refusal("use_bidirectional_attention", true).find("'use_bidirectional_attention' is true"),
            std::string::npos);
  EXPECT_NE(refusal("hidden_activation", std::string("gelu")).find("'hidden_activation' is 'gelu'"),
            std::string::npos);
  EXPECT_NE(refusal("rope_parameters.chunked_attention.rope_theta", 1e4)
                .find("RoPE scaling by 'rope_parameters.chunked_attention.rope_theta'"),
            std::string::npos);
}

}  // namespace
}  // namespace streamtensor::compiler
