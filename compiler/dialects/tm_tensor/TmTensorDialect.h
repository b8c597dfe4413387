// SPDX-License-Identifier: Apache-2.0
// The dialect tm_tensor: what Torch-MLIR writes beside linalg.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

// Generated code is not self-contained: it must come after what it uses.
// clang-format off
#include "compiler/dialects/tm_tensor/TmTensorDialect.h.inc"
// clang-format on

#define GET_OP_CLASSES
#include "compiler/dialects/tm_tensor/TmTensorOps.h.inc"
