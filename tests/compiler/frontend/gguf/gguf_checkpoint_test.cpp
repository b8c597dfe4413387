// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/gguf/gguf_checkpoint.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/compiler/frontend/gguf_builder.h"

namespace streamtensor::compiler {
namespace {

std::shared_ptr<const Checkpoint> Open(const GgufBuilder& builder) {
  const std::string path = ::testing::TempDir() + "/a.model.gguf";
  builder.Write(path);
  auto checkpoint = OpenCheckpoint(path);
  EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
  return checkpoint.ok() ? *checkpoint : nullptr;
}

TEST(GgufCheckpoint, ReadsMetadata) {
  GgufBuilder builder = TinyLlamaFile();
  builder.Scalar<int32_t>("an.int", GgufValueType::kInt32, -3);
  builder.Ints("some.ints", {1, -2});
  std::string floats;
  Put(&floats, GgufValueType::kFloat32);
  Put<uint64_t>(&floats, 2);
  Put(&floats, 0.5f);
  Put(&floats, -2.0f);
  builder.Raw("some.floats", GgufValueType::kArray, floats);
  const auto checkpoint = Open(builder);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_EQ(checkpoint->dialect(), CheckpointDialect::kGguf);
  EXPECT_EQ(checkpoint->format().name, "gguf");
  EXPECT_EQ(checkpoint->format().version, 3u);
  EXPECT_EQ(checkpoint->file_bytes(), builder.Build().size());
  EXPECT_EQ(*checkpoint->architecture(), "llama");
  EXPECT_EQ(checkpoint->name(), "tiny");
  EXPECT_TRUE(checkpoint->Has("llama.block_count"));
  EXPECT_FALSE(checkpoint->Has("llama.no_such_key"));
  EXPECT_EQ(*checkpoint->GetUint("llama.block_count"), 2u);
  EXPECT_EQ(*checkpoint->GetInt("llama.block_count"), 2);
  EXPECT_EQ(*checkpoint->GetInt("an.int"), -3);
  EXPECT_EQ(checkpoint->GetUint("an.int").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(*checkpoint->GetFloat("llama.rope.freq_base"), 10000.0);
  EXPECT_EQ(*checkpoint->GetBool("tokenizer.ggml.add_bos_token"), false);
  EXPECT_EQ(*checkpoint->GetString("tokenizer.ggml.pre"), "smollm");
  EXPECT_EQ(*checkpoint->GetInts("some.ints"), (std::vector<int64_t>{1, -2}));
  EXPECT_EQ(*checkpoint->GetFloats("some.floats"), (std::vector<double>{0.5, -2}));
  EXPECT_EQ(checkpoint->GetFloats("some.ints").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(*checkpoint->GetStrings("tokenizer.ggml.merges"), (std::vector<std::string>{"a b"}));
  EXPECT_EQ(checkpoint->GetUint("no").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(checkpoint->ValueText("some.ints"), "[2: 1, -2]");
  EXPECT_EQ(checkpoint->ValueText("no"), "");
  EXPECT_EQ(checkpoint->keys().front(), "general.architecture");
  EXPECT_EQ(checkpoint->keys().back(), "some.floats");
}

TEST(GgufCheckpoint, ListsTensorsOutermostFirst) {
  GgufBuilder builder = TinyLlamaFile();
  builder.tensors.push_back({"other", 16, {256, 3}, std::string(3 * 66, 'x')});
  const auto checkpoint = Open(builder);
  ASSERT_NE(checkpoint, nullptr);
  ASSERT_EQ(checkpoint->tensors().size(), builder.tensors.size());
  EXPECT_EQ(checkpoint->tensors()[0].name, "token_embd.weight");
  const CheckpointTensor* tensor = checkpoint->FindTensor("blk.1.ffn_up.weight");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->name, "blk.1.ffn_up.weight");
  EXPECT_EQ(tensor->type, GgufTensorType::kQ4_1);
  EXPECT_EQ(tensor->type_name, "Q4_1");
  EXPECT_EQ(tensor->dims, (std::vector<int64_t>{96, 64}));
  EXPECT_EQ(tensor->elements(), 96 * 64);
  EXPECT_EQ(std::string(tensor->bytes.begin(), tensor->bytes.end()),
            builder.Find("blk.1.ffn_up.weight")->bytes);
  EXPECT_EQ(checkpoint->FindTensor("other")->type, std::nullopt);
  EXPECT_EQ(checkpoint->FindTensor("other")->type_name, "IQ2_XXS");
  EXPECT_EQ(checkpoint->FindTensor("blk.9.ffn_up.weight"), nullptr);
}

TEST(GgufCheckpoint, IsNamedAfterItsFileWithoutAName) {
  GgufBuilder builder = TinyLlamaFile();
  builder.Text("general.name", "");
  EXPECT_EQ(Open(builder)->name(), "a.model");
  builder.Remove("general.name");
  EXPECT_EQ(Open(builder)->name(), "a.model");
}

TEST(GgufCheckpoint, HasTheTokenizer) {
  const auto tokenizer = Open(TinyLlamaFile())->tokenizer();
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(tokenizer->pieces_size(), 16);
}

TEST(GgufCheckpoint, WantsAnArchitecture) {
  GgufBuilder builder = TinyLlamaFile();
  builder.Remove("general.architecture");
  EXPECT_EQ(Open(builder)->architecture().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(OpenCheckpoint, SaysWhatIsMissing) {
  EXPECT_EQ(OpenCheckpoint("/nowhere/model.gguf").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenCheckpoint("/dev/null").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace streamtensor::compiler
