// SPDX-License-Identifier: Apache-2.0
// One step of a decoder as streamtensor.export_decoder() writes it: linalg on tensors of static shape, in
// which calls mark attention over the cache and the residual between layers. Reads the module and says what
// its values are.
//
//   @main(ids [T] i32, positions [T] i32, k_cache [L, S, H, D], v_cache, weights...) -> (logits [T, V], k_new
//   [L, T, H, D], v_new), the arguments in any order: `streamtensor.input` and `streamtensor.weight` name
//   them streamtensor_layer*(x, i64 index) -> x streamtensor_cached_attention*(q [T, heads, D], k_new [T, H,
//   D], v_new, k_cache, v_cache, positions, i64 layer, f64 scale) -> [T, heads, D]
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "compiler/frontend/exported/tensor_index.h"
#include "compiler/frontend/verified_module.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"

namespace streamtensor::compiler {

// What a value depends on, the strongest of all.
enum class Dependence { kWeights, kPositions, kTokens, kRows };

struct ValueInfo {
  Dependence dependence = Dependence::kWeights;
  int token_dim = -1;    // the dimension that counts the step's tokens
  std::string obstacle;  // why the value can't be compiled; empty: it can
};

// Names the operation: "'linalg.matmul' at FILE:LINE:COLUMN: ...".
template <typename... Pieces>
absl::Status CannotCompile(mlir::Operation* op, const Pieces&... pieces) {
  return absl::UnimplementedError(
      Message("'", op->getName().getStringRef().str(), "' at ", Shown(op->getLoc()), " ", pieces...));
}

class ExportedStep {
 public:
  // `module` must outlive the result and be verified.
  //  INVALID_ARGUMENT  not a module of the form above
  //  UNIMPLEMENTED     of that form, but a layer can't be told from the rest; names what
  static absl::StatusOr<ExportedStep> Read(mlir::ModuleOp module);

  mlir::func::FuncOp function() const { return function_; }
  mlir::Value ids() const { return inputs_[0]; }
  mlir::Value positions() const { return inputs_[1]; }
  mlir::Value logits() const { return Results().front(); }

  int64_t tokens() const { return Shape(ids())[0]; }
  int64_t layers() const { return static_cast<int64_t>(markers_.size()) - 1; }
  int64_t hidden() const { return Shape(LayerInput(0)).back(); }
  int64_t vocabulary() const { return Shape(logits())[1]; }
  int64_t query_heads() const { return Shape(attentions_[0]->getOperand(0))[1]; }
  int64_t kv_heads() const { return Shape(inputs_[2])[2]; }
  int64_t head_dim() const { return Shape(inputs_[2])[3]; }
  double attention_scale() const { return scale_; }

  // The residual before layer `layer`, as the layer reads it, and what the marker is given.
  mlir::Value LayerInput(int64_t layer) const { return markers_[layer]->getResult(0); }
  mlir::Value Residual(int64_t layer) const { return markers_[layer]->getOperand(0); }
  mlir::Operation* Attention(int64_t layer) const { return attentions_[layer]; }

  // Whether the results depend on it.
  bool IsLive(mlir::Operation* op) const { return live_.contains(op); }
  static bool IsAttention(mlir::Operation* op);
  static bool IsMarker(mlir::Operation* op);

  // "" of an argument that is no weight.
  std::string WeightOf(mlir::Value argument) const;
  // Of any value of the function.
  const ValueInfo& Info(mlir::Value value) const { return infos_.find(value)->second; }
  // Uses that matter for the results, those through views counted where the view is used; at most 2.
  int Uses(mlir::Value value, int depth = 0) const;

  // Follows `value` at `index` (one a dimension) through what only moves elements. Stops at what computes,
  // and where an index has no form.
  void FollowViews(mlir::Value* value, std::vector<TensorIndex>* index,
                   llvm::ArrayRef<int64_t> extents) const;

  // Of layer 0's weights, by argument: the argument of each layer. Arguments that all layers share stand
  // there too.
  const llvm::DenseMap<mlir::Value, std::vector<mlir::Value>>& layer_weights() const {
    return layer_weights_;
  }

  static llvm::ArrayRef<int64_t> Shape(mlir::Value value) {
    return llvm::cast<mlir::RankedTensorType>(value.getType()).getShape();
  }

 private:
  mlir::Block& Body() const { return mlir::func::FuncOp(function_).getBody().front(); }
  mlir::ValueRange Results() const { return Body().getTerminator()->getOperands(); }

  absl::Status FindFunction(mlir::ModuleOp module);
  absl::Status FindInputs();
  absl::Status CheckTypes() const;
  absl::Status FindCalls();
  absl::Status CheckNewRows() const;
  absl::Status Analyse();
  absl::Status CompareLayers();
  void FindLive();

  ValueInfo Infer(mlir::Operation* op) const;

  mlir::func::FuncOp function_;
  mlir::Value inputs_[4];  // ids, positions, k_cache, v_cache
  std::vector<mlir::Operation*> markers_;
  std::vector<mlir::Operation*> attentions_;
  double scale_ = 0;
  llvm::DenseMap<mlir::Value, ValueInfo> infos_;
  llvm::DenseSet<mlir::Operation*> live_;
  llvm::DenseMap<mlir::Value, std::vector<mlir::Value>> layer_weights_;
  mutable llvm::DenseMap<mlir::Value, int> uses_;
};

// What one operation that only moves elements reads for the element at `index` of its result: the operand and
// the index there. nullopt: `op` is no such operation, or the index has no form; `split` then says which loop
// must be split, if that would help. A concatenation has an operand only where PieceOf() has one.
struct ViewStep {
  mlir::Value source;
  std::vector<TensorIndex> index;
};
std::optional<ViewStep> StepThroughView(mlir::Operation* op, llvm::ArrayRef<TensorIndex> index,
                                        llvm::ArrayRef<int64_t> extents, std::optional<LoopSplit>* split);

// Whether the operation only moves elements of its first operand (or, tensor.concat, of all).
bool IsView(mlir::Operation* op);

// The operand that holds all elements that `index` reaches along the operation's dimension; the index becomes
// one of that operand. Null where there is no such one.
mlir::Value PieceOf(mlir::tensor::ConcatOp concat, TensorIndex* index, llvm::ArrayRef<int64_t> extents);

// The body's one result is one of its inputs: a transposition or a broadcast.
bool YieldsAnInput(mlir::linalg::LinalgOp op, unsigned* input);

// An index expression of an operand's map, from those of the loops. nullopt: it has no such form.
std::optional<TensorIndex> IndexOf(mlir::AffineExpr expression, llvm::ArrayRef<TensorIndex> loops);

}  // namespace streamtensor::compiler
