// SPDX-License-Identifier: Apache-2.0
// The bytes of a constant of LLVM's, as they lie in memory.
#pragma once

#include <cstdint>
#include <vector>

#include "llvm/IR/Constant.h"
#include "llvm/IR/DataLayout.h"

namespace streamtensor::schedule {

// Writes the constant's bytes from place `at`, where there is room for them. False: it holds something else
// than numbers and undefined values.
bool Flatten(const llvm::Constant& constant, const llvm::DataLayout& layout, uint64_t at,
             std::vector<uint8_t>& bytes);

}  // namespace streamtensor::schedule
