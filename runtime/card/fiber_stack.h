// SPDX-License-Identifier: Apache-2.0
// Fiber stacks, each above a guard page that faults on overflow. Mapping a stack and touching its first pages
// costs about 10 us, so stacks are reused between launches.
#pragma once

#include <cstddef>
#include <vector>

namespace streamtensor::runtime::card {

class FiberStackPool {
 public:
  FiberStackPool() = default;
  ~FiberStackPool();
  FiberStackPool(const FiberStackPool&) = delete;
  FiberStackPool& operator=(const FiberStackPool&) = delete;

  struct Stack {
    char* bottom = nullptr;  // lowest usable address
    std::size_t bytes = 0;   // usable
    char* top() const { return bottom + bytes; }
  };

  // The stack of the index-th fiber, at least `bytes` large. Null bottom when the system has no
  // address space left. Valid until the next call for the same index.
  Stack Get(std::size_t index, std::size_t bytes);

 private:
  std::vector<Stack> stacks_;
};

}  // namespace streamtensor::runtime::card
