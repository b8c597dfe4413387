// SPDX-License-Identifier: Apache-2.0
// The dataflow dialect: operations at its three levels. See Rationale.md.
#pragma once

#include "compiler/dialects/itensor/ITensorDialect.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

// Generated code is not self-contained: it must come after what it uses.
// clang-format off
#include "compiler/dialects/dataflow/DataflowDialect.h.inc"
#include "compiler/dialects/dataflow/DataflowEnums.h.inc"
// clang-format on

#define GET_ATTRDEF_CLASSES
#include "compiler/dialects/dataflow/DataflowAttrs.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialects/dataflow/DataflowOps.h.inc"

namespace streamtensor::compiler::dataflow {

// Names of the attributes that a module and its functions carry (docs/architecture.md, section 1).
inline constexpr llvm::StringLiteral kSymbolsAttr = "dataflow.symbols";
inline constexpr llvm::StringLiteral kPlatformAttr = "dataflow.platform";
inline constexpr llvm::StringLiteral kSymbolAttr = "dataflow.symbol";
inline constexpr llvm::StringLiteral kFieldAttr = "dataflow.field";
inline constexpr llvm::StringLiteral kPoolAttr = "dataflow.pool";
inline constexpr llvm::StringLiteral kWeightAttr = "dataflow.weight";
inline constexpr llvm::StringLiteral kPartAttr = "dataflow.part";
inline constexpr llvm::StringLiteral kInputAttr = "dataflow.input";

// Whether so many elements of `q` [N x K/G x G] may share a scale.
bool IsWeightGroup(mlir::ShapedType q);

// The card that the module around `op` (or `op`, a module) is compiled for; null where it names none.
PlatformAttr PlatformOf(mlir::Operation* op);

}  // namespace streamtensor::compiler::dataflow
