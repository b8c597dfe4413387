// SPDX-License-Identifier: Apache-2.0
#include "runtime/card/fiber_stack.h"

#include <sys/mman.h>
#include <unistd.h>

#include "runtime/card/sanitizer_fiber.h"

namespace streamtensor::runtime::card {
namespace {

std::size_t PageBytes() {
  static const std::size_t bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

void Unmap(const FiberStackPool::Stack& stack) {
  if (stack.bottom != nullptr) munmap(stack.bottom - PageBytes(), stack.bytes + PageBytes());
}

}  // namespace

FiberStackPool::~FiberStackPool() {
  for (const Stack& stack : stacks_) Unmap(stack);
}

FiberStackPool::Stack FiberStackPool::Get(std::size_t index, std::size_t bytes) {
  const std::size_t page = PageBytes();
  bytes = (bytes + page - 1) / page * page;
  if (stacks_.size() <= index) stacks_.resize(index + 1);
  Stack& stack = stacks_[index];
  if (stack.bytes < bytes) {
    Unmap(stack);
    stack = {};
    // NORESERVE: most of a stack is never touched.
    void* map = mmap(nullptr, bytes + page, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) return {};
    if (mprotect(map, page, PROT_NONE) != 0) {
      munmap(map, bytes + page);
      return {};
    }
    stack = {static_cast<char*>(map) + page, bytes};
  }
  // An abandoned fiber leaves its frames' red zones behind.
  UnpoisonStack(stack.bottom, stack.bytes);
  return stack;
}

}  // namespace streamtensor::runtime::card
