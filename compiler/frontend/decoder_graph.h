// SPDX-License-Identifier: Apache-2.0
// The operations that decoders are made of. An architecture calls them in the order of its definition
// (decoder_model.h); linalg_decoder_graph.h writes them as linalg. Free of MLIR.
//
// Weights are named as in the model's list of weights (decoder_weights.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace streamtensor::compiler {

enum class NormKind {
  kRms,    // x / sqrt(mean(x^2) + epsilon)
  kLayer,  // c / sqrt(mean(c^2) + epsilon) with c = x - mean(x)
};

struct Norm {
  NormKind kind = NormKind::kRms;
  float epsilon = 0;
  std::string_view weight = {};  // [width], multiplied; empty: none
  std::string_view bias = {};    // [width], added after that; empty: none
  // A row is as many parts of equal width, one beside the other, each normalised alone and with the same
  // weight.
  int64_t heads = 1;
};

enum class Activation {
  kRelu,      // max(x, 0)
  kSilu,      // x / (1 + exp(-x))
  kGeluTanh,  // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
};

// Which elements of a head RoPE rotates together.
enum class RopePairs {
  kInterleaved,  // 2i and 2i + 1
  kHalves,       // i and i + head_dim / 2
};

// Rotates pair i of each head by the angle whose cosine and sine stand in row `position`, column i of two
// tables [positions x head_dim / 2].
struct Rope {
  RopePairs pairs = RopePairs::kInterleaved;
  int64_t heads = 0;
  int64_t head_dim = 0;
  std::string_view cosines;
  std::string_view sines;
  // One a layer: whether it reads tables of its own kind instead, `local_cosines` and `local_sines`. Empty:
  // no layer does.
  std::vector<bool> is_local = {};
  std::string_view local_cosines = {};
  std::string_view local_sines = {};
};

// Causal attention over a sequence's pages. Query head h reads KV head h / (query_heads / kv_heads).
struct Attention {
  int64_t query_heads = 0;
  int64_t kv_heads = 0;  // divides query_heads
  int64_t head_dim = 0;
  float scale = 0;  // of the scores, before softmax
  // One a layer: how many positions a token sees, itself included; 0: all. Empty: all, in every layer.
  std::vector<int64_t> windows = {};
};

class DecoderGraph {
 public:
  // A value of the graph: [T x width] float32, one row a token of the step. Valid in the part of the graph
  // (embedding, layer, logits) that made it.
  struct Tensor {
    int index = -1;
  };

  virtual ~DecoderGraph() = default;

  // Row `token id` of a matrix [vocabulary x width].
  virtual Tensor EmbedTokens(std::string_view matrix) = 0;
  // Row `position` of a table [positions x width].
  virtual Tensor EmbedPositions(std::string_view table) = 0;

  virtual Tensor Normalize(Tensor x, const Norm& norm) = 0;
  // x [T x K] times a matrix [N x K] transposed, plus a bias [N] unless its name is empty or that of an
  // optional weight that the model does without: [T x N].
  virtual Tensor Project(Tensor x, std::string_view matrix, std::string_view bias) = 0;
  virtual Tensor Rotate(Tensor x, const Rope& rope) = 0;
  // Once in each layer. The layer's keys and values are those that go to the pages.
  virtual Tensor Attend(Tensor queries, Tensor keys, Tensor values, const Attention& attention) = 0;

  virtual Tensor Activate(Tensor x, Activation activation) = 0;
  virtual Tensor Add(Tensor a, Tensor b) = 0;
  virtual Tensor Multiply(Tensor a, Tensor b) = 0;
  virtual Tensor Scale(Tensor x, float factor) = 0;
};

}  // namespace streamtensor::compiler
