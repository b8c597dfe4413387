// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/row_layout.h"

#include "kernels/contract/tiles.h"

namespace streamtensor::compiler {

llvm::StringRef ToString(RowOrder order) { return order == RowOrder::kRows ? "rows" : "tiles"; }

std::optional<RowLayout> FindRowLayout(itensor::ITensorType type) {
  if (!type.getElementType().isF32() || type.repeats()) return std::nullopt;
  const auto element = type.getElementShape();
  // All but the first data dimension make up a row.
  if (element.empty() || element[0] != 1) return std::nullopt;
  const llvm::SmallVector<int64_t> bounds = type.getDataBounds();
  int64_t width = 1;
  for (int64_t size : llvm::ArrayRef(bounds).drop_front()) width *= size;

  // Loops that do not run are of no account, but the row loop may be one of them.
  llvm::SmallVector<unsigned> loops;
  for (unsigned i = 0; i < type.getNumLoops(); ++i) {
    if (type.isSymbolic(i) || type.getTripBounds()[i] != 1) loops.push_back(i);
  }
  RowLayout layout;
  layout.width = width;
  layout.rows = {dataflow::RowSymbol::kNone, 1};
  auto walks_rows = [&](unsigned loop) { return type.getDimOfLoop(loop) == 0 && type.getSteps()[loop] == 1; };
  if (loops.empty() || (loops.size() == 1 && walks_rows(loops[0]) && type.getElementSize() == width)) {
    if (type.getElementSize() != width) return std::nullopt;
    if (!loops.empty()) layout.rows = dataflow::RowsOfLoop(type, loops[0]);
    layout.order = RowOrder::kRows;
    return layout;
  }
  if (bounds.size() != 2 || element[1] != contract::kTileRows) return std::nullopt;
  auto walks_tiles = [&](unsigned loop) {
    return type.getDimOfLoop(loop) == 1 && type.getSteps()[loop] == contract::kTileRows &&
           !type.isSymbolic(loop);
  };
  if (loops.size() == 1 && walks_tiles(loops[0])) {
    // One row: both orders are the same.
    layout.order = RowOrder::kRows;
    return layout;
  }
  if (loops.size() != 2) return std::nullopt;
  if (walks_tiles(loops[0]) && walks_rows(loops[1])) {
    layout.order = RowOrder::kTiles;
    layout.rows = dataflow::RowsOfLoop(type, loops[1]);
    return layout;
  }
  if (walks_rows(loops[0]) && walks_tiles(loops[1])) {
    layout.order = RowOrder::kRows;
    layout.rows = dataflow::RowsOfLoop(type, loops[0]);
    return layout;
  }
  return std::nullopt;
}

}  // namespace streamtensor::compiler
