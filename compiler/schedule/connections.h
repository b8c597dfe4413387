// SPDX-License-Identifier: Apache-2.0
// How a dataflow function connects its processes.
#pragma once

#include <vector>

#include "compiler/schedule/control_code.h"
#include "llvm/IR/Function.h"

namespace streamtensor::schedule {

// Channels, memories and calls of `top`; the calls' `process` is an index of `processes`. To be called before
// anything is inlined.
DesignCode FindConnections(llvm::Function& top, const std::vector<llvm::Function*>& processes,
                           const std::vector<Channel>& channels);

}  // namespace streamtensor::schedule
