// SPDX-License-Identifier: Apache-2.0
#include "compiler/frontend/exported/step_products.h"

#include <utility>
#include <vector>

#include "compiler/frontend/exported/tensor_index.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"

namespace streamtensor::compiler {

using mlir::AffineExpr;
using mlir::AffineMap;
using mlir::Operation;
using mlir::Value;
using mlir::linalg::LinalgOp;
using mlir::utils::IteratorType;

absl::StatusOr<std::optional<Product>> MatchProduct(const ExportedStep& step, Operation* op) {
  auto linalg = llvm::dyn_cast<LinalgOp>(op);
  if (!linalg || linalg.getNumReductionLoops() == 0 || linalg.getNumDpsInputs() != 2 ||
      !mlir::linalg::isaContractionOpInterface(linalg) || !step.Info(op->getResult(0)).obstacle.empty()) {
    return std::nullopt;
  }
  mlir::OpOperand* operands[] = {linalg.getDpsInputOperand(0), linalg.getDpsInputOperand(1)};
  const auto is_weight = [&](mlir::OpOperand* operand) {
    return step.Info(operand->get()).dependence == Dependence::kWeights;
  };
  if (is_weight(operands[0])) std::swap(operands[0], operands[1]);
  if (is_weight(operands[0]) || !is_weight(operands[1])) return std::nullopt;
  const llvm::SmallVector<int64_t> extents = linalg.getStaticLoopRanges();
  const AffineMap result = linalg.getMatchingIndexingMap(linalg.getDpsInitOperand(0));
  Product product;
  product.op = linalg;
  product.rows = operands[0];
  product.token_loop = result.getDimPosition(step.Info(op->getResult(0)).token_dim);
  int row_loops = 0, sum_loops = 0;
  for (auto [loop, iterator] : llvm::enumerate(linalg.getIteratorTypesArray())) {
    if (loop == product.token_loop || extents[loop] == 1) continue;
    if (iterator == IteratorType::parallel) {
      product.row_loop = static_cast<unsigned>(loop);
      ++row_loops;
    } else {
      product.sum_loop = static_cast<unsigned>(loop);
      ++sum_loops;
    }
  }
  if (row_loops != 1 || sum_loops != 1)
    return CannotCompile(op, "is a product over other dimensions than rows [T, K] and a weight [N, K]");
  std::vector<TensorIndex> loops(linalg.getNumLoops());
  loops[product.row_loop] = TensorIndex::Loop(0);
  loops[product.sum_loop] = TensorIndex::Loop(1);
  Value weight = operands[1]->get();
  std::vector<TensorIndex> index;
  for (AffineExpr expr : linalg.getMatchingIndexingMap(operands[1]).getResults()) {
    std::optional<TensorIndex> at = IndexOf(expr, loops);
    if (!at) return CannotCompile(op, "is a product whose weight has no plain index");
    index.push_back(*at);
  }
  const int64_t sizes[] = {extents[product.row_loop], extents[product.sum_loop]};
  step.FollowViews(&weight, &index, sizes);
  if (step.WeightOf(weight).empty())
    return CannotCompile(op, "is a product with a computed matrix; expected a weight");
  const std::vector<TensorIndex> plain = {TensorIndex::Loop(0), TensorIndex::Loop(1)};
  const std::vector<TensorIndex> transposed = {TensorIndex::Loop(1), TensorIndex::Loop(0)};
  product.weight = {weight, index == transposed, sizes[0]};
  const std::vector<int64_t> shape = product.weight.transposed ? std::vector<int64_t>{sizes[1], sizes[0]}
                                                               : std::vector<int64_t>{sizes[0], sizes[1]};
  if ((index != plain && index != transposed) || ExportedStep::Shape(weight).vec() != shape) {
    return CannotCompile(op, "is a product with part of the weight ", Quoted(step.WeightOf(weight)),
                         "; expected all of a matrix [N, K]");
  }
  return product;
}

}  // namespace streamtensor::compiler
