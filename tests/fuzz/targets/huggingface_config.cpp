// SPDX-License-Identifier: Apache-2.0
// config.json: parsed and read by every getter; then as the hyperparameters of a model of fixed weights. The
// same text as model.safetensors.index.json.
#include "compiler/frontend/huggingface/model_config.h"
#include "compiler/frontend/huggingface/weight_files.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/read_folder.h"

namespace streamtensor::fuzz {

using compiler::ModelConfig;

std::vector<std::string> Seeds() {
  Require(ReadsFolder(compiler::TinyFolder()), "the model is sound");
  compiler::json rope = compiler::TinyConfig();
  rope["rope_scaling"] = {{"rope_type", "llama3"},
                          {"factor", 8.0},
                          {"low_freq_factor", 1.0},
                          {"high_freq_factor", 4.0},
                          {"original_max_position_embeddings", 32}};
  compiler::json parameters = compiler::TinyConfig();
  parameters.erase("rope_theta");
  parameters["rope_parameters"] = {{"rope_theta", 5e5}, {"rope_type", "yarn"}, {"factor", 4.0}};
  parameters["eos_token_id"] = {1, 2};
  return {compiler::TinyConfig().dump(2), rope.dump(), parameters.dump(),
          R"({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}})"};
}

namespace {

// Each value is one of these and nothing else.
void ReadByEveryGetter(const ModelConfig& config, const std::string& key) {
  Require(config.Has(key) && !config.ValueText(key).empty(), "a key has a value with a text");
  const bool scalar = config.GetBool(key).ok() || config.GetString(key).ok() || config.GetFloat(key).ok();
  Require(!config.GetInt(key).ok() || config.GetFloat(key).ok(), "an integer is a number");
  Require(!config.GetUint(key).ok() || config.GetFloat(key).ok(), "an integer is a number");
  const bool list = config.GetInts(key).ok() || config.GetFloats(key).ok() || config.GetStrings(key).ok();
  Require(!(scalar && list), "a value has one type");
  if (!scalar) Refused(config.GetUint(key).status(), {"config.json"});
}

}  // namespace

bool Accepts(std::string_view input) {
  const auto index = compiler::ParseWeightIndex(input);
  if (index.ok()) {
    for (const auto& [tensor, file] : *index) {
      Require(file.find('/') == std::string::npos && file.front() != '.',
              "a file's name leads out of no folder");
    }
  } else {
    Refused(index.status());
  }
  const auto config = ModelConfig::Parse(input);
  if (!config.ok()) return Refused(config.status(), {"config.json"});
  for (const std::string& key : config->keys()) ReadByEveryGetter(*config, key);
  compiler::FolderBuilder folder = compiler::TinyFolder();
  folder.files["config.json"] = std::string(input);
  ReadsFolder(folder);
  return true;
}

}  // namespace streamtensor::fuzz
