// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialects/itensor/ITensorDialect.h"

#include "compiler/dialects/itensor/ITensorDialect.cpp.inc"

namespace streamtensor::compiler::itensor {

void ITensorDialect::initialize() {
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "compiler/dialects/itensor/ITensorOps.cpp.inc"
      >();
}

}  // namespace streamtensor::compiler::itensor
