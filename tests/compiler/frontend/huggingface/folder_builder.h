// SPDX-License-Identifier: Apache-2.0
// Writes safetensors and small Hugging Face folders: sound ones, and, since nothing is checked, unsound ones
// too.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace streamtensor::compiler {

using nlohmann::json;

// The header as it stands, padded to a multiple of 8, and the data.
inline std::string SafetensorsBytes(std::string header, const std::string& data) {
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const uint64_t size = header.size();
  std::string bytes(sizeof(size), '\0');
  std::memcpy(bytes.data(), &size, sizeof(size));
  return bytes + header + data;
}

// Tensors one after another, each with the bytes of its number of elements: `bits` of each dtype.
class SafetensorsBuilder {
 public:
  void Add(const std::string& name, const std::string& dtype, const std::vector<int64_t>& shape, int bits) {
    int64_t elements = 1;
    for (int64_t dim : shape) elements *= dim;
    const size_t begin = data.size();
    for (int64_t i = 0; i < elements * bits / 8; ++i) data += static_cast<char>('a' + i % 26);
    header[name] = {{"dtype", dtype}, {"shape", shape}, {"data_offsets", {begin, data.size()}}};
  }
  std::string Build() const { return SafetensorsBytes(header.dump(), data); }

  json header = json::object();
  std::string data;
};

// Files by name, in a new folder.
class FolderBuilder {
 public:
  std::map<std::string, std::string> files;

  // Replaces what is in `path`.
  void Write(const std::string& path) const {
    namespace fs = std::filesystem;
    fs::remove_all(path);
    fs::create_directories(path);
    for (const auto& [name, text] : files) {
      std::ofstream(fs::path(path) / name, std::ios::binary)
          .write(text.data(), static_cast<std::streamsize>(text.size()));
    }
  }
};

// A byte-level BPE of 3 special tokens and 13 pieces, as tests/compiler/frontend/gguf_builder.h has it.
inline json SmallTokenizer() {
  json vocabulary = json::object();
  for (int id = 3; id < 15; ++id) vocabulary[std::string(1, static_cast<char>('a' + id - 3))] = id;
  vocabulary["ab"] = 15;
  json added = json::array();
  for (const auto& [id, text] : {std::pair(0, "<|endoftext|>"), {1, "<|im_start|>"}, {2, "<|im_end|>"}}) {
    added.push_back({{"id", id},
                     {"content", text},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  const json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  const json digits = {{"type", "Digits"}, {"individual_digits", true}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", json::array({digits, byte_level})}}},
          {"post_processor", nullptr},
          {"decoder", byte_level},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", vocabulary},
            {"merges", {"a b"}}}}};
}

inline json SmallTokenizerConfig() {
  return {{"add_bos_token", false},
          {"bos_token", {{"content", "<|im_start|>"}, {"special", true}}},
          {"eos_token", "<|im_end|>"},
          {"chat_template", "{{ messages }}"}};
}

// A Llama of one layer with the vocabulary of SmallTokenizer().
inline json TinyConfig() {
  return {{"model_type", "llama"},
          {"hidden_size", 32},
          {"intermediate_size", 32},
          {"num_hidden_layers", 1},
          {"num_attention_heads", 2},
          {"num_key_value_heads", 1},
          {"head_dim", 16},
          {"vocab_size", 16},
          {"max_position_embeddings", 64},
          {"rms_norm_eps", 1e-5},
          {"rope_theta", 10000.0},
          {"hidden_act", "silu"},
          {"tie_word_embeddings", true}};
}

// model.safetensors of the model that TinyConfig() describes, in one type of `bits` bits: 0 everywhere.
inline std::string TinyWeights(const std::string& dtype, int bits) {
  SafetensorsBuilder builder;
  const auto add = [&](const std::string& name, const std::vector<int64_t>& shape) {
    builder.Add(name + ".weight", dtype, shape, bits);
  };
  add("model.embed_tokens", {16, 32});
  add("model.norm", {32});
  const std::string layer = "model.layers.0.";
  add(layer + "input_layernorm", {32});
  add(layer + "post_attention_layernorm", {32});
  add(layer + "self_attn.q_proj", {32, 32});
  add(layer + "self_attn.k_proj", {16, 32});
  add(layer + "self_attn.v_proj", {16, 32});
  add(layer + "self_attn.o_proj", {32, 32});
  for (const char* name : {"gate", "up", "down"}) add(layer + "mlp." + name + "_proj", {32, 32});
  builder.data.assign(builder.data.size(), '\0');
  return builder.Build();
}

inline FolderBuilder TinyFolder() {
  FolderBuilder folder;
  folder.files["config.json"] = TinyConfig().dump();
  folder.files["tokenizer.json"] = SmallTokenizer().dump();
  folder.files["tokenizer_config.json"] = SmallTokenizerConfig().dump();
  folder.files["model.safetensors"] = TinyWeights("F32", 32);
  return folder;
}

}  // namespace streamtensor::compiler
