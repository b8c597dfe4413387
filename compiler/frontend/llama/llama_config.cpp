// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/llama/llama_config.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "compiler/frontend/message.h"

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

// Metadata under "llama.". Keeps the first error, so that a list of reads needs one check.
class Keys {
 public:
  explicit Keys(const GgufFile& file) : file_(file) {}

  int64_t Count(std::string_view key, int64_t limit, int64_t fallback = -1) {
    const std::string name = Message("llama.", key);
    if (fallback >= 0 && file_.FindValue(name) == nullptr) return fallback;
    absl::StatusOr<uint64_t> value = file_.GetUint(name);
    if (!value.ok()) {
      Fail(Invalid(value.status().message()));
      return 1;
    }
    if (*value < 1 || *value > static_cast<uint64_t>(limit)) {
      Fail(Invalid(Message("metadata key '", name, "' is ", *value, ", expected 1 to ", limit)));
      return 1;
    }
    return static_cast<int64_t>(*value);
  }

  double Float(std::string_view key, double fallback = std::nan("")) {
    const std::string name = Message("llama.", key);
    if (!std::isnan(fallback) && file_.FindValue(name) == nullptr) return fallback;
    absl::StatusOr<double> value = file_.GetFloat(name);
    if (!value.ok()) {
      Fail(Invalid(value.status().message()));
      return 1;
    }
    if (!std::isfinite(*value) || *value <= 0) {
      Fail(Invalid(Message("metadata key '", name, "' is ", *value, ", expected a positive number")));
      return 1;
    }
    return *value;
  }

  void Fail(const absl::Status& status) { status_.Update(status); }
  const absl::Status& status() const { return status_; }

 private:
  const GgufFile& file_;
  absl::Status status_;
};

// A matrix of the graph: where its format is kept, its name and its shape.
struct MatrixRole {
  MatrixFormat LlamaConfig::*format;
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

constexpr std::string_view kNorms[] = {"blk.{layer}.attn_norm.weight", "blk.{layer}.ffn_norm.weight",
                                       "output_norm.weight"};

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
  switch (static_cast<GgufTensorType>(tensor.type)) {
    case GgufTensorType::kF32:
    case GgufTensorType::kQ4_0:
    case GgufTensorType::kQ4_1:
    case GgufTensorType::kQ8_0:
      break;
    default:
      return absl::UnimplementedError(Message("tensor ", Quoted(tensor.name), " has type ",
                                              GgufTensorTypeName(tensor.type),
                                              ", which can't be compiled yet; F32, Q4_0, Q4_1 and Q8_0 can"));
  }
  if (tensor.rank != 2 || tensor.dims[0] != static_cast<uint64_t>(columns) ||
      tensor.dims[1] != static_cast<uint64_t>(rows)) {
    return Invalid(Message("tensor ", Quoted(tensor.name), " has dimensions ", DimsText(tensor),
                           ", expected [", columns, ", ", rows, "]"));
  }
  return absl::OkStatus();
}

absl::Status CheckNorm(const GgufTensor& tensor, int64_t width) {
  if (static_cast<GgufTensorType>(tensor.type) != GgufTensorType::kF32) {
    return absl::UnimplementedError(Message("tensor ", Quoted(tensor.name), " has type ",
                                            GgufTensorTypeName(tensor.type), "; a norm must be F32"));
  }
  if (tensor.rank != 1 || tensor.dims[0] != static_cast<uint64_t>(width)) {
    return Invalid(Message("tensor ", Quoted(tensor.name), " has dimensions ", DimsText(tensor),
                           ", expected [", width, "]"));
  }
  return absl::OkStatus();
}

// One format for all tensors of a pattern, because their values are stacked by layer.
absl::StatusOr<MatrixFormat> CommonFormat(const std::vector<const GgufTensor*>& tensors,
                                          std::string_view pattern) {
  for (MatrixFormat format : {MatrixFormat::kU4, MatrixFormat::kI8}) {
    const bool all = std::all_of(tensors.begin(), tensors.end(), [&](const GgufTensor* tensor) {
      return CanConvert(static_cast<GgufTensorType>(tensor->type), format);
    });
    if (all) return format;
  }
  std::set<std::string> types;
  for (const GgufTensor* tensor : tensors) types.insert(GgufTensorTypeName(tensor->type));
  return absl::UnimplementedError(Message("the layers' tensors '", pattern, "' mix the types ",
                                          absl::StrJoin(types, " and "), ", which have no common format"));
}

