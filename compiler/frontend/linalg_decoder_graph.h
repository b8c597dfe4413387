// SPDX-License-Identifier: Apache-2.0
// The operations of a decoder as linalg and dataflow operations on tensors.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/frontend/decoder_graph.h"
#include "compiler/frontend/linalg_builder.h"
#include "compiler/frontend/weight_source.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"

namespace streamtensor::compiler {

// What the operations read of the function that they are built into. Values are null where it has none.
struct DecoderFunction {
  mlir::Value token_ids;  // [T] i32, as the next three
  mlir::Value positions;
  mlir::Value slots;
  mlir::Value starts;
  mlir::Value page_table;
  mlir::Value k_pool;
  mlir::Value v_pool;
  mlir::Value layer;
  // A part of a weight; null when the model does without.
  std::function<mlir::Value(std::string_view name, WeightPart part)> weight;
};

// Virtual, so that tests can build graphs that are wrong in one place.
class LinalgDecoderGraph : public DecoderGraph {
 public:
  explicit LinalgDecoderGraph(mlir::MLIRContext* context)
      : builder_(context), linalg_(builder_, builder_.getUnknownLoc()) {}

  // Operations go to the end of the insertion point's block from here on. Earlier values are not valid any
  // more.
  void Enter(mlir::OpBuilder::InsertPoint where, DecoderFunction function);

  // Between values of the IR ([T x width] float32) and of the graph.
  Tensor Import(mlir::Value value);
  mlir::Value ValueOf(Tensor tensor) const;

  // Of the layer that was built last: [T x kv_heads x head_dim] float16, for the pages.
  mlir::Value new_keys() const { return new_keys_; }
  mlir::Value new_values() const { return new_values_; }

  Tensor EmbedTokens(std::string_view matrix) override;
  Tensor EmbedPositions(std::string_view table) override;
  Tensor Normalize(Tensor x, const Norm& norm) override;
  Tensor Project(Tensor x, std::string_view matrix, std::string_view bias) override;
  Tensor Rotate(Tensor x, const Rope& rope) override;
  Tensor Attend(Tensor queries, Tensor keys, Tensor values, const Attention& attention) override;
  Tensor Activate(Tensor x, Activation activation) override;
  Tensor Add(Tensor a, Tensor b) override;
  Tensor Multiply(Tensor a, Tensor b) override;
  Tensor Scale(Tensor x, float factor) override;

 protected:
  mlir::Location loc() const { return linalg_.loc(); }
  QuantisedMatrix MatrixNamed(std::string_view name) const;

  // The row of a table for a token's position: an index from an i32.
  virtual mlir::Value TableRow(mlir::OpBuilder& b, mlir::Location location, mlir::Value position);
  // The attention of the layer that is being built.
  dataflow::PagedAttentionOp attention() const { return attention_; }

  mlir::OpBuilder builder_;
  LinalgBuilder linalg_;
  DecoderFunction function_;

 private:
  using Body = LinalgBuilder::Body;

  mlir::Type f32() { return builder_.getF32Type(); }
  mlir::Value Weight(std::string_view name) const;  // part "value"

  // Of `table`, or in layers that are local of `local_table`.
  mlir::Value TableValue(mlir::OpBuilder& b, mlir::Location location, std::string_view table,
                         std::string_view local_table, const std::vector<bool>& is_local,
                         mlir::ValueRange indices);
  // [... x width] -> [...], 1 / sqrt(mean of squares + epsilon)
  mlir::Value InverseRoot(mlir::Value x, float epsilon);
  mlir::Value SubtractMean(mlir::Value x);
  // [T x heads * head_dim] -> [T x heads x head_dim]
  mlir::Value SplitHeads(mlir::Value x, int64_t heads, int64_t head_dim);
  mlir::Value ToHalf(mlir::Value x);

  std::vector<mlir::Value> values_;
  dataflow::PagedAttentionOp attention_;
  mlir::Value new_keys_;
  mlir::Value new_values_;
};

}  // namespace streamtensor::compiler
