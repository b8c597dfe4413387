// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/DataflowDialect.h"

#include "compiler/dialects/dataflow/DataflowDialect.cpp.inc"
#include "compiler/dialects/dataflow/DataflowEnums.cpp.inc"
#include "mlir/Transforms/InliningUtils.h"

namespace streamtensor::compiler::dataflow {

namespace {

// The block's function may be written out where it is called.
struct Inliner : mlir::DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(mlir::Operation*, mlir::Region*, bool, mlir::IRMapping&) const final { return true; }
  bool isLegalToInline(mlir::Region*, mlir::Region*, bool, mlir::IRMapping&) const final { return true; }
};

}  // namespace

void DataflowDialect::initialize() {
  addInterfaces<Inliner>();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialects/dataflow/DataflowOps.cpp.inc"
      >();
}

}  // namespace streamtensor::compiler::dataflow

using namespace mlir;

#define GET_OP_CLASSES
#include "compiler/dialects/dataflow/DataflowOps.cpp.inc"