absl::Status CheckArchitecture(const GgufFile& file) {
  absl::StatusOr<std::string_view> architecture = file.GetString("general.architecture");
  if (!architecture.ok()) return Invalid(architecture.status().message());
  if (*architecture != "llama") {
    return absl::UnimplementedError(
        Message("architecture ", Quoted(*architecture), " can't be compiled yet; 'llama' can"));
  }
  if (absl::StatusOr<std::string_view> type = file.GetString("general.type"); type.ok() && *type != "model") {
    return absl::UnimplementedError(Message("the file holds a ", Quoted(*type), ", not a model"));
  }
  if (absl::StatusOr<uint64_t> parts = file.GetUint("split.count"); parts.ok() && *parts > 1) {
    return absl::UnimplementedError(
        Message("the file is one of ", *parts, " parts; merge them first (gguf-split --merge)"));
  }
  if (absl::StatusOr<uint64_t> experts = file.GetUint("llama.expert_count"); experts.ok() && *experts > 0) {
    return absl::UnimplementedError(Message("mixture of ", *experts, " experts can't be compiled yet"));
  }
  if (absl::StatusOr<std::string_view> scaling = file.GetString("llama.rope.scaling.type");
      scaling.ok() && *scaling != "none") {
    return absl::UnimplementedError(Message("RoPE scaling ", Quoted(*scaling), " can't be compiled yet"));
  }
  if (absl::StatusOr<double> scale = file.GetFloat("llama.rope.scale_linear"); scale.ok() && *scale != 1) {
    return absl::UnimplementedError("linear RoPE scaling can't be compiled yet");
  }
  return absl::OkStatus();
}

