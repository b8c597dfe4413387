// SPDX-License-Identifier: Apache-2.0
// Whether the layers of an exported step are alike.
#pragma once

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "compiler/frontend/exported/exported_step.h"
#include "llvm/ADT/MapVector.h"

namespace streamtensor::compiler {

// Walks the operations of layer 0 and of layer `layer` in step, from their results to their inputs. Gives,
// for each weight (an argument of @main) that layer 0 reads, the one that layer `layer` reads in its place.
//  UNIMPLEMENTED  the two differ in more than their weights; names both places
absl::StatusOr<llvm::MapVector<mlir::Value, mlir::Value>> CompareLayer(const ExportedStep& step,
                                                                       int64_t layer);

}  // namespace streamtensor::compiler
