// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/inspect.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "compiler/frontend/huggingface/safetensors_file.h"
#include "tests/compiler/frontend/gguf_builder.h"
#include "tests/compiler/frontend/huggingface/folder_builder.h"

namespace streamtensor::compiler {
namespace {

TEST(InspectCheckpoint, TellsWhatRequantisationCosts) {
  const std::string path = ::testing::TempDir() + "/inspect_cost.gguf";
  GgufBuilder builder = TinyLlamaFile({.matrices = GgufTensorType::kQ5_1});
  builder.Write(path);
  EXPECT_EQ(InspectCheckpoint(path, InspectFormat::kText)->find("requantised"), std::string::npos);
  GgufBuilder other;
  other.AddTensor("blk.1.ffn_up.weight", GgufTensorType::kF16, builder.Find("blk.1.ffn_up.weight")->dims);
  // One group of values that bytes can't have all: the rest of the row is 0.
  std::string& bytes = other.tensors[0].bytes;
  bytes.assign(bytes.size(), '\0');
  for (const auto& [element, half] : {std::pair<size_t, uint16_t>(0, 0x3c00), {1, 0x3801}}) {
    std::memcpy(bytes.data() + 2 * element, &half, 2);
  }
  *builder.Find("blk.1.ffn_up.weight") = other.tensors[0];
  builder.Write(path);
  const std::string text = *InspectCheckpoint(path, InspectFormat::kText);
  EXPECT_NE(text.find("blk.1.ffn_up.weight              F16  -> i8 with minimum"), std::string::npos) << text;
  EXPECT_NE(text.find("1 matrices"), std::string::npos) << text;
  const auto json = nlohmann::json::parse(*InspectCheckpoint(path, InspectFormat::kJson));
  const auto& requantised = json["requantised"];
  ASSERT_EQ(requantised["matrices"].size(), 1u);
  EXPECT_EQ(requantised["matrices"][0]["name"], "blk.1.ffn_up.weight");
  EXPECT_EQ(requantised["total"]["largest_value"], 1.0);
  const double largest = requantised["total"]["largest_error"];
  EXPECT_GT(largest, 0);
  EXPECT_LT(largest, 0.5 / 95);
  // Two values: the error's root mean square over both.
  EXPECT_LE(requantised["total"]["relative_rms"], std::sqrt(2) * largest);

  // A value that can't be converted stands in the way of compiling, and inspect says so.
  const uint16_t infinity = 0x7c00;
  std::memcpy(builder.Find("blk.1.ffn_up.weight")->bytes.data() + 64 * 2 * 3 + 32 * 2, &infinity, 2);
  builder.Write(path);
  EXPECT_NE(InspectCheckpoint(path, InspectFormat::kText)
                ->find("compilable: no: tensor 'blk.1.ffn_up.weight', row 3, group 1: its element is not a"),
            std::string::npos);
}

TEST(InspectCheckpoint, DescribesAFolder) {
  FolderBuilder folder = TinyFolder();
  folder.files["model-1.safetensors"] = TinyWeights("BF16", 16);
  folder.files.erase("model.safetensors");
  json weight_map = json::object();
  const std::string path = ::testing::TempDir() + "/inspect_folder";
  folder.Write(path);
  const auto weights = *SafetensorsFile::Open(path + "/model-1.safetensors");
  for (const SafetensorsTensor& tensor : weights->tensors()) {
    weight_map[tensor.name] = "model-1.safetensors";
  }
  folder.files["model.safetensors.index.json"] = json{{"weight_map", weight_map}}.dump();
  folder.Write(path);
  const std::string text = *InspectCheckpoint(path, InspectFormat::kText);
  for (const char* line :
       {": safetensors, ", "compilable: yes\n", "  rope_theta = 10000.0\n", "  model_type = \"llama\"\n",
        "\ntensors (rows first)\n", "  model.layers.0.self_attn.k_proj.weight         BF16   [16, 32]\n",
        "tokenizer: byte-level BPE, 16 tokens, 1 merges, with a chat template"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
  const json described = json::parse(*InspectCheckpoint(path, InspectFormat::kJson));
  EXPECT_EQ(described["format"], "safetensors");
  EXPECT_FALSE(described.contains("version"));
  EXPECT_EQ(described["files"], 1);
  EXPECT_EQ(described["metadata"]["num_hidden_layers"], 1);
  EXPECT_EQ(described["types"]["BF16"]["tensors"], described["tensors"].size());
  EXPECT_EQ(described["tensors"][0]["dims"], (json{16, 32}));
  EXPECT_EQ(described["tokenizer"]["tokens"], 16);

  // What stands in the way is said, and the rest shown.
  folder.files["config.json"] = R"({"model_type": "bert"})";
  folder.Write(path);
  const std::string other = *InspectCheckpoint(path, InspectFormat::kText);
  EXPECT_NE(other.find("compilable: no: "), std::string::npos) << other;
  EXPECT_NE(other.find("model.norm.weight"), std::string::npos) << other;
}

}  // namespace
}  // namespace streamtensor::compiler
