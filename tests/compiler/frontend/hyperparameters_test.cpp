// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/hyperparameters.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/compiler/frontend/memory_checkpoint.h"

namespace streamtensor::compiler {
namespace {

constexpr HyperparameterKey kLayers = {"block_count", "num_hidden_layers"};

MemoryCheckpoint Gguf() { return {CheckpointDialect::kGguf, "x"}; }
MemoryCheckpoint HuggingFace() { return {CheckpointDialect::kHuggingFace, "x"}; }

TEST(Hyperparameters, ReadsTheKeyOfTheDialect) {
  MemoryCheckpoint gguf = Gguf();
  gguf.metadata = {{"x.block_count", int64_t{3}}, {"num_hidden_layers", int64_t{4}}};
  Hyperparameters of_gguf(gguf, "x");
  EXPECT_EQ(of_gguf.Name(kLayers), "x.block_count");
  EXPECT_EQ(of_gguf.Count(kLayers, 10), 3);
  MemoryCheckpoint other = HuggingFace();
  other.metadata = gguf.metadata;
  Hyperparameters of_other(other, "x");
  EXPECT_EQ(of_other.Count(kLayers, 10), 4);
  // A key that the dialect hasn't is never there.
  EXPECT_FALSE(of_other.Has({"block_count", ""}));
  EXPECT_EQ(of_other.Count({"block_count", ""}, 10, 7), 7);
  EXPECT_TRUE(of_gguf.status().ok());
  EXPECT_TRUE(of_other.status().ok());
}

TEST(Hyperparameters, KeepsTheFirstError) {
  MemoryCheckpoint checkpoint = HuggingFace();
  checkpoint.metadata = {{"num_hidden_layers", int64_t{11}}, {"eps", 0.0}};
  Hyperparameters keys(checkpoint, "x");
  EXPECT_EQ(keys.Count(kLayers, 10), 1);
  keys.Float({"", "eps"});
  EXPECT_EQ(keys.status().message(), "metadata key 'num_hidden_layers' is 11, expected 1 to 10");
  EXPECT_EQ(keys.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Hyperparameters, NamesWhatIsMissingOrOfAnotherType) {
  MemoryCheckpoint checkpoint = HuggingFace();
  checkpoint.metadata = {{"eps", std::string("small")}};
  {
    Hyperparameters keys(checkpoint, "x");
    keys.Count(kLayers, 10);
    EXPECT_EQ(keys.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(keys.status().message().find("num_hidden_layers"), absl::string_view::npos);
  }
  // A fallback is for a key that is missing, not for one that is wrong.
  Hyperparameters keys(checkpoint, "x");
  keys.Float({"", "eps"}, 1);
  EXPECT_EQ(keys.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Hyperparameters, RequiresWhatTheGraphComputes) {
  MemoryCheckpoint checkpoint = HuggingFace();
  checkpoint.metadata = {{"act", std::string("relu")}, {"flag", true}, {"scale", 2.0}};
  const auto refused = [&](auto read) {
    Hyperparameters keys(checkpoint, "x");
    read(keys);
    EXPECT_EQ(keys.status().code(), absl::StatusCode::kUnimplemented) << keys.status();
    return std::string(keys.status().message());
  };
  EXPECT_EQ(refused([](Hyperparameters& keys) { keys.RequireText({"", "act"}, {"silu", "gelu"}); }),
            "metadata key 'act' is 'relu', which can't be compiled yet; 'silu', 'gelu' can");
  EXPECT_EQ(refused([](Hyperparameters& keys) { keys.RequireFlag({"", "flag"}, false); }),
            "metadata key 'flag' is true, which can't be compiled yet");
  EXPECT_EQ(refused([](Hyperparameters& keys) { keys.Refuse({"", "scale"}); }),
            "metadata key 'scale' asks for what can't be compiled yet");
  Hyperparameters keys(checkpoint, "x");
  keys.RequireText({"", "act"}, {"silu", "relu"});
  keys.RequireText({"", "none"}, {"silu"});
  keys.RequireFlag({"", "flag"}, true);
  keys.Refuse({"", "none"});
  EXPECT_TRUE(keys.status().ok()) << keys.status();
}

TEST(RefuseUnsupportedDecoders, NamesEachReason) {
  struct Case {
    std::map<std::string, MemoryCheckpoint::Value> metadata;
    std::string part;  // of the message; empty: nothing is refused
  };
  const std::vector<Case> cases = {
      {{}, ""},
      {{{"num_local_experts", int64_t{8}}}, "mixture of 8 experts"},
      {{{"num_experts", int64_t{0}}}, ""},
      {{{"quantization_config.quant_method", std::string("gptq")}}, "quantization_config.quant_method"},
      {{{"final_logit_softcapping", 30.0}}, "final_logit_softcapping"},
  };
  for (const Case& each : cases) {
    MemoryCheckpoint checkpoint = HuggingFace();
    checkpoint.metadata = each.metadata;
    Hyperparameters keys(checkpoint, "x");
    RefuseUnsupportedDecoders(&keys);
    EXPECT_EQ(keys.status().ok(), each.part.empty()) << keys.status();
    EXPECT_NE(std::string(keys.status().message()).find(each.part), std::string::npos) << keys.status();
  }
}

TEST(RefuseWindows, NamesEachReason) {
  const std::vector<std::pair<std::map<std::string, MemoryCheckpoint::Value>, std::string>> cases = {
      {{}, ""},
      {{{"sliding_window", int64_t{4096}}}, "'sliding_window' asks for"},
      {{{"sliding_window", int64_t{4096}}, {"use_sliding_window", false}}, ""},
      {{{"layer_types", std::vector<std::string>{"full_attention", "sliding_attention"}}},
       "'sliding_attention' (layer_types)"},
      {{{"layer_types", std::vector<std::string>{"full_attention"}}}, ""},
  };
  for (const auto& [metadata, part] : cases) {
    MemoryCheckpoint checkpoint = HuggingFace();
    checkpoint.metadata = metadata;
    Hyperparameters keys(checkpoint, "x");
    RefuseWindows(&keys);
    EXPECT_EQ(keys.status().ok(), part.empty()) << keys.status();
    EXPECT_NE(std::string(keys.status().message()).find(part), std::string::npos) << keys.status();
  }
}

TEST(ReadDecoderSizes, ChecksThemAgainstEachOther) {
  constexpr DecoderSizeKeys kKeys = {.layers = kLayers,
                                     .hidden = {"", "hidden"},
                                     .query_heads = {"", "heads"},
                                     .kv_heads = {"", "kv_heads"},
                                     .head_dim = {"", "head_dim"},
                                     .trained_context = {"", "context"}};
  MemoryCheckpoint sound = HuggingFace();
  sound.metadata = {{"num_hidden_layers", int64_t{2}},
                    {"hidden", int64_t{64}},
                    {"heads", int64_t{4}},
                    {"context", int64_t{100}},
                    {"vocab_size", int64_t{1000}}};
  const auto read = [&](const std::map<std::string, MemoryCheckpoint::Value>& changes) {
    MemoryCheckpoint checkpoint = sound;
    for (const auto& [key, value] : changes) checkpoint.metadata[key] = value;
    Hyperparameters keys(checkpoint, "x");
    return ReadDecoderSizes(&keys, kKeys);
  };
  const absl::StatusOr<DecoderSizes> sizes = read({});
  ASSERT_TRUE(sizes.ok()) << sizes.status();
  EXPECT_EQ(sizes->kv_heads, 4);
  EXPECT_EQ(sizes->head_dim, 16);
  EXPECT_EQ(sizes->vocabulary, 1000);
  EXPECT_EQ(read({{"kv_heads", int64_t{3}}}).status().message(), "heads is 4, not a multiple of kv_heads 3");
  EXPECT_NE(read({{"head_dim", int64_t{15}}}).status().message().find("heads are 15 wide; expected an even"),
            absl::string_view::npos);
  EXPECT_EQ(read({{"heads", int64_t{5}}}).status().message(), "hidden is 64, not a multiple of heads 5");
  EXPECT_EQ(read({{"heads", int64_t{64}}}).status().message(),
            "heads are 1 wide; expected an even number from 2 to 512");
}

}  // namespace
}  // namespace streamtensor::compiler
