// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/huggingface_checkpoint.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/compiler/frontend/huggingface/folder_builder.h"

namespace streamtensor::compiler {
namespace {

namespace fs = std::filesystem;

std::string Tensors(const std::vector<std::string>& names) {
  SafetensorsBuilder builder;
  for (const std::string& name : names) builder.Add(name, "F32", {2}, 32);
  return builder.Build();
}

FolderBuilder Small() {
  FolderBuilder folder;
  folder.files["config.json"] = R"({"model_type": "llama", "hidden_size": 64, "vocab_size": 20})";
  folder.files["model.safetensors"] = Tensors({"b", "a"});
  folder.files["tokenizer.json"] = SmallTokenizer().dump();
  folder.files["tokenizer_config.json"] = SmallTokenizerConfig().dump();
  return folder;
}

// In two files with an index.
FolderBuilder Sharded() {
  FolderBuilder folder = Small();
  folder.files.erase("model.safetensors");
  folder.files["model-1.safetensors"] = Tensors({"b"});
  folder.files["model-2.safetensors"] = Tensors({"a"});
  folder.files["model.safetensors.index.json"] =
      R"({"metadata": {"total_size": 16}, "weight_map": {"a": "model-2.safetensors", "b": "model-1.safetensors"}})";
  return folder;
}

absl::StatusOr<std::shared_ptr<const Checkpoint>> Open(const FolderBuilder& folder) {
  // Tests run side by side, and the checkpoint is named after its folder.
  const std::string path = ::testing::TempDir() + "/checkpoint_" +
                           ::testing::UnitTest::GetInstance()->current_test_info()->name() + "/A.Model-1.5B";
  folder.Write(path);
  return OpenCheckpoint(path);
}

TEST(HuggingFaceCheckpoint, HasMetadataTensorsAndTokenizer) {
  const auto opened = Open(Small());
  ASSERT_TRUE(opened.ok()) << opened.status();
  const Checkpoint& checkpoint = **opened;
  EXPECT_EQ(checkpoint.dialect(), CheckpointDialect::kHuggingFace);
  EXPECT_EQ(checkpoint.format().name, "safetensors");
  EXPECT_EQ(checkpoint.format().files, 1u);
  EXPECT_EQ(checkpoint.file_bytes(), Tensors({"b", "a"}).size());
  EXPECT_EQ(*checkpoint.architecture(), "llama");
  EXPECT_EQ(checkpoint.name(), "A.Model-1.5B");
  EXPECT_EQ(*checkpoint.GetUint("hidden_size"), 64u);
  EXPECT_EQ(checkpoint.keys(), (std::vector<std::string>{"hidden_size", "model_type", "vocab_size"}));
  EXPECT_EQ(checkpoint.ValueText("model_type"), "\"llama\"");
  ASSERT_EQ(checkpoint.tensors().size(), 2u);
  EXPECT_EQ(checkpoint.tensors()[0].name, "b");
  const CheckpointTensor* tensor = checkpoint.FindTensor("a");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->type, GgufTensorType::kF32);
  EXPECT_EQ(tensor->type_name, "F32");
  EXPECT_EQ(tensor->dims, std::vector<int64_t>{2});
  EXPECT_EQ(tensor->bytes.size(), 8u);
  EXPECT_EQ(tensor->offset, Tensors({"b", "a"}).size() - 8);
  EXPECT_EQ(checkpoint.FindTensor("c"), nullptr);
  const auto tokenizer = checkpoint.tokenizer();
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ(tokenizer->pieces_size(), 20);
}

TEST(HuggingFaceCheckpoint, IsNamedAfterItsFolder) {
  const std::string path = ::testing::TempDir() + "/named";
  Small().Write(path);
  EXPECT_EQ((*OpenCheckpoint(path + "/"))->name(), "named");
  EXPECT_EQ((*OpenCheckpoint(path + "/."))->name(), "named");
}

TEST(HuggingFaceCheckpoint, ReadsSeveralFiles) {
  const auto opened = Open(Sharded());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ((*opened)->format().files, 2u);
  EXPECT_EQ((*opened)->tensors()[0].name, "b");
  EXPECT_NE((*opened)->FindTensor("a"), nullptr);
  // One file counts before an index beside it, as in the Transformers library.
  FolderBuilder both = Sharded();
  both.files["model.safetensors"] = Tensors({"c"});
  EXPECT_NE((*Open(both))->FindTensor("c"), nullptr);
}

TEST(HuggingFaceCheckpoint, NamesWhatIsWrong) {
  const struct {
    std::function<void(FolderBuilder&)> damage;
    absl::StatusCode code;
    std::string expected;
  } cases[] = {
      {[](auto& f) { f.files.erase("config.json"); }, absl::StatusCode::kNotFound, "it has no config.json"},
      {[](auto& f) { f.files["config.json"] = "{"; }, absl::StatusCode::kInvalidArgument,
       "config.json: JSON syntax error"},
      {[](auto& f) { f.files.erase("model.safetensors.index.json"); }, absl::StatusCode::kNotFound,
       "has neither model.safetensors nor model.safetensors.index.json"},
      {[](auto& f) {
         f.files.erase("model.safetensors.index.json");
         f.files["pytorch_model.bin"] = "x";
       },
       absl::StatusCode::kNotFound, "it has pytorch_model.bin, which can't be read"},
      {[](auto& f) { f.files["model.safetensors.index.json"] = "{}"; }, absl::StatusCode::kInvalidArgument,
       "index.json': it has no 'weight_map'"},
      {[](auto& f) { f.files["model.safetensors.index.json"] = R"({"weight_map": {}})"; },
       absl::StatusCode::kInvalidArgument, "'weight_map' is {0 keys}"},
      {[](auto& f) { f.files["model.safetensors.index.json"] = R"({"weight_map": {"a": 1}})"; },
       absl::StatusCode::kInvalidArgument, "the file of tensor 'a' is 1"},
      {[](auto& f) { f.files.erase("model-2.safetensors"); }, absl::StatusCode::kInvalidArgument,
       "file 'model-2.safetensors' is missing"},
      {[](auto& f) { f.files["model-2.safetensors"] = Tensors({"x"}); }, absl::StatusCode::kInvalidArgument,
       "tensor 'x' of 'model-2.safetensors' is missing"},
      {[](auto& f) { f.files["model-2.safetensors"] = Tensors({}); }, absl::StatusCode::kInvalidArgument,
       "tensor 'a' is not in 'model-2.safetensors'"},
      {[](auto& f) { f.files["model-2.safetensors"] = Tensors({"a", "b"}); },
       absl::StatusCode::kInvalidArgument,
       "tensor 'b' should be in 'model-1.safetensors', but is in 'model-2.safetensors'"},
      {[](auto& f) { f.files["model-2.safetensors"] = "x"; }, absl::StatusCode::kInvalidArgument,
       "model-2.safetensors': damaged safetensors"},
  };
  for (const auto& [damage, code, expected] : cases) {
    FolderBuilder folder = Sharded();
    damage(folder);
    const absl::Status status = Open(folder).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_NE(std::string(status.message()).find(expected), std::string::npos) << status;
    EXPECT_NE(std::string(status.message()).find("A.Model-1.5B"), std::string::npos) << status;
  }
}

TEST(HuggingFaceCheckpoint, ReadsNoFileOutsideItsFolder) {
  for (const char* name : {"../x.safetensors", "/x.safetensors", "a/x.safetensors", "..", ".safetensors",
                           "x.bin", "", "x.safetensors\\u0000.safetensors", "a\\\\x.safetensors"}) {
    FolderBuilder folder = Sharded();
    folder.files["model.safetensors.index.json"] = "{\"weight_map\": {\"a\": \"" + std::string(name) + "\"}}";
    const absl::Status status = Open(folder).status();
    EXPECT_NE(std::string(status.message()).find("not the name of a .safetensors file in the folder"),
              std::string::npos)
        << name << ": " << status;
  }
}

TEST(HuggingFaceCheckpoint, MayLackATokenizer) {
  FolderBuilder folder = Small();
  folder.files.erase("tokenizer.json");
  const absl::Status missing = (*Open(folder))->tokenizer().status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(missing.message()).find("has neither tokenizer.json nor tokenizer.model"),
            std::string::npos)
      << missing;
  folder.files["vocab.txt"] = "x";
  const absl::Status other = (*Open(folder))->tokenizer().status();
  EXPECT_EQ(other.code(), absl::StatusCode::kUnimplemented);
  EXPECT_NE(std::string(other.message()).find("has vocab.txt but neither"), std::string::npos) << other;
  folder.files["tokenizer.model"] = "x";
  const absl::Status damaged = (*Open(folder))->tokenizer().status();
  EXPECT_EQ(damaged.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(std::string(damaged.message()).find("tokenizer.model: it is no SentencePiece model, or damaged"),
            std::string::npos)
      << damaged;
  folder = Small();
  folder.files["config.json"] = R"({"hidden_size": 1})";
  EXPECT_EQ((*Open(folder))->architecture().status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace streamtensor::compiler
