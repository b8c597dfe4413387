// SPDX-License-Identifier: Apache-2.0
// Writes GGUF files in memory: sound ones, and, since nothing is checked, unsound ones too.
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/frontend/gguf/gguf_types.h"

namespace streamtensor::compiler {

template <typename T>
void Put(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

inline void PutText(std::string* out, std::string_view text) {
  Put<uint64_t>(out, text.size());
  out->append(text);
}

class GgufBuilder {
 public:
  uint32_t version = 3;
  uint64_t alignment = 32;

  // Replaces an entry of the same key.
  void Raw(std::string_view key, GgufValueType type, std::string bytes) {
    for (Entry& entry : entries_) {
      if (entry.key == key) {
        entry = {std::string(key), type, std::move(bytes)};
        return;
      }
    }
    Append(key, type, std::move(bytes));
  }
  void Append(std::string_view key, GgufValueType type, std::string bytes) {
    entries_.push_back({std::string(key), type, std::move(bytes)});
  }
  template <typename T>
  void Scalar(std::string_view key, GgufValueType type, T value) {
    std::string bytes;
    Put(&bytes, value);
    Raw(key, type, bytes);
  }
  void Uint(std::string_view key, uint32_t value) { Scalar(key, GgufValueType::kUint32, value); }
  void Float(std::string_view key, float value) { Scalar(key, GgufValueType::kFloat32, value); }
  void Bool(std::string_view key, bool value) { Scalar<uint8_t>(key, GgufValueType::kBool, value); }
  void Text(std::string_view key, std::string_view value) {
    std::string bytes;
    PutText(&bytes, value);
    Raw(key, GgufValueType::kString, bytes);
  }
  void Texts(std::string_view key, const std::vector<std::string>& values) {
    std::string bytes;
    Put(&bytes, GgufValueType::kString);
    Put<uint64_t>(&bytes, values.size());
    for (const std::string& value : values) PutText(&bytes, value);
    Raw(key, GgufValueType::kArray, bytes);
  }
  void Ints(std::string_view key, const std::vector<int32_t>& values) {
    std::string bytes;
    Put(&bytes, GgufValueType::kInt32);
    Put<uint64_t>(&bytes, values.size());
    for (int32_t value : values) Put(&bytes, value);
    Raw(key, GgufValueType::kArray, bytes);
  }
  void Floats(std::string_view key, const std::vector<float>& values) {
    std::string bytes;
    Put(&bytes, GgufValueType::kFloat32);
    Put<uint64_t>(&bytes, values.size());
    for (float value : values) Put(&bytes, value);
    Raw(key, GgufValueType::kArray, bytes);
  }
  void Remove(std::string_view key) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.key == key; });
  }

  struct Tensor {
    std::string name;
    uint32_t type;
    std::vector<uint64_t> dims;  // innermost first
    std::string bytes;
  };
  std::vector<Tensor> tensors;

  // `dims` innermost first; the bytes follow from type and size by a fixed pattern of small numbers.
  void AddTensor(std::string_view name, GgufTensorType type, const std::vector<uint64_t>& dims) {
    uint64_t elements = 1;
    for (uint64_t dim : dims) elements *= dim;
    tensors.push_back({std::string(name), static_cast<uint32_t>(type), dims, Pattern(type, elements)});
  }
  Tensor* Find(std::string_view name) {
    for (Tensor& tensor : tensors) {
      if (tensor.name == name) return &tensor;
    }
    return nullptr;
  }

  std::string Build() const {
    std::string file = "GGUF";
    Put(&file, version);
    Put<uint64_t>(&file, tensors.size());
    Put<uint64_t>(&file, entries_.size());
    for (const Entry& entry : entries_) {
      PutText(&file, entry.key);
      Put(&file, entry.type);
      file += entry.bytes;
    }
    std::string data;
    for (const Tensor& tensor : tensors) {
      data.resize((data.size() + alignment - 1) / alignment * alignment);
      PutText(&file, tensor.name);
      Put<uint32_t>(&file, tensor.dims.size());
      for (uint64_t dim : tensor.dims) Put(&file, dim);
      Put(&file, tensor.type);
      Put<uint64_t>(&file, data.size());
      data += tensor.bytes;
    }
    file.resize((file.size() + alignment - 1) / alignment * alignment);
    return file + data;
  }

  void Write(const std::string& path) const {
    const std::string file = Build();
    std::ofstream(path, std::ios::binary).write(file.data(), static_cast<std::streamsize>(file.size()));
  }

 private:
  struct Entry {
    std::string key;
    GgufValueType type;
    std::string bytes;
  };

  static std::string Pattern(GgufTensorType type, uint64_t elements) {
    std::string bytes;
    if (type == GgufTensorType::kF32) {
      for (uint64_t i = 0; i < elements; ++i) Put(&bytes, 0.125f * static_cast<float>(i % 17) - 1.0f);
      return bytes;
    }
    if (type == GgufTensorType::kF16 || type == GgufTensorType::kBF16) {
      const uint16_t one = type == GgufTensorType::kF16 ? 0x3c00 : 0x3f80;
      for (uint64_t i = 0; i < elements; ++i) Put<uint16_t>(&bytes, one + i % 17);
      return bytes;
    }
    const uint16_t kScale = 0x2c00;    // 0.0625 in float16
    const uint16_t kMinimum = 0xb800;  // -0.5
    const GgufTensorLayout& layout = *FindGgufTensorLayout(static_cast<uint32_t>(type));
    const bool has_minimum = type == GgufTensorType::kQ4_1 || type == GgufTensorType::kQ5_1 ||
                             type == GgufTensorType::kQ4_K || type == GgufTensorType::kQ5_K;
    for (uint64_t block = 0; block < elements / layout.block_elements; ++block) {
      std::string data;
      if (type != GgufTensorType::kQ6_K) Put<uint16_t>(&data, kScale + block % 64);
      if (has_minimum) Put<uint16_t>(&data, kMinimum + block % 32);
      const size_t end = layout.block_bytes - (type == GgufTensorType::kQ6_K ? 2 : 0);
      for (int i = 0; data.size() < end; ++i) data += static_cast<char>((block * 7 + i * 5) % 128);
      if (type == GgufTensorType::kQ6_K) Put<uint16_t>(&data, kScale);
      bytes += data;
    }
    return bytes;
  }

  std::vector<Entry> entries_;
};

