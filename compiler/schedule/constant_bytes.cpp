// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/constant_bytes.h"

#include <algorithm>

#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"

namespace streamtensor::schedule {

bool Flatten(const llvm::Constant& constant, const llvm::DataLayout& layout, uint64_t at,
             std::vector<uint8_t>& bytes) {
  if (llvm::isa<llvm::UndefValue>(constant) || constant.isNullValue()) return true;
  if (const auto* number = llvm::dyn_cast<llvm::ConstantInt>(&constant)) {
    const llvm::APInt& value = number->getValue();
    for (unsigned bit = 0; bit < value.getBitWidth(); bit += 8) {
      bytes[at + bit / 8] =
          static_cast<uint8_t>(value.extractBitsAsZExtValue(std::min(8u, value.getBitWidth() - bit), bit));
    }
    return true;
  }
  if (const auto* number = llvm::dyn_cast<llvm::ConstantFP>(&constant)) {
    const llvm::APInt value = number->getValueAPF().bitcastToAPInt();
    for (unsigned bit = 0; bit < value.getBitWidth(); bit += 8) {
      bytes[at + bit / 8] = static_cast<uint8_t>(value.extractBitsAsZExtValue(8, bit));
    }
    return true;
  }
  if (const auto* data = llvm::dyn_cast<llvm::ConstantDataSequential>(&constant)) {
    const uint64_t size = data->getElementByteSize();
    for (unsigned i = 0; i < data->getNumElements(); ++i) {
      if (!Flatten(*data->getElementAsConstant(i), layout, at + i * size, bytes)) return false;
    }
    return true;
  }
  if (const auto* array = llvm::dyn_cast<llvm::ConstantArray>(&constant)) {
    const uint64_t size = layout.getTypeAllocSize(array->getType()->getElementType()).getFixedValue();
    for (unsigned i = 0; i < array->getNumOperands(); ++i) {
      if (!Flatten(*array->getOperand(i), layout, at + i * size, bytes)) return false;
    }
    return true;
  }
  if (const auto* structure = llvm::dyn_cast<llvm::ConstantStruct>(&constant)) {
    const llvm::StructLayout* places = layout.getStructLayout(structure->getType());
    for (unsigned i = 0; i < structure->getNumOperands(); ++i) {
      if (!Flatten(*structure->getOperand(i), layout, at + places->getElementOffset(i).getFixedValue(),
                   bytes)) {
        return false;
      }
    }
    return true;
  }
  return false;
}

}  // namespace streamtensor::schedule
