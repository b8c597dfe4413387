// SPDX-License-Identifier: Apache-2.0
// A decoder as its checkpoint defines it: sizes, weights and the order of its operations. Each architecture
// (architectures/) derives one. Free of MLIR.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/decoder_graph.h"
#include "compiler/frontend/decoder_weights.h"

namespace streamtensor::compiler {

struct DecoderSizes {
  int64_t layers = 0;
  int64_t hidden = 0;  // width of the residual
  int64_t query_heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t vocabulary = 0;
  int64_t trained_context = 0;  // positions
};

// Over all heads, with scores divided by the root of head_dim.
Attention ScaledAttention(const DecoderSizes& sizes);

// Immutable once read.
class DecoderModel {
 public:
  using Tensor = DecoderGraph::Tensor;

  virtual ~DecoderModel() = default;

  const std::string& architecture() const { return architecture_; }
  const DecoderSizes& sizes() const { return sizes_; }
  // In the order of the graph's arguments; their tensors are the checkpoint's.
  const std::vector<DecoderWeight>& weights() const { return weights_; }

  // The three parts of the graph. The residual is all that goes from one to the next.
  virtual Tensor Embed(DecoderGraph& graph) const = 0;
  virtual Tensor Layer(DecoderGraph& graph, Tensor x) const = 0;
  // Of the rows that want logits.
  virtual Tensor Logits(DecoderGraph& graph, Tensor x) const = 0;

  // Values of a weight of kind kComputed, [positions x columns]. Asked for no other.
  virtual std::vector<float> ComputeTable(std::string_view name, int64_t positions) const;

  // The weights' values, with tables of `positions` rows. `checkpoint` is the one that the model was read
  // from; `weights` are its weights() or what QuantiseMatrices() made of them.
  std::shared_ptr<const WeightSource> MakeWeights(std::shared_ptr<const Checkpoint> checkpoint,
                                                  int64_t positions,
                                                  const std::vector<DecoderWeight>& weights) const;
  std::shared_ptr<const WeightSource> MakeWeights(std::shared_ptr<const Checkpoint> checkpoint,
                                                  int64_t positions) const;

 protected:
  DecoderModel(std::string architecture, const DecoderSizes& sizes, std::vector<DecoderWeight> weights)
      : architecture_(std::move(architecture)), sizes_(sizes), weights_(std::move(weights)) {}

 private:
  std::string architecture_;
  DecoderSizes sizes_;
  std::vector<DecoderWeight> weights_;
};

// The tokenizer of a decoder's checkpoint.
//  UNIMPLEMENTED, INVALID_ARGUMENT  as Checkpoint::tokenizer(), or its tokens are not the embedding's rows,
//  or the daemon could not serve it
absl::StatusOr<artifact::v1::Tokenizer> ReadTokenizer(const Checkpoint& checkpoint,
                                                      const DecoderSizes& sizes);

}  // namespace streamtensor::compiler
