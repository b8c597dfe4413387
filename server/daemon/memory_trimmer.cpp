// SPDX-License-Identifier: Apache-2.0
#include "server/daemon/memory_trimmer.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace streamtensor::server {
namespace {

constexpr size_t kWorthReturning = 4 << 20;
constexpr int kArenas = 2;
constexpr int kLargeBlockBytes = 256 << 10;
constexpr int kMaxLooks = 12;  // without a trim

// Resident, less what files back. The heap's own count of free bytes doesn't tell whether their pages have
// been returned.
size_t AnonymousBytes() {
  size_t total = 0, resident = 0, shared = 0;
  std::ifstream("/proc/self/statm") >> total >> resident >> shared;
  return (resident - std::min(resident, shared)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void MemoryTrimmer::SetUp() {
  mallopt(M_ARENA_MAX, kArenas);
  mallopt(M_MMAP_THRESHOLD, kLargeBlockBytes);
}

void MemoryTrimmer::Look() {
  const size_t bytes = AnonymousBytes();
  kept_bytes_ = std::min(kept_bytes_, bytes);
  if (bytes - kept_bytes_ < kWorthReturning && ++looks_ < kMaxLooks) return;
  malloc_trim(0);
  kept_bytes_ = AnonymousBytes();
  looks_ = 0;
}

}  // namespace streamtensor::server
