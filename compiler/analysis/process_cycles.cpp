// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/process_cycles.h"

#include "kernels/contract/kv_pages.h"
#include "kernels/contract/tiles.h"
#include "kernels/contract/word.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace streamtensor::compiler {
namespace {

int64_t LinalgCycles(mlir::linalg::LinalgOp op) {
  const auto sizes = op.getStaticLoopRanges();
  const auto iterators = op.getIteratorTypesArray();
  int64_t trips = 1;
  int innermost = -1;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (mlir::ShapedType::isDynamic(sizes[i])) return 0;
    trips *= sizes[i];
    if (sizes[i] != 1) innermost = static_cast<int>(i);
  }
  if (innermost < 0) return 1;
  if (iterators[innermost] != mlir::utils::IteratorType::parallel) return trips * kFloatAdd + kFloatLoopFill;
  const bool reduces = llvm::is_contained(iterators, mlir::utils::IteratorType::reduction);
  if (sizes[innermost] % contract::kLanes == 0) trips /= contract::kLanes;
  return trips * (reduces ? kFloatAdd : 1) + kFloatLoopFill;
}

}  // namespace

int64_t OperationCycles(mlir::Operation* operation) {
  if (llvm::isa<mlir::linalg::FillOp>(operation)) return 1;
  if (auto op = llvm::dyn_cast<mlir::linalg::LinalgOp>(operation)) return LinalgCycles(op);
  return 0;
}

int64_t EngineDsps(int64_t channels, int64_t lanes) {
  constexpr int64_t kScales = 2 * contract::kTileRows, kResults = contract::kTileRows * 2 * 3;
  return channels == 0 ? 0 : channels * lanes * kScales + kResults;
}

int64_t AttentionCycles(int64_t query_heads, int64_t kv_heads, int64_t head_dim, int64_t tokens) {
  // New keys and values are rounded to float16, one a cycle.
  const int64_t rounding = 2 * tokens * kv_heads * head_dim;
  // Each token sees its own rows of the step: half of them on average.
  const int64_t seen = (tokens + 1) / 2;
  const int64_t a_head = seen + seen * kFloatAdd + 2 * seen + head_dim + 4 * kFloatLoopFill;
  return rounding + tokens * query_heads * a_head;
}

int64_t AttentionPageCycles(int64_t query_heads, int64_t kv_heads, int64_t head_dim) {
  const int64_t load = 2 * (contract::kPageTokens * head_dim / contract::kFloat16Lanes + kFloatLoopFill);
  // Scores a row a cycle, two passes of the softmax, values into one accumulator a column.
  const int64_t compute = contract::kPageTokens * (1 + 2 + kFloatAdd);
  return kv_heads * load + query_heads * compute;
}

}  // namespace streamtensor::compiler
