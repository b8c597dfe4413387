// SPDX-License-Identifier: Apache-2.0
// The FIFOs and streams of blocks of a dataflow design.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/schedule/area.h"
#include "compiler/schedule/device_costs.h"
#include "llvm/IR/Function.h"

namespace streamtensor::schedule {

struct Channel {
  std::string name;
  bool blocks = false;    // hls::stream_of_blocks: `depth` memories of `words` elements
  int64_t bits = 0;       // of an element
  int64_t words = 1;      // of a block
  int64_t depth = 0;      // elements or blocks
  int64_t instances = 1;  // of an array of channels
  Area area;              // of all instances
};

// Those that `top` declares, in its order. To be called before anything is inlined.
std::vector<Channel> FindChannels(llvm::Function& top, const DeviceCosts& costs);

}  // namespace streamtensor::schedule
