// SPDX-License-Identifier: Apache-2.0
// Returns freed memory to the system: glibc keeps what a storm of requests had needed, in the arena of each
// thread.
#pragma once

#include <cstddef>

namespace streamtensor::server {

// Not thread-safe.
class MemoryTrimmer {
 public:
  // Call every few seconds. Looks at the heap, and returns its free pages if there are many new ones.
  void Look();

 private:
  size_t kept_free_bytes_ = 0;  // free, but between what is in use: can't be returned
};

}  // namespace streamtensor::server
