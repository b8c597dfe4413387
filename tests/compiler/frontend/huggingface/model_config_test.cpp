// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/huggingface/model_config.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace streamtensor::compiler {
namespace {

ModelConfig Sound(const std::string& text) {
  absl::StatusOr<ModelConfig> config = ModelConfig::Parse(text);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *std::move(config) : ModelConfig();
}

TEST(ModelConfig, ReadsValuesByDottedKey) {
  const ModelConfig config = Sound(R"({
    "hidden_size": 64, "offset": -1, "rope_theta": 10000, "rms_norm_eps": 1e-5, "tie": true, "model_type": "llama",
    "none": null, "eos_token_id": [2, 3], "factors": [1, 0.5], "architectures": ["A"],
    "outer": {"inner": {"deep": 7}, "none": null}, "empty": {}})");
  EXPECT_EQ(*config.GetUint("hidden_size"), 64u);
  EXPECT_EQ(*config.GetInt("hidden_size"), 64);
  EXPECT_EQ(*config.GetInt("offset"), -1);
  EXPECT_EQ(*config.GetFloat("rope_theta"), 10000.0);
  EXPECT_EQ(*config.GetFloat("rms_norm_eps"), 1e-5);
  EXPECT_EQ(*config.GetBool("tie"), true);
  EXPECT_EQ(*config.GetString("model_type"), "llama");
  EXPECT_EQ(*config.GetInts("eos_token_id"), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(*config.GetFloats("factors"), (std::vector<double>{1, 0.5}));
  EXPECT_EQ(*config.GetStrings("architectures"), (std::vector<std::string>{"A"}));
  EXPECT_EQ(*config.GetUint("outer.inner.deep"), 7u);
  EXPECT_TRUE(config.Has("outer.inner"));
  EXPECT_TRUE(config.Has("empty"));
  EXPECT_FALSE(config.Has("none"));
  EXPECT_FALSE(config.Has("outer.none"));
  EXPECT_EQ(config.ValueText("eos_token_id"), "[2: 2, 3]");
  EXPECT_EQ(config.ValueText("none"), "");
  EXPECT_EQ(config.keys(),
            (std::vector<std::string>{"architectures", "eos_token_id", "factors", "hidden_size", "model_type",
                                      "offset", "outer.inner.deep", "rms_norm_eps", "rope_theta", "tie"}));
}

TEST(ModelConfig, SaysWhatAValueIs) {
  const ModelConfig config = Sound(
      R"({"text": "x", "minus": -1, "large": 9223372036854775808, "half": 0.5, "list": [1, "a"], "o": {"p": 1}})");
  EXPECT_EQ(config.GetUint("missing").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(config.GetUint("text").status().message(),
            "config.json key 'text' holds \"x\", expected a non-negative integer");
  EXPECT_EQ(config.GetUint("o").status().message(), "config.json key 'o' holds an object");
  for (const char* key : {"minus", "half", "list", "text"}) {
    EXPECT_EQ(config.GetUint(key).status().code(), absl::StatusCode::kInvalidArgument) << key;
  }
  EXPECT_EQ(config.GetInt("large").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(*config.GetUint("large"), uint64_t{1} << 63);
  EXPECT_FALSE(config.GetInt("half").ok());
  EXPECT_FALSE(config.GetFloat("text").ok());
  EXPECT_FALSE(config.GetBool("minus").ok());
  EXPECT_FALSE(config.GetString("minus").ok());
  EXPECT_FALSE(config.GetInts("list").ok());
  EXPECT_FALSE(config.GetFloats("list").ok());
  EXPECT_FALSE(config.GetStrings("list").ok());
  EXPECT_FALSE(config.GetInts("minus").ok());
}

TEST(ModelConfig, HasOneDialectOfRope) {
  for (
      const char* text : {
          R"({"rope_theta": 5e5, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}})",
          R"({"rope_theta": 5e5, "rope_scaling": {"type": "llama3", "factor": 8.0}})",
          R"({"rope_theta": 5e5, "rope_scaling": {"type": "old", "rope_type": "llama3", "factor": 8.0}})",
          R"({"rope_parameters": {"rope_theta": 5e5, "rope_type": "llama3", "factor": 8.0}})",
          R"({"rope_theta": 5e5, "rope_parameters": {"rope_theta": 5e5, "rope_type": "llama3", "factor": 8.0}})",
      }) {
    const ModelConfig config = Sound(text);
    EXPECT_EQ(config.keys(),
              (std::vector<std::string>{"rope_scaling.factor", "rope_scaling.rope_type", "rope_theta"}))
        << text;
    EXPECT_EQ(*config.GetFloat("rope_theta"), 5e5) << text;
    EXPECT_EQ(*config.GetString("rope_scaling.rope_type"), "llama3") << text;
  }
  for (const char* text : {
           R"({"rope_theta": 5e5, "rope_scaling": null})",
           R"({"rope_theta": 5e5, "rope_scaling": {"rope_type": "default"}})",
           R"({"rope_parameters": {"rope_theta": 5e5, "rope_type": "default"}})",
           R"({"rope_parameters": {"rope_theta": 5e5}, "rope_scaling": null})",
       }) {
    EXPECT_EQ(Sound(text).keys(), std::vector<std::string>{"rope_theta"}) << text;
    EXPECT_FALSE(Sound(text).Has("rope_scaling")) << text;
  }
  const ModelConfig partial =
      Sound(R"({"rope_parameters": {"partial_rotary_factor": 0.5, "rope_theta": 1e4}})");
  EXPECT_EQ(*partial.GetFloat("partial_rotary_factor"), 0.5);
  // One for each type of layer.
  const ModelConfig layered = Sound(R"({"rope_parameters": {"full_attention": {"rope_theta": 1e6}}})");
  EXPECT_EQ(layered.keys(), std::vector<std::string>{"rope_parameters.full_attention.rope_theta"});
  // A scaling that says more than "default" is kept.
  EXPECT_TRUE(Sound(R"({"rope_scaling": {"type": "default", "mrope_section": [1, 2]}})").Has("rope_scaling"));
}

TEST(ModelConfig, RefusesDamage) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "config.json: JSON syntax error"},
      {"[]", "config.json holds [0:], not an object"},
      {R"({"a": 1, "a": 2})", "key 'a' comes twice"},
      {R"({"a": {"b": 1}, "a.b": 2})", "two values for the key 'a.b'"},
      {R"({"rope_theta": 1, "rope_parameters": {"rope_theta": 2}})", "contradicts itself: 'rope_theta' is 2"},
      {R"({"rope_scaling": {"factor": 1}, "rope_parameters": {"factor": 2}})",
       "contradicts itself: 'rope_parameters'"},
  };
  for (const auto& [text, expected] : cases) {
    const absl::Status status = ModelConfig::Parse(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_NE(std::string(status.message()).find(expected), std::string::npos) << text << ": " << status;
  }
}

}  // namespace
}  // namespace streamtensor::compiler