struct TinyLlama {
  uint32_t layers = 2;
  uint32_t hidden = 64;
  uint32_t inner = 96;
  uint32_t heads = 4;
  uint32_t kv_heads = 2;
  uint32_t head_dim = 16;
  uint32_t context = 128;
  bool tied = true;
  GgufTensorType matrices = GgufTensorType::kQ4_1;
  std::string architecture = "llama";
  bool biases = false;  // of the attention's four matrices
};

// A sound model of the Llama family with a vocabulary of 16.
inline GgufBuilder TinyLlamaFile(const TinyLlama& tiny = {}) {
  GgufBuilder file;
  file.Text("general.architecture", tiny.architecture);
  const std::string keys = tiny.architecture + ".";
  file.Text("general.name", "tiny");
  file.Uint(keys + "block_count", tiny.layers);
  file.Uint(keys + "context_length", tiny.context);
  file.Uint(keys + "embedding_length", tiny.hidden);
  file.Uint(keys + "feed_forward_length", tiny.inner);
  file.Uint(keys + "attention.head_count", tiny.heads);
  file.Uint(keys + "attention.head_count_kv", tiny.kv_heads);
  file.Uint(keys + "attention.key_length", tiny.head_dim);
  file.Uint(keys + "attention.value_length", tiny.head_dim);
  file.Uint(keys + "rope.dimension_count", tiny.head_dim);
  file.Float(keys + "rope.freq_base", 10000.0f);
  file.Float(keys + "attention.layer_norm_rms_epsilon", 1e-5f);
  file.Text("tokenizer.ggml.model", "gpt2");
  file.Text("tokenizer.ggml.pre", "smollm");
  std::vector<std::string> tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  for (char c = 'a'; tokens.size() < 15; ++c) tokens.push_back(std::string(1, c));
  tokens.push_back("ab");
  std::vector<int32_t> types(tokens.size(), 1);
  types[0] = types[1] = types[2] = 3;
  file.Texts("tokenizer.ggml.tokens", tokens);
  file.Ints("tokenizer.ggml.token_type", types);
  file.Texts("tokenizer.ggml.merges", {"a b"});
  file.Uint("tokenizer.ggml.bos_token_id", 1);
  file.Uint("tokenizer.ggml.eos_token_id", 2);
  file.Bool("tokenizer.ggml.add_bos_token", false);
  file.Text("tokenizer.chat_template", "{{ messages }}");

  const uint64_t query = tiny.heads * tiny.head_dim;
  const uint64_t kv = tiny.kv_heads * tiny.head_dim;
  file.AddTensor("token_embd.weight", GgufTensorType::kQ8_0, {tiny.hidden, tokens.size()});
  for (uint32_t layer = 0; layer < tiny.layers; ++layer) {
    const std::string prefix = "blk." + std::to_string(layer) + ".";
    file.AddTensor(prefix + "attn_norm.weight", GgufTensorType::kF32, {tiny.hidden});
    file.AddTensor(prefix + "attn_q.weight", tiny.matrices, {tiny.hidden, query});
    file.AddTensor(prefix + "attn_k.weight", tiny.matrices, {tiny.hidden, kv});
    file.AddTensor(prefix + "attn_v.weight", tiny.matrices, {tiny.hidden, kv});
    file.AddTensor(prefix + "attn_output.weight", tiny.matrices, {query, tiny.hidden});
    if (tiny.biases) {
      file.AddTensor(prefix + "attn_q.bias", GgufTensorType::kF32, {query});
      file.AddTensor(prefix + "attn_k.bias", GgufTensorType::kF32, {kv});
      file.AddTensor(prefix + "attn_v.bias", GgufTensorType::kF32, {kv});
      file.AddTensor(prefix + "attn_output.bias", GgufTensorType::kF32, {tiny.hidden});
    }
    file.AddTensor(prefix + "ffn_norm.weight", GgufTensorType::kF32, {tiny.hidden});
    file.AddTensor(prefix + "ffn_gate.weight", tiny.matrices, {tiny.hidden, tiny.inner});
    file.AddTensor(prefix + "ffn_up.weight", tiny.matrices, {tiny.hidden, tiny.inner});
    file.AddTensor(prefix + "ffn_down.weight", tiny.matrices, {tiny.inner, tiny.hidden});
  }
  file.AddTensor("output_norm.weight", GgufTensorType::kF32, {tiny.hidden});
  if (!tiny.tied) file.AddTensor("output.weight", tiny.matrices, {tiny.hidden, tokens.size()});
  return file;
}

}  // namespace streamtensor::compiler
