// SPDX-License-Identifier: Apache-2.0
// In which order the rows of an itensor pass by.
#pragma once

#include <optional>

#include "compiler/dialects/dataflow/row_count.h"

namespace streamtensor::compiler {

enum class RowOrder {
  kRows,   // one row after another
  kTiles,  // 16 columns of every row, then the next 16: the engine's order
};

// "rows", "tiles".
llvm::StringRef ToString(RowOrder order);

struct RowLayout {
  RowOrder order = RowOrder::kRows;
  dataflow::RowCount rows;
  int64_t width = 0;  // scalars of a row; a multiple of 16 when the order is tiles
};

// nullopt: no float32, or neither of the two orders. One row, or one tile, is in the order of rows.
std::optional<RowLayout> FindRowLayout(itensor::ITensorType type);

}  // namespace streamtensor::compiler