absl::Status CheckShape(const LlamaConfig& config) {
  if (config.query_heads % config.kv_heads != 0) {
    return Invalid(Message("llama.attention.head_count is ", config.query_heads,
                           ", not a multiple of head_count_kv ", config.kv_heads));
  }
  if (config.head_dim < 2 || config.head_dim > kHeadDimLimit || config.head_dim % 2 != 0) {
    return Invalid(
        Message("heads are ", config.head_dim, " wide; expected an even number from 2 to ", kHeadDimLimit));
  }
  const std::pair<std::string_view, int64_t> widths[] = {
      {"llama.embedding_length", config.hidden},
      {"llama.feed_forward_length", config.inner},
      {"heads times head width", config.query_heads * config.head_dim},
  };
  for (const auto& [name, width] : widths) {
    if (width % kGroupElements != 0) {
      return absl::UnimplementedError(
          Message(name, " is ", width, "; only multiples of ", kGroupElements, " can be compiled yet"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckNoOtherTensors(const GgufFile& file, const std::set<std::string, std::less<>>& known) {
  for (const GgufTensor& tensor : file.tensors()) {
    if (known.find(tensor.name) == known.end()) {
      return absl::UnimplementedError(
          Message("tensor ", Quoted(tensor.name), " is no part of the Llama graph that can be compiled yet"));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadTensors(const GgufFile& file, LlamaConfig* config) {
  std::set<std::string, std::less<>> known;
  for (const MatrixRole& role : Matrices(*config)) {
    std::vector<const GgufTensor*> tensors;
    for (std::string& name : Names(role.pattern, config->layers)) {
      absl::StatusOr<const GgufTensor*> tensor = Find(file, name);
      if (!tensor.ok()) return tensor.status();
      if (absl::Status status = CheckMatrix(**tensor, role.rows, role.columns); !status.ok()) return status;
      tensors.push_back(*tensor);
      known.insert(std::move(name));
    }
    absl::StatusOr<MatrixFormat> format = CommonFormat(tensors, role.pattern);
    if (!format.ok()) return format.status();
    config->*role.format = *format;
  }
  if (config->tied_head) config->head = config->embedding;
  for (std::string_view pattern : kNorms) {
    for (std::string& name : Names(pattern, config->layers)) {
      absl::StatusOr<const GgufTensor*> tensor = Find(file, name);
      if (!tensor.ok()) return tensor.status();
      if (absl::Status status = CheckNorm(**tensor, config->hidden); !status.ok()) return status;
      known.insert(std::move(name));
    }
  }
  return CheckNoOtherTensors(file, known);
}

absl::StatusOr<int64_t> Vocabulary(const GgufFile& file) {
  absl::StatusOr<const GgufTensor*> embedding = Find(file, "token_embd.weight");
  if (!embedding.ok()) return embedding.status();
  const uint64_t rows = (*embedding)->dims[1];
  if ((*embedding)->rank != 2 || rows > static_cast<uint64_t>(kVocabularyLimit)) {
    return Invalid(Message("tensor 'token_embd.weight' has dimensions ", DimsText(**embedding),
                           ", expected [hidden, vocabulary up to ", kVocabularyLimit, "]"));
  }
  if (absl::StatusOr<uint64_t> size = file.GetUint("llama.vocab_size"); size.ok() && *size != rows) {
    return Invalid(
        Message("llama.vocab_size is ", *size, ", but tensor 'token_embd.weight' has ", rows, " rows"));
  }
  if (absl::StatusOr<std::span<const std::string_view>> tokens = file.GetStrings("tokenizer.ggml.tokens");
      tokens.ok() && tokens->size() != rows) {
    return Invalid(Message("tokenizer.ggml.tokens has ", tokens->size(),
                           " tokens, but tensor 'token_embd.weight' has ", rows, " rows"));
  }
  return static_cast<int64_t>(rows);
}

StoredMatrix Stored(const GgufFile& file, const GgufTensor& tensor) {
  return {static_cast<GgufTensorType>(tensor.type), static_cast<int64_t>(tensor.dims[1]),
          static_cast<int64_t>(tensor.dims[0]), file.TensorBytes(tensor)};
}

}  // namespace

absl::StatusOr<LlamaConfig> ReadLlamaConfig(const GgufFile& file) {
  if (absl::Status status = CheckArchitecture(file); !status.ok()) return status;
  LlamaConfig config;
  if (absl::StatusOr<std::string_view> name = file.GetString("general.name"); name.ok()) config.name = *name;
  Keys keys(file);
  config.layers = keys.Count("block_count", kLayersLimit);
  config.hidden = keys.Count("embedding_length", kWidthLimit);
  config.inner = keys.Count("feed_forward_length", kWidthLimit);
  config.query_heads = keys.Count("attention.head_count", kHeadsLimit);
  config.kv_heads = keys.Count("attention.head_count_kv", kHeadsLimit, config.query_heads);
  config.head_dim = keys.Count("attention.key_length", kHeadDimLimit, config.hidden / config.query_heads);
  config.trained_context = keys.Count("context_length", kContextLimit);
  config.rope_base = keys.Float("rope.freq_base", 10000);
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
  absl::StatusOr<int64_t> vocabulary = Vocabulary(file);
  if (!vocabulary.ok()) return vocabulary.status();
  config.vocabulary = *vocabulary;
  config.tied_head = file.FindTensor("output.weight") == nullptr;
  if (absl::Status status = ReadTensors(file, &config); !status.ok()) return status;
  return config;
}

std::shared_ptr<const WeightSource> MakeLlamaWeights(const std::shared_ptr<const GgufFile>& file,
                                                     const LlamaConfig& config, int64_t max_context) {
  auto weights = std::make_shared<StoredWeights>(file);
  for (const MatrixRole& role : Matrices(config)) {
    for (const std::string& name : Names(role.pattern, config.layers)) {
      weights->AddMatrix(name, Stored(*file, *file->FindTensor(name)), config.*role.format);
    }
  }
  for (std::string_view pattern : kNorms) {
    for (const std::string& name : Names(pattern, config.layers)) {
      weights->AddValue(name, {config.hidden}, file->TensorBytes(*file->FindTensor(name)));
    }
  }
  const int64_t pairs = config.head_dim / 2;
  std::vector<float> cosines(max_context * pairs);
  std::vector<float> sines(max_context * pairs);
  for (int64_t i = 0; i < pairs; ++i) {
    const double frequency = std::pow(config.rope_base, -2.0 * static_cast<double>(i) / config.head_dim);
    for (int64_t position = 0; position < max_context; ++position) {
      cosines[position * pairs + i] = static_cast<float>(std::cos(position * frequency));
      sines[position * pairs + i] = static_cast<float>(std::sin(position * frequency));
    }
  }
  weights->AddTable(kRopeCos, {max_context, pairs}, std::move(cosines));
  weights->AddTable(kRopeSin, {max_context, pairs}, std::move(sines));
  return weights;
}

}  // namespace streamtensor::compiler
