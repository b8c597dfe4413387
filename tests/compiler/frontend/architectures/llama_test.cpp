// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "tests/compiler/frontend/gguf_builder.h"
#include "tests/compiler/frontend/graph_mutations.h"
#include "tests/compiler/frontend/import_test.h"

namespace streamtensor::compiler {
namespace {

using mlir::func::FuncOp;

class LlamaImport : public ImportTest {
 protected:
  void ExpectRefused(const GgufBuilder& builder, absl::StatusCode code, const std::string& part,
                     const ImportOptions& options = {}) {
    const absl::Status status = Import(builder, options).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_NE(std::string(status.message()).find(part), std::string::npos) << status;
    EXPECT_EQ(std::string(status.message()).find('\n'), std::string::npos) << "one line: " << status;
  }
};

std::string StringAttr(FuncOp function, unsigned argument, llvm::StringRef name) {
  auto attribute = function.getArgAttrOfType<mlir::StringAttr>(argument, name);
  return attribute ? attribute.str() : "";
}

// "name:part type" of the weight arguments, fields and pools as they are.
std::vector<std::string> Arguments(FuncOp function) {
  std::vector<std::string> result;
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    std::string text = StringAttr(function, i, dataflow::kFieldAttr);
    if (text.empty()) text = StringAttr(function, i, dataflow::kPoolAttr);
    if (std::string weight = StringAttr(function, i, dataflow::kWeightAttr); !weight.empty()) {
      text = weight + ":" + StringAttr(function, i, dataflow::kPartAttr);
    }
    result.push_back(text + " " + Text(function.getArgument(i).getType()));
  }
  return result;
}

TEST_F(LlamaImport, MakesBlockAndStep) {
  absl::StatusOr<ImportedModel> model = Import(TinyLlamaFile(), {.max_context = 100});
  ASSERT_TRUE(model.ok()) << model.status();
  mlir::ModuleOp module = *model->module;
  auto step = module.lookupSymbol<FuncOp>("step");
  auto block = module.lookupSymbol<FuncOp>("block");
  ASSERT_TRUE(step && block);
  EXPECT_EQ(Arguments(step),
            (std::vector<std::string>{"token_id tensor<?xi32>",
                                      "position tensor<?xi32>",
                                      "start tensor<?xi32>",
                                      "slot tensor<?xi32>",
                                      "wants_logits tensor<?xi32>",
                                      "page_table tensor<16x4xi32>",
                                      "k tensor<?x2x2x32x16xf16>",
                                      "v tensor<?x2x2x32x16xf16>",
                                      "token_embd.weight:q tensor<16x2x32xi8>",
                                      "token_embd.weight:d tensor<16x2xf16>",
                                      "rope.cos:value tensor<128x8xf32>",
                                      "rope.sin:value tensor<128x8xf32>",
                                      "blk.{layer}.attn_norm.weight:value tensor<2x64xf32>",
                                      "blk.{layer}.attn_q.weight:q tensor<2x64x2x32xi4>",
                                      "blk.{layer}.attn_q.weight:d tensor<2x64x2xf16>",
                                      "blk.{layer}.attn_q.weight:m tensor<2x64x2xf16>",
                                      "blk.{layer}.attn_k.weight:q tensor<2x32x2x32xi4>",
                                      "blk.{layer}.attn_k.weight:d tensor<2x32x2xf16>",
                                      "blk.{layer}.attn_k.weight:m tensor<2x32x2xf16>",
                                      "blk.{layer}.attn_v.weight:q tensor<2x32x2x32xi4>",
                                      "blk.{layer}.attn_v.weight:d tensor<2x32x2xf16>",
                                      "blk.{layer}.attn_v.weight:m tensor<2x32x2xf16>",
                                      "blk.{layer}.attn_output.weight:q tensor<2x64x2x32xi4>",
                                      "blk.{layer}.attn_output.weight:d tensor<2x64x2xf16>",
                                      "blk.{layer}.attn_output.weight:m tensor<2x64x2xf16>",
                                      "blk.{layer}.ffn_norm.weight:value tensor<2x64xf32>",
                                      "blk.{layer}.ffn_gate.weight:q tensor<2x96x2x32xi4>",
                                      "blk.{layer}.ffn_gate.weight:d tensor<2x96x2xf16>",
                                      "blk.{layer}.ffn_gate.weight:m tensor<2x96x2xf16>",
                                      "blk.{layer}.ffn_up.weight:q tensor<2x96x2x32xi4>",
                                      "blk.{layer}.ffn_up.weight:d tensor<2x96x2xf16>",
                                      "blk.{layer}.ffn_up.weight:m tensor<2x96x2xf16>",
                                      "blk.{layer}.ffn_down.weight:q tensor<2x64x3x32xi4>",
                                      "blk.{layer}.ffn_down.weight:d tensor<2x64x3xf16>",
                                      "blk.{layer}.ffn_down.weight:m tensor<2x64x3xf16>",
                                      "output_norm.weight:value tensor<64xf32>"}));
  EXPECT_EQ(Text(block.getFunctionType().getResults()[0]), "tensor<?x64xf32>");
  EXPECT_EQ(Text(block.getFunctionType().getResults()[1]), "tensor<?x2x16xf16>");
  EXPECT_EQ(Text(step.getFunctionType().getResults()[0]), "tensor<?x16xf32>");
  for (const char* part : {"dataflow.symbols = {T = 16 : i64, W = 16 : i64}", "scf.for", "call @block",
                           "dataflow.kv_append", "dataflow.take_rows", "dataflow.paged_attention",
                           "scale = 2.500000e-01 : f32", "kv_head_map = #map"}) {
    EXPECT_NE(Text(module).find(part), std::string::npos) << part;
  }
  EXPECT_EQ(model->name, "tiny");
  EXPECT_EQ(model->decoder->max_context(), 100u);
  EXPECT_EQ(model->decoder->vocabulary(), 16u);
  EXPECT_EQ(model->tokenizer->pieces_size(), 16);
}

// Every weight argument can be read, and has the bytes that its type says.
void ExpectWeightsReadable(ImportedModel& model) {
  auto step = model.module->lookupSymbol<FuncOp>("step");
  for (unsigned i = 0; i < step.getNumArguments(); ++i) {
    const std::string pattern = StringAttr(step, i, dataflow::kWeightAttr);
    if (pattern.empty()) continue;
    const WeightPart part = *ParseWeightPart(StringAttr(step, i, dataflow::kPartAttr));
    auto type = llvm::cast<mlir::RankedTensorType>(step.getArgument(i).getType());
    const int64_t layers = RunsOverLayers(pattern) ? type.getDimSize(0) : 1;
    for (int64_t layer = 0; layer < layers; ++layer) {
      const auto values = model.weights->Read(WeightName(pattern, layer), part);
      ASSERT_TRUE(values.ok()) << values.status();
      const int64_t bits = type.getElementTypeBitWidth() == 4 ? 8 : type.getElementTypeBitWidth();
      EXPECT_EQ(static_cast<int64_t>(values->size()), type.getNumElements() / layers * bits / 8) << pattern;
    }
  }
}

TEST_F(LlamaImport, HandsOnTheWeights) {
  for (const GgufTensorType type :
       {GgufTensorType::kF32, GgufTensorType::kF16, GgufTensorType::kBF16, GgufTensorType::kQ4_0,
        GgufTensorType::kQ4_1, GgufTensorType::kQ5_0, GgufTensorType::kQ5_1, GgufTensorType::kQ8_0}) {
    for (const bool tied : {false, true}) {
      absl::StatusOr<ImportedModel> model = Import(TinyLlamaFile({.tied = tied, .matrices = type}));
      ASSERT_TRUE(model.ok()) << model.status();
      ExpectWeightsReadable(*model);
    }
  }
  for (const GgufTensorType type : {GgufTensorType::kQ4_K, GgufTensorType::kQ5_K, GgufTensorType::kQ6_K}) {
    absl::StatusOr<ImportedModel> model =
        Import(TinyLlamaFile({.hidden = 256, .inner = 512, .head_dim = 64, .matrices = type}));
    ASSERT_TRUE(model.ok()) << model.status();
    ExpectWeightsReadable(*model);
  }
}

TEST_F(LlamaImport, TakesQwen2AndBiases) {
  for (const char* architecture : {"llama", "qwen2"}) {
    absl::StatusOr<ImportedModel> model =
        Import(TinyLlamaFile({.architecture = architecture, .biases = true}));
    ASSERT_TRUE(model.ok()) << model.status();
    ExpectWeightsReadable(*model);
    EXPECT_EQ(model->decoder->architecture(), architecture);
    const std::string text = Text(*model->module);
    for (const char* name : {"attn_q.bias", "attn_k.bias", "attn_v.bias", "attn_output.bias"}) {
      EXPECT_NE(text.find(std::string("blk.{layer}.") + name), std::string::npos) << name;
    }
  }
  // Qwen2 turns halves: the same file as a Llama is another graph.
  EXPECT_NE(Text(*Import(TinyLlamaFile({.architecture = "llama", .biases = true}))->module),
            Text(*Import(TinyLlamaFile({.architecture = "qwen2", .biases = true}))->module));
  ExpectRefused(TinyLlamaFile({.architecture = "qwen2"}), absl::StatusCode::kInvalidArgument,
                "tensor 'blk.0.attn_q.bias' is missing");
  GgufBuilder partly = TinyLlamaFile({.biases = true});
  std::erase_if(partly.tensors, [](const auto& tensor) { return tensor.name == "blk.1.attn_k.bias"; });
  ExpectRefused(partly, absl::StatusCode::kInvalidArgument, "tensor 'blk.1.attn_k.bias' is missing");
  GgufBuilder wide = TinyLlamaFile({.biases = true});
  wide.Find("blk.1.attn_k.bias")->dims = {16};
  ExpectRefused(wide, absl::StatusCode::kInvalidArgument,
                "tensor 'blk.1.attn_k.bias' has dimensions [16], expected [32]");
}

TEST_F(LlamaImport, WidensNormsOfFewerBits) {
  for (const GgufTensorType type : {GgufTensorType::kF16, GgufTensorType::kBF16}) {
    GgufBuilder builder = TinyLlamaFile();
    GgufBuilder other;
    other.AddTensor("output_norm.weight", type, {64});
    *builder.Find("output_norm.weight") = other.tensors[0];
    absl::StatusOr<ImportedModel> model = Import(builder);
    ASSERT_TRUE(model.ok()) << model.status();
    const auto bytes = *model->weights->Read("output_norm.weight", WeightPart::kValue);
    ASSERT_EQ(bytes.size(), 64u * 4);
    for (int i = 0; i < 64; ++i) {
      float value;
      std::memcpy(&value, bytes.data() + 4 * i, 4);
      EXPECT_EQ(value, 1 + static_cast<float>(i % 17) / (type == GgufTensorType::kF16 ? 1024 : 128));
    }
  }
}

TEST_F(LlamaImport, RopeTables) {
  absl::StatusOr<ImportedModel> model = Import(TinyLlamaFile());
  ASSERT_TRUE(model.ok()) << model.status();
  const auto cos = *model->weights->Read("rope.cos", WeightPart::kValue);
  const auto sin = *model->weights->Read("rope.sin", WeightPart::kValue);
  for (const int position : {0, 1, 100, 127}) {
    for (int pair = 0; pair < 8; ++pair) {
      const double angle = position * std::pow(10000.0, -pair / 8.0);
      float c, s;
      std::memcpy(&c, cos.data() + (position * 8 + pair) * 4, 4);
      std::memcpy(&s, sin.data() + (position * 8 + pair) * 4, 4);
      EXPECT_FLOAT_EQ(c, static_cast<float>(std::cos(angle)));
      EXPECT_FLOAT_EQ(s, static_cast<float>(std::sin(angle)));
    }
  }
}

TEST_F(LlamaImport, FindsACommonFormatOfLayers) {
  GgufBuilder builder = TinyLlamaFile();  // Q4_1
  auto set_type = [&](const std::string& name, GgufTensorType type) {
    GgufBuilder other;
    other.AddTensor(name, type, builder.Find(name)->dims);
    *builder.Find(name) = other.tensors[0];
  };
  set_type("blk.0.attn_q.weight", GgufTensorType::kQ4_0);
  ASSERT_TRUE(Import(builder).ok());  // nibbles with minimum carry both
  set_type("blk.1.attn_q.weight", GgufTensorType::kQ8_0);
  absl::StatusOr<ImportedModel> model = Import(builder);  // bytes carry both
  ASSERT_TRUE(model.ok()) << model.status();
  ExpectWeightsReadable(*model);
  // Bytes with a minimum carry whatever has come together.
  for (const GgufTensorType type : {GgufTensorType::kQ4_1, GgufTensorType::kQ5_1}) {
    set_type("blk.0.attn_q.weight", type);
    model = Import(builder);
    ASSERT_TRUE(model.ok()) << model.status();
    ExpectWeightsReadable(*model);
    EXPECT_EQ(model->weights->Shape("blk.1.attn_q.weight", WeightPart::kQ)->element, WeightElement::kI8);
    EXPECT_TRUE(model->weights->Shape("blk.1.attn_q.weight", WeightPart::kM).ok());
  }
}

TEST_F(LlamaImport, MutationsChangeTheModule) {
  const GgufBuilder builder = TinyLlamaFile({.biases = true});
  std::set<std::string> texts = {Text(*Import(builder)->module)};
  std::set<std::string_view> idle;
  for (const GraphMutation& mutation : GraphMutations()) {
    absl::StatusOr<ImportedModel> model = Import(builder, {.make_graph = mutation.make_graph});
    ASSERT_TRUE(model.ok()) << mutation.name << ": " << model.status();
    if (!texts.insert(Text(*model->module)).second) idle.insert(mutation.name);
  }
  // What it does without.
  EXPECT_EQ(idle, (std::set<std::string_view>{
                      "no-window", "window-off-by-one", "window-in-one-layer", "one-rope", "ropes-swapped",
                      "no-branch-norms", "no-embedding-scale", "learned-position", "no-learned-positions",
                      "no-ffn-biases", "no-norm-biases", "no-head-norms", "head-norm-of-all-heads"}));
  EXPECT_EQ(FindGraphMutation("no-such").status().message().find("no graph mutation is called 'no-such'"),
            0u);
}

TEST_F(LlamaImport, IsDeterministic) {
  const GgufBuilder builder = TinyLlamaFile();
  EXPECT_EQ(Text(*Import(builder)->module), Text(*Import(builder)->module));
}

TEST_F(LlamaImport, ChecksOptions) {
  const GgufBuilder builder = TinyLlamaFile();
  ExpectRefused(builder, absl::StatusCode::kInvalidArgument, "max context 129 is not within 1 to 128",
                {.max_context = 129});
  ExpectRefused(builder, absl::StatusCode::kInvalidArgument, "max context -1", {.max_context = -1});
  ExpectRefused(builder, absl::StatusCode::kInvalidArgument, "step tokens 17 is not within 1 to 16",
                {.step_tokens = 17});
  EXPECT_TRUE(Import(builder, {.max_context = 1, .step_tokens = 1}).ok());
}

// The manifest shows it to people, and takes no other.
TEST_F(LlamaImport, NamesArePrintableAndShort) {
  GgufBuilder builder = TinyLlamaFile();
  builder.Text("general.name", "it's\x1b[2J \xc3\xa9" + std::string(10000, 'x'));
  absl::StatusOr<ImportedModel> model = Import(builder);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->name.substr(0, 15), "it's\\x1b[2J \xc3\xa9x");
  EXPECT_LT(model->name.size(), 300u);
}

