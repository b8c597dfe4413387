// SPDX-License-Identifier: Apache-2.0
// Hyperparameters and tensors of a model of the Llama family in a GGUF file, checked against each other. Free
// of MLIR.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/frontend/gguf/gguf_file.h"
#include "compiler/frontend/llama/rope_tables.h"
#include "compiler/frontend/stored_weights.h"

namespace streamtensor::compiler {

struct LlamaConfig {
  std::string architecture;  // "llama" or "qwen2"
  std::string name;          // general.name; empty when the file has none
  int64_t layers = 0;
  int64_t hidden = 0;
  int64_t inner = 0;  // width of the feed-forward part
  int64_t query_heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t vocabulary = 0;
  int64_t trained_context = 0;
  RopePairs rope_pairs = RopePairs::kInterleaved;
  RopeConfig rope;
  float rms_epsilon = 0;
  bool tied_head = false;  // the file has no output.weight: the embedding is the head

  // Card formats, alike in all layers.
  MatrixFormat embedding = MatrixFormat::kI8;
  MatrixFormat head = MatrixFormat::kI8;  // equals `embedding` when tied
  MatrixFormat attn_q = MatrixFormat::kI8;
  MatrixFormat attn_k = MatrixFormat::kI8;
  MatrixFormat attn_v = MatrixFormat::kI8;
  MatrixFormat attn_output = MatrixFormat::kI8;
  MatrixFormat ffn_gate = MatrixFormat::kI8;
  MatrixFormat ffn_up = MatrixFormat::kI8;
  MatrixFormat ffn_down = MatrixFormat::kI8;
};

// Reads the metadata, and checks that the file holds exactly the tensors of the graph, in the right
// shapes and in types that can be compiled.
//  UNIMPLEMENTED     another architecture, tensor type, RoPE scaling, experts ...; names it
//  INVALID_ARGUMENT  keys or tensors are missing or contradict each other; names them
absl::StatusOr<LlamaConfig> ReadLlamaConfig(const GgufFile& file);

// A matrix of the graph and the format that the card gets it in.
struct LlamaMatrix {
  const GgufTensor* tensor;
  MatrixFormat format;
};

// All of them, one for each layer, in the order of the graph.
std::vector<LlamaMatrix> LlamaMatrices(const GgufFile& file, const LlamaConfig& config);

// The tensor's bytes with their shape.
StoredMatrix Stored(const GgufFile& file, const GgufTensor& tensor);

// The weight values of the graph: the file's tensors and the RoPE tables [max_context, head_dim / 2]. A bias
// that the file lacks is no weight.
std::shared_ptr<const WeightSource> MakeLlamaWeights(const std::shared_ptr<const GgufFile>& file,
                                                     const LlamaConfig& config, int64_t max_context);

}  // namespace streamtensor::compiler
