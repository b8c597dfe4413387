// SPDX-License-Identifier: Apache-2.0
// The FIFOs, streams of blocks and memory ports of a dataflow design.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/schedule/area.h"
#include "compiler/schedule/device_costs.h"
#include "compiler/schedule/directives.h"
#include "llvm/IR/Function.h"

namespace streamtensor::schedule {

struct Channel {
  std::string name;
  bool blocks = false;                 // hls::stream_of_blocks: `depth` memories of `words` elements
  int64_t bits = 0;                    // of an element
  int64_t words = 1;                   // of a block
  int64_t depth = 0;                   // elements or blocks
  int64_t instances = 1;               // of an array of channels
  Area area;                           // of all instances
  std::vector<std::string> processes;  // that read or write it, in the text's order
};

// A pointer of the top function into the card's memory.
struct MemoryPort {
  std::string name;
  std::string bundle;                  // of its INTERFACE pragma; empty: none is named
  std::vector<std::string> processes;  // that use it, in the text's order
};

// Those that `top` declares, in its order. To be called before anything is inlined. `directives`: of their
// BIND_STORAGE pragmas.
std::vector<Channel> FindChannels(llvm::Function& top, const DirectiveTable& directives,
                                  const DeviceCosts& costs);

// The object that an operand of a call stands for: past casts, places in it, and local variables that hold
// its address.
const llvm::Value* ObjectOf(const llvm::Value* operand);

}  // namespace streamtensor::schedule