TEST_F(LlamaImport, RefusesOtherModels) {
  using absl::StatusCode;
  const GgufBuilder sound = TinyLlamaFile();
  const auto refuse = [&](auto change, StatusCode code, const std::string& part) {
    GgufBuilder builder = sound;
    change(builder);
    ExpectRefused(builder, code, part);
  };
  refuse([](GgufBuilder& b) { b.Text("general.architecture", "gemma"); }, StatusCode::kUnimplemented,
         "architecture 'gemma' can't be compiled yet; '");
  refuse([](GgufBuilder& b) { b.Remove("general.architecture"); }, StatusCode::kInvalidArgument,
         "'general.architecture' is missing");
  refuse([](GgufBuilder& b) { b.Text("general.type", "adapter"); }, StatusCode::kUnimplemented, "'adapter'");
  refuse([](GgufBuilder& b) { b.Uint("split.count", 3); }, StatusCode::kUnimplemented, "one of 3 parts");
  refuse([](GgufBuilder& b) { b.Uint("llama.expert_count", 8); }, StatusCode::kUnimplemented, "8 experts");
  // A value of another type is not taken for a key that is missing.
  refuse([](GgufBuilder& b) { b.Uint("general.type", 7); }, StatusCode::kInvalidArgument,
         "'general.type' holds 7 (uint32), expected a string");
  refuse([](GgufBuilder& b) { b.Text("split.count", "3"); }, StatusCode::kInvalidArgument,
         "'split.count' holds");
  refuse([](GgufBuilder& b) { b.Text("llama.expert_count", "8"); }, StatusCode::kInvalidArgument,
         "'llama.expert_count' holds");
  refuse([](GgufBuilder& b) { b.Text("llama.vocab_size", "64"); }, StatusCode::kInvalidArgument,
         "'llama.vocab_size' holds");
  refuse([](GgufBuilder& b) { b.Text("llama.rope.scaling.type", "longrope"); }, StatusCode::kInvalidArgument,
         "'rope_factors_short.weight' and 'rope_factors_long.weight' are missing");
  refuse([](GgufBuilder& b) { b.Text("llama.rope.scaling.type", "spiral"); }, StatusCode::kUnimplemented,
         "RoPE scaling 'spiral'");
  refuse([](GgufBuilder& b) { b.Float("llama.rope.scaling.yarn_log_multiplier", 0.1f); },
         StatusCode::kUnimplemented, "RoPE scaling by 'llama.rope.scaling.yarn_log_multiplier'");
  refuse([](GgufBuilder& b) { b.Float("llama.rope.scaling.factor", 0); }, StatusCode::kInvalidArgument,
         "'llama.rope.scaling.factor' is 0, expected a positive number");
  refuse([](GgufBuilder& b) { b.AddTensor("rope_freqs.weight", GgufTensorType::kF32, {16}); },
         StatusCode::kInvalidArgument, "tensor 'rope_freqs.weight' is not F32 of [8]");
  refuse([](GgufBuilder& b) { b.AddTensor("rope_freqs.weight", GgufTensorType::kF32, {8}); },
         StatusCode::kInvalidArgument,
         "tensor 'rope_freqs.weight', element 0 is -1, expected a positive number");
  refuse([](GgufBuilder& b) { b.Uint("llama.attention.sliding_window", 4096); }, StatusCode::kUnimplemented,
         "'llama.attention.sliding_window' asks for what can't be compiled yet");
  refuse([](GgufBuilder& b) { b.Bool("llama.attention.causal", false); }, StatusCode::kUnimplemented,
         "'llama.attention.causal' is false");
  refuse([](GgufBuilder& b) { b.Uint("llama.attention.causal", 0); }, StatusCode::kInvalidArgument,
         "'llama.attention.causal' holds");
  refuse([](GgufBuilder& b) { b.Remove("llama.block_count"); }, StatusCode::kInvalidArgument,
         "'llama.block_count' is missing");
  refuse([](GgufBuilder& b) { b.Uint("llama.block_count", 0); }, StatusCode::kInvalidArgument,
         "'llama.block_count' is 0, expected 1 to");
  refuse([](GgufBuilder& b) { b.Text("llama.block_count", "two"); }, StatusCode::kInvalidArgument,
         "expected a non-negative integer");
  refuse([](GgufBuilder& b) { b.Uint("llama.block_count", 3); }, StatusCode::kInvalidArgument,
         "tensor 'blk.2.attn_norm.weight' is missing");
  refuse([](GgufBuilder& b) { b.Uint("llama.block_count", 1); }, StatusCode::kUnimplemented,
         "tensor 'blk.1.attn_norm.weight' is not part of the graph");
  refuse([](GgufBuilder& b) { b.Uint("llama.attention.head_count_kv", 3); }, StatusCode::kInvalidArgument,
         "not a multiple of llama.attention.head_count_kv 3");
  ExpectRefused(TinyLlamaFile({.heads = 4, .kv_heads = 1, .head_dim = 8}), StatusCode::kUnimplemented,
                "tensor 'blk.0.attn_k.weight' has 8 output columns; only multiples of 16");
  ExpectRefused(TinyLlamaFile({.heads = 5, .kv_heads = 5, .head_dim = 16, .matrices = GgufTensorType::kF16}),
                StatusCode::kUnimplemented,
                "tensor 'blk.0.attn_output.weight' has 80 columns; only multiples of 32");
  refuse([](GgufBuilder& b) { b.Uint("llama.rope.dimension_count", 8); }, StatusCode::kUnimplemented,
         "RoPE 8 wide");
  refuse([](GgufBuilder& b) { b.Float("llama.attention.layer_norm_rms_epsilon", -1); },
         StatusCode::kInvalidArgument, "expected a positive number");
  for (const double epsilon : {1e-46, 1e39}) {  // float32 would make 0 and infinity of them
    refuse(
        [=](GgufBuilder& b) {
          b.Scalar<double>("llama.attention.layer_norm_rms_epsilon", GgufValueType::kFloat64, epsilon);
        },
        StatusCode::kInvalidArgument, "expected a positive number within float32");
  }
  refuse([](GgufBuilder& b) { b.Uint("llama.feed_forward_length", 128); }, StatusCode::kInvalidArgument,
         "tensor 'blk.0.ffn_gate.weight' has dimensions [64, 96], expected [64, 128]");
  refuse([](GgufBuilder& b) { b.Uint("llama.vocab_size", 17); }, StatusCode::kInvalidArgument,
         "llama.vocab_size is 17");
  refuse([](GgufBuilder& b) { b.AddTensor("blk.1.attn_q.bias", GgufTensorType::kF32, {64}); },
         StatusCode::kUnimplemented, "tensor 'blk.1.attn_q.bias' is not part");
  refuse(
      [](GgufBuilder& b) {
        GgufBuilder::Tensor* tensor = b.Find("blk.1.ffn_up.weight");
        tensor->type = 20;
        tensor->bytes.assign(64 * 96 / 32 * 18, '\0');
      },
      StatusCode::kUnimplemented,
      "tensor 'blk.1.ffn_up.weight' has type IQ4_NL, which can't be compiled yet; F32, F16, BF16, Q4_0, "
      "Q4_1, "
      "Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K can");
  refuse(
      [](GgufBuilder& b) {
        GgufBuilder other;
        other.AddTensor("token_embd.weight", GgufTensorType::kQ8_0, {64, 17});
        *b.Find("token_embd.weight") = other.tensors[0];
      },
      StatusCode::kInvalidArgument, "the tokenizer has 16 tokens, but the embedding has 17 rows");
  refuse([](GgufBuilder& b) { b.Text("tokenizer.ggml.model", "rwkv"); }, StatusCode::kUnimplemented,
         "tokenizer model 'rwkv'");
  // What the daemon could not serve.
  refuse([](GgufBuilder& b) { b.Texts("tokenizer.ggml.merges", {"a b", "b d"}); },
         StatusCode::kInvalidArgument,
         "tokenizer: merge 1 needs the piece \"bd\", which the vocabulary lacks");
  refuse([](GgufBuilder& b) { b.Bool("tokenizer.ggml.add_space_prefix", true); }, StatusCode::kUnimplemented,
         "tokenizer: add_space_prefix is set");
}

