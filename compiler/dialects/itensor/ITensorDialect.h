// SPDX-License-Identifier: Apache-2.0
// The itensor dialect: types and operations. See Rationale.md.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

// Generated code is not self-contained: it must come after what it uses.
// clang-format off
#include "compiler/dialects/itensor/ITensorDialect.h.inc"
// clang-format on

#define GET_TYPEDEF_CLASSES
#include "compiler/dialects/itensor/ITensorTypes.h.inc"

#define GET_OP_CLASSES
#include "compiler/dialects/itensor/ITensorOps.h.inc"
