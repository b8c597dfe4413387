// SPDX-License-Identifier: Apache-2.0
// What `tile` leaves on a linalg operation.
#pragma once

#include "llvm/ADT/StringRef.h"

namespace streamtensor::compiler {

// array<i64>, one a loop: iterations that one tile covers, 0 for all of them.
inline constexpr llvm::StringLiteral kTileAttr = "dataflow.tile";
// array<i64>: the loops that walk the tiles, outermost first.
inline constexpr llvm::StringLiteral kOrderAttr = "dataflow.order";

}  // namespace streamtensor::compiler
