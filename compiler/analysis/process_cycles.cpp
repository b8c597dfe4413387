// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/process_cycles.h"

#include <algorithm>

#include "kernels/contract/slice.h"
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
  // A word's nibbles times those of a row of activations, two weight rows a slice; the scales and offsets of
  // a quad of rows; the scales of a word of results.
  constexpr int64_t kProducts = contract::kTileRows / 2 * 2 * contract::kLaneBytes,
                    kScales = 2 * contract::kQuadRows, kResults = contract::kTileRows * 3;
  return channels == 0 ? 0 : channels * lanes * (kProducts + kScales) + kResults;
}

int64_t LanesOfChannels(int64_t channels, int64_t usual_channels, int64_t usual_lanes) {
  if (channels <= usual_channels) return usual_lanes;
  return std::max<int64_t>(usual_lanes * usual_channels / channels, 1);
}

}  // namespace streamtensor::compiler
