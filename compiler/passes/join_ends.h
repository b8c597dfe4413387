// SPDX-License-Identifier: Apache-2.0
// Joins the producers and consumers of itensors: what `fuse` and `bind` have in common. Between them an
// unrealized_conversion_cast from a tensor says "in this order"; one from an itensor says "as a tensor".
#pragma once

#include "compiler/dialects/itensor/ITensorDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LogicalResult.h"

namespace streamtensor::compiler {

// The itensor that a tensor was made from, or null.
mlir::Value ItensorOf(mlir::Value tensor);
// Whether `op` asks for a tensor in an order.
bool IsOrderCast(mlir::Operation* op);

// Replaces each order cast whose tensor comes from an itensor of that very type.
void JoinEqualEnds(mlir::func::FuncOp step);
// Replaces each order cast whose tensor comes from an itensor of another order by itensor.cast or, with
// the least buffer, itensor.converter; consumers of one order share it. Emits an error where types
// speak of different data.
mlir::LogicalResult ConvertUnequalEnds(mlir::func::FuncOp step);
// Erases casts, converters and reassociates that nothing uses.
void EraseIdleEnds(mlir::func::FuncOp step);
// An error that lists the converters when both sides of all of them take more than the module's platform has
// on chip.
mlir::LogicalResult CheckConverterBudget(mlir::func::FuncOp step);
// Each itensor gets one user, by itensor.fork where there are more.
void ForkUsers(mlir::func::FuncOp step);

}  // namespace streamtensor::compiler
