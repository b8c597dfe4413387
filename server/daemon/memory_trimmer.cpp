// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/memory_trimmer.h"

#include <malloc.h>

#include <algorithm>

namespace streamtensor::server {
namespace {

constexpr size_t kWorthReturning = 512 << 10;

}  // namespace

void MemoryTrimmer::Look() {
  const size_t free_bytes = mallinfo2().fordblks;
  kept_free_bytes_ = std::min(kept_free_bytes_, free_bytes);
  if (free_bytes - kept_free_bytes_ < kWorthReturning) return;
  malloc_trim(0);
  kept_free_bytes_ = mallinfo2().fordblks;
}

}  // namespace streamtensor::server
