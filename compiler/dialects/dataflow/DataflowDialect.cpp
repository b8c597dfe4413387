// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/dataflow/DataflowDialect.h"

#include "compiler/dialects/dataflow/DataflowDialect.cpp.inc"
#include "compiler/dialects/dataflow/DataflowEnums.cpp.inc"

namespace streamtensor::compiler::dataflow {

void DataflowDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "compiler/dialects/dataflow/DataflowOps.cpp.inc"
      >();
}

}  // namespace streamtensor::compiler::dataflow

using namespace mlir;

#define GET_OP_CLASSES
#include "compiler/dialects/dataflow/DataflowOps.cpp.inc"
