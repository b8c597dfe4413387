// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/llama/llama_config.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "compiler/frontend/llama/llama_keys.h"
#include "compiler/frontend/message.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {
namespace {

// Bounds that keep every product below within 63 bits and every table within reason.
constexpr int64_t kLayersLimit = 1024;
constexpr int64_t kWidthLimit = 1 << 18;
constexpr int64_t kHeadsLimit = 1024;
constexpr int64_t kHeadDimLimit = 512;
constexpr int64_t kVocabularyLimit = 1 << 22;
constexpr int64_t kContextLimit = 1 << 24;

absl::Status Invalid(absl::string_view message) { return absl::InvalidArgumentError(message); }

struct Architecture {
  std::string_view name;
  RopePairs rope_pairs;
  bool has_biases;  // of queries, keys and values: part of the architecture, not a choice of the model
};

// Converters turn the rows of Llama's query and key matrices so that pairs lie side by side; Qwen2's stay.
constexpr Architecture kArchitectures[] = {
    {"llama", RopePairs::kInterleaved, false},
    {"qwen2", RopePairs::kHalves, true},
};

// A matrix of the graph: where its format is kept, its name and its shape.
struct MatrixRole {
  MatrixFormat LlamaConfig::* format;
  std::string_view pattern;
  int64_t rows;
  int64_t columns;
};

std::vector<MatrixRole> Matrices(const LlamaConfig& config) {
  const int64_t query = config.query_heads * config.head_dim;
  const int64_t kv = config.kv_heads * config.head_dim;
  std::vector<MatrixRole> roles = {
      {&LlamaConfig::embedding, "token_embd.weight", config.vocabulary, config.hidden},
      {&LlamaConfig::attn_q, "blk.{layer}.attn_q.weight", query, config.hidden},
      {&LlamaConfig::attn_k, "blk.{layer}.attn_k.weight", kv, config.hidden},
      {&LlamaConfig::attn_v, "blk.{layer}.attn_v.weight", kv, config.hidden},
      {&LlamaConfig::attn_output, "blk.{layer}.attn_output.weight", config.hidden, query},
      {&LlamaConfig::ffn_gate, "blk.{layer}.ffn_gate.weight", config.inner, config.hidden},
      {&LlamaConfig::ffn_up, "blk.{layer}.ffn_up.weight", config.inner, config.hidden},
      {&LlamaConfig::ffn_down, "blk.{layer}.ffn_down.weight", config.hidden, config.inner},
  };
  if (!config.tied_head) {
    roles.push_back({&LlamaConfig::head, "output.weight", config.vocabulary, config.hidden});
  }
  return roles;
}

// A norm's weight or a bias.
struct VectorRole {
  std::string_view pattern;
  int64_t width;
  bool optional = false;  // a bias that a model may do without, in all layers alike
};

std::vector<VectorRole> Vectors(const LlamaConfig& config, bool has_biases) {
  const int64_t query = config.query_heads * config.head_dim;
  const int64_t kv = config.kv_heads * config.head_dim;
  return {
      {"blk.{layer}.attn_norm.weight", config.hidden},
      {"blk.{layer}.ffn_norm.weight", config.hidden},
      {"output_norm.weight", config.hidden},
      {"blk.{layer}.attn_q.bias", query, !has_biases},
      {"blk.{layer}.attn_k.bias", kv, !has_biases},
      {"blk.{layer}.attn_v.bias", kv, !has_biases},
      {"blk.{layer}.attn_output.bias", config.hidden, true},
  };
}

// The names of a pattern in the file: one for each layer, or the pattern itself.
std::vector<std::string> Names(std::string_view pattern, int64_t layers) {
  if (!RunsOverLayers(pattern)) return {std::string(pattern)};
  std::vector<std::string> names;
  for (int64_t layer = 0; layer < layers; ++layer) names.push_back(WeightName(pattern, layer));
  return names;
}

std::string DimsText(const GgufTensor& tensor) {
  return Message("[", absl::StrJoin(tensor.dims.begin(), tensor.dims.begin() + tensor.rank, ", "), "]");
}

absl::StatusOr<const GgufTensor*> Find(const GgufFile& file, const std::string& name) {
  const GgufTensor* tensor = file.FindTensor(name);
  if (tensor == nullptr) return Invalid(Message("tensor '", name, "' is missing"));
  return tensor;
}

absl::Status CheckMatrix(const GgufTensor& tensor, int64_t rows, int64_t columns) {
  if (!CanConvert(static_cast<GgufTensorType>(tensor.type), MatrixFormat::kI8Minimum)) {
    return absl::UnimplementedError(Message("tensor ", Quoted(tensor.name), " has type ",
                                            GgufTensorTypeName(tensor.type),
                                            ", which can't be compiled yet; F32, F16, BF16, Q4_0, Q4_1, "
                                            "Q5_0, Q5_1, Q8_0, Q4_K, Q5_K and Q6_K can"));
  }
  if (tensor.rank != 2 || tensor.dims[0] != static_cast<uint64_t>(columns) ||
      tensor.dims[1] != static_cast<uint64_t>(rows)) {
    return Invalid(Message("tensor ", Quoted(tensor.name), " has dimensions ", DimsText(tensor),
                           ", expected [", columns, ", ", rows, "]"));
  }
  return absl::OkStatus();
}

absl::Status CheckVector(const GgufTensor& tensor, int64_t width) {
  const auto type = static_cast<GgufTensorType>(tensor.type);
  if (type != GgufTensorType::kF32 && type != GgufTensorType::kF16 && type != GgufTensorType::kBF16) {
    return absl::UnimplementedError(Message("tensor ", Quoted(tensor.name), " has type ",
                                            GgufTensorTypeName(tensor.type),
                                            "; a norm or a bias must be F32, F16 or BF16"));
  }
  if (tensor.rank != 1 || tensor.dims[0] != static_cast<uint64_t>(width)) {
    return Invalid(Message("tensor ", Quoted(tensor.name), " has dimensions ", DimsText(tensor),
                           ", expected [", width, "]"));
  }
  return absl::OkStatus();
}

// One format for all tensors of a pattern, because their values are stacked by layer: the first that takes
// all of them, of those that cost least memory first. The last takes whatever CheckMatrix() lets through.
MatrixFormat CommonFormat(const std::vector<const GgufTensor*>& tensors) {
  for (MatrixFormat format : {MatrixFormat::kU4, MatrixFormat::kI8}) {
    const bool all = std::all_of(tensors.begin(), tensors.end(), [&](const GgufTensor* tensor) {
      return CanConvert(static_cast<GgufTensorType>(tensor->type), format);
    });
    if (all) return format;
  }
  return MatrixFormat::kI8Minimum;
}

absl::StatusOr<Architecture> ReadArchitecture(const GgufFile& file) {
  absl::StatusOr<std::string_view> name = file.GetString("general.architecture");
  if (!name.ok()) return Invalid(name.status().message());
  for (const Architecture& architecture : kArchitectures) {
    if (architecture.name == *name) return architecture;
  }
  return absl::UnimplementedError(
      Message("architecture ", Quoted(*name), " can't be compiled yet; 'llama' and 'qwen2' can"));
}

// Of a key that a file may do without; a value of another type is an error all the same.
template <typename T>
absl::StatusOr<T> IfGiven(absl::StatusOr<T> value, T otherwise) {
  return absl::IsNotFound(value.status()) ? absl::StatusOr<T>(otherwise) : value;
}

absl::Status CheckKind(const LlamaKeys& keys) {
  const GgufFile& file = keys.file();
  absl::StatusOr<std::string_view> type = IfGiven(file.GetString("general.type"), std::string_view("model"));
  if (!type.ok()) return type.status();
  if (*type != "model") {
    return absl::UnimplementedError(Message("the file holds a ", Quoted(*type), ", not a model"));
  }
  absl::StatusOr<uint64_t> parts = IfGiven(file.GetUint("split.count"), uint64_t{1});
  if (!parts.ok()) return parts.status();
  if (*parts > 1) {
    return absl::UnimplementedError(
        Message("the file is one of ", *parts, " parts; merge them first (gguf-split --merge)"));
  }
  absl::StatusOr<uint64_t> experts = IfGiven(file.GetUint(keys.Name("expert_count")), uint64_t{0});
  if (!experts.ok()) return experts.status();
  if (*experts > 0) {
    return absl::UnimplementedError(Message("mixture of ", *experts, " experts can't be compiled yet"));
  }
  absl::StatusOr<bool> causal = IfGiven(file.GetBool(keys.Name("attention.causal")), true);
  if (!causal.ok()) return causal.status();
  if (!*causal) {
    return absl::UnimplementedError(
        Message("'", keys.Name("attention.causal"),
                "' is false: a model that attends to later tokens can't be compiled"));
  }
  // Each would change what the graph computes.
  for (std::string_view key : {"attention.sliding_window", "attention.scale", "logit_scale",
                               "embedding_scale", "residual_scale", "attention.clamp_kqv"}) {
    if (keys.Has(key)) {
      return absl::UnimplementedError(
          Message("metadata key '", keys.Name(key), "' asks for what can't be compiled yet"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckShape(const LlamaConfig& config) {
  if (config.query_heads % config.kv_heads != 0) {
    return Invalid(Message(config.architecture, ".attention.head_count is ", config.query_heads,
                           ", not a multiple of head_count_kv ", config.kv_heads));
  }
  if (config.head_dim < 2 || config.head_dim > kHeadDimLimit || config.head_dim % 2 != 0) {
    return Invalid(
        Message("heads are ", config.head_dim, " wide; expected an even number from 2 to ", kHeadDimLimit));
  }
  struct Width {
    std::string name;
    int64_t value;
    int64_t multiple;  // of a group, where a matrix reads it; of a row tile, where one gives it
  };
  const Width widths[] = {
      {Message(config.architecture, ".embedding_length"), config.hidden, contract::kGroupElements},
      {Message(config.architecture, ".feed_forward_length"), config.inner, contract::kGroupElements},
      {"heads times head width", config.query_heads * config.head_dim, contract::kGroupElements},
      {"KV heads times head width", config.kv_heads * config.head_dim, contract::kTileRows},
  };
  for (const auto& [name, width, multiple] : widths) {
    if (width % multiple != 0) {
      return absl::UnimplementedError(
          Message(name, " is ", width, "; only multiples of ", multiple, " can be compiled yet"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNoOtherTensors(const GgufFile& file, const std::set<std::string, std::less<>>& known) {
  for (const GgufTensor& tensor : file.tensors()) {
    if (known.find(tensor.name) == known.end()) {
      return absl::UnimplementedError(
          Message("tensor ", Quoted(tensor.name), " is no part of the graph that can be compiled yet"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadTensors(const GgufFile& file, bool has_biases, LlamaConfig* config) {
  std::set<std::string, std::less<>> known = {kRopeDivisors};
  for (const MatrixRole& role : Matrices(*config)) {
    std::vector<const GgufTensor*> tensors;
    for (std::string& name : Names(role.pattern, config->layers)) {
      absl::StatusOr<const GgufTensor*> tensor = Find(file, name);
      if (!tensor.ok()) return tensor.status();
      if (absl::Status status = CheckMatrix(**tensor, role.rows, role.columns); !status.ok()) return status;
      tensors.push_back(*tensor);
      known.insert(std::move(name));
    }
    config->*role.format = CommonFormat(tensors);
  }
  if (config->tied_head) config->head = config->embedding;
  for (const VectorRole& role : Vectors(*config, has_biases)) {
    std::vector<std::string> names = Names(role.pattern, config->layers);
    if (role.optional && file.FindTensor(names.front()) == nullptr) continue;
    for (std::string& name : names) {
      absl::StatusOr<const GgufTensor*> tensor = Find(file, name);
      if (!tensor.ok()) return tensor.status();
      if (absl::Status status = CheckVector(**tensor, role.width); !status.ok()) return status;
      known.insert(std::move(name));
    }
  }
  return CheckNoOtherTensors(file, known);
}

absl::StatusOr<int64_t> Vocabulary(const GgufFile& file, const std::string& architecture) {
  absl::StatusOr<const GgufTensor*> embedding = Find(file, "token_embd.weight");
  if (!embedding.ok()) return embedding.status();
  const uint64_t rows = (*embedding)->dims[1];
  if ((*embedding)->rank != 2 || rows > static_cast<uint64_t>(kVocabularyLimit)) {
    return Invalid(Message("tensor 'token_embd.weight' has dimensions ", DimsText(**embedding),
                           ", expected [hidden, vocabulary up to ", kVocabularyLimit, "]"));
  }
  absl::StatusOr<uint64_t> size = IfGiven(file.GetUint(architecture + ".vocab_size"), rows);
  if (!size.ok()) return size.status();
  if (*size != rows) {
    return Invalid(Message(architecture, ".vocab_size is ", *size, ", but tensor 'token_embd.weight' has ",
                           rows, " rows"));
  }
  if (absl::StatusOr<std::span<const std::string_view>> tokens = file.GetStrings("tokenizer.ggml.tokens");
      tokens.ok() && tokens->size() != rows) {
    return Invalid(Message("tokenizer.ggml.tokens has ", tokens->size(),
                           " tokens, but tensor 'token_embd.weight' has ", rows, " rows"));
  }
  return static_cast<int64_t>(rows);
}

}  // namespace

absl::StatusOr<LlamaConfig> ReadLlamaConfig(const GgufFile& file) {
  absl::StatusOr<Architecture> architecture = ReadArchitecture(file);
  if (!architecture.ok()) return architecture.status();
  LlamaConfig config;
  config.architecture = architecture->name;
  config.rope_pairs = architecture->rope_pairs;
  if (absl::StatusOr<std::string_view> name = file.GetString("general.name"); name.ok()) config.name = *name;
  LlamaKeys keys(file, config.architecture);
  if (absl::Status status = CheckKind(keys); !status.ok()) return status;
  config.layers = keys.Count("block_count", kLayersLimit);
  config.hidden = keys.Count("embedding_length", kWidthLimit);
  config.inner = keys.Count("feed_forward_length", kWidthLimit);
  config.query_heads = keys.Count("attention.head_count", kHeadsLimit);
  config.kv_heads = keys.Count("attention.head_count_kv", kHeadsLimit, config.query_heads);
  config.head_dim = keys.Count("attention.key_length", kHeadDimLimit, config.hidden / config.query_heads);
  config.trained_context = keys.Count("context_length", kContextLimit);
  config.rms_epsilon = static_cast<float>(keys.Float("attention.layer_norm_rms_epsilon"));
  const int64_t value_dim = keys.Count("attention.value_length", kWidthLimit, config.head_dim);
  const int64_t rope_dim = keys.Count("rope.dimension_count", kWidthLimit, config.head_dim);
  if (!keys.status().ok()) return keys.status();
  if (value_dim != config.head_dim || rope_dim != config.head_dim) {
    return absl::UnimplementedError(Message("heads with keys ", config.head_dim, ", values ", value_dim,
                                            " and RoPE ", rope_dim,
                                            " wide can't be compiled yet; all three must be equal"));
  }
  if (absl::Status status = CheckShape(config); !status.ok()) return status;
  absl::StatusOr<RopeConfig> rope = ReadRopeConfig(keys, config.head_dim, config.trained_context);
  if (!rope.ok()) return rope.status();
  config.rope = *std::move(rope);
  absl::StatusOr<int64_t> vocabulary = Vocabulary(file, config.architecture);
  if (!vocabulary.ok()) return vocabulary.status();
  config.vocabulary = *vocabulary;
  config.tied_head = file.FindTensor("output.weight") == nullptr;
  if (absl::Status status = ReadTensors(file, architecture->has_biases, &config); !status.ok()) return status;
  return config;
}

StoredMatrix Stored(const GgufFile& file, const GgufTensor& tensor) {
  return {static_cast<GgufTensorType>(tensor.type), static_cast<int64_t>(tensor.dims[1]),
          static_cast<int64_t>(tensor.dims[0]), file.TensorBytes(tensor)};
}

std::vector<LlamaMatrix> LlamaMatrices(const GgufFile& file, const LlamaConfig& config) {
  std::vector<LlamaMatrix> matrices;
  for (const MatrixRole& role : Matrices(config)) {
    for (const std::string& name : Names(role.pattern, config.layers)) {
      matrices.push_back({file.FindTensor(name), config.*role.format});
    }
  }
  return matrices;
}

std::shared_ptr<const WeightSource> MakeLlamaWeights(const std::shared_ptr<const GgufFile>& file,
                                                     const LlamaConfig& config, int64_t max_context) {
  auto weights = std::make_shared<StoredWeights>(file);
  for (const LlamaMatrix& matrix : LlamaMatrices(*file, config)) {
    weights->AddMatrix(std::string(matrix.tensor->name), Stored(*file, *matrix.tensor), matrix.format);
  }
  for (const VectorRole& role : Vectors(config, false)) {
    for (const std::string& name : Names(role.pattern, config.layers)) {
      const GgufTensor* tensor = file->FindTensor(name);
      if (tensor == nullptr) continue;  // a bias that this model does without
      weights->AddValue(name, {role.width}, static_cast<GgufTensorType>(tensor->type),
                        file->TensorBytes(*tensor));
    }
  }
  RopeTables tables = MakeRopeTables(config.rope, config.head_dim, max_context);
  weights->AddTable(kRopeCos, {max_context, config.head_dim / 2}, std::move(tables.cosines));
  weights->AddTable(kRopeSin, {max_context, config.head_dim / 2}, std::move(tables.sines));
  return weights;
}

}  // namespace streamtensor::compiler
