// SPDX-License-Identifier: Apache-2.0
// The process dialect: every kind's operation.
#pragma once

#include "compiler/analysis/row_layout.h"
#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "compiler/dialects/dataflow/row_count.h"
#include "kernels/contract/issue_cut.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"

namespace streamtensor::compiler {
struct PackedIssue;  // compiler/targets/weights/packing_plan.h
}

// Generated code is not self-contained: it must come after what it uses.
#include "compiler/processes/ProcessDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "compiler/processes/ProcessAttrs.h.inc"

#define GET_OP_CLASSES
#include "compiler/processes/Processes.h.inc"
