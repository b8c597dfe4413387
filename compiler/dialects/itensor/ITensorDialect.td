// SPDX-License-Identifier: Apache-2.0
#ifndef STREAMTENSOR_ITENSOR_DIALECT
#define STREAMTENSOR_ITENSOR_DIALECT

include "mlir/IR/OpBase.td"

def ITensor_Dialect : Dialect {
  let name = "itensor";
  let cppNamespace = "::streamtensor::compiler::itensor";
  let summary = "Tensors that are visited in one given order, piece by piece";
  let description = [{
    An itensor is a tensor together with the order in which its pieces pass by. The type alone
    says whether a producer and a consumer may be joined by a FIFO: their types must be equal.
    Where they are not, a converter buffers just as much as the two orders differ.
    See the [rationale](../../compiler/dialects/itensor/Rationale.md).
  }];
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerTypes();
  }];
}

#endif