TEST_F(LlamaImport, RefusesOtherPaths) {
  const std::string folder = ::testing::TempDir() + "/llama_import_folder";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  EXPECT_EQ(ImportModel(folder, {}, &context_).status().code(), absl::StatusCode::kNotFound);
  std::ofstream(folder + "/model.bin") << "something else";
  EXPECT_EQ(ImportModel(folder + "/model.bin", {}, &context_).status().code(),
            absl::StatusCode::kInvalidArgument);
  std::ofstream(folder + "/model.gguf") << "something else";
  EXPECT_NE(ImportModel(folder + "/model.gguf", {}, &context_).status().message().find("not a GGUF file"),
            absl::string_view::npos);
  EXPECT_EQ(ImportModel(folder + "/none.gguf", {}, &context_).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(LlamaImport, ImportsTheRealModel) {
  const char* path = std::getenv("STREAMTENSOR_TEST_MODEL");
  if (path == nullptr) GTEST_SKIP() << "STREAMTENSOR_TEST_MODEL is not set";
  absl::StatusOr<ImportedModel> model = ImportModel(path, {}, &context_);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->decoder->layers(), 30u);
  EXPECT_EQ(model->tokenizer->pieces_size(), 49152);
  ExpectWeightsReadable(*model);
}

}  // namespace
}  // namespace streamtensor::compiler
