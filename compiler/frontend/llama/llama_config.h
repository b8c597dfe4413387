// SPDX-License-Identifier: Apache-2.0
// Hyperparameters and tensors of a Llama model in a GGUF file, checked against each other. Free of MLIR.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/frontend/gguf/gguf_file.h"
#include "compiler/frontend/stored_weights.h"

namespace streamtensor::compiler {

struct LlamaConfig {
  std::string name;  // general.name; empty when the file has none
  int64_t layers = 0;
  int64_t hidden = 0;
  int64_t inner = 0;  // width of the feed-forward part
  int64_t query_heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t vocabulary = 0;
  int64_t trained_context = 0;
  double rope_base = 10000;
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

// Names of the RoPE tables among the weights.
inline constexpr char kRopeCos[] = "rope.cos";
inline constexpr char kRopeSin[] = "rope.sin";

// The weight values of the graph: the file's tensors and the RoPE tables [max_context, head_dim / 2]. The
// frequency of pair i is rope_base^(-2 i / head_dim), computed in double.
std::shared_ptr<const WeightSource> MakeLlamaWeights(const std::shared_ptr<const GgufFile>& file,
                                                     const LlamaConfig& config, int64_t max_context);

}  // namespace streamtensor::compiler
