// SPDX-License-Identifier: Apache-2.0
// Returns freed memory to the system: glibc keeps what a storm of requests had needed, in the arena of each
// thread.
#pragma once

#include <cstddef>

namespace streamtensor::server {

// Not thread-safe.
class MemoryTrimmer {
 public:
  // Call before there are threads. Few arenas scatter live blocks over fewer pages, and large blocks have
  // pages of their own.
  static void SetUp();

  // Call every five seconds. Returns the heap's free pages at once if the process has grown since it last
  // did, and in any case once a minute: what was in use then may be free now.
  void Look();

 private:
  size_t kept_bytes_ = 0;  // anonymous memory, resident after the last trim or least since
  int looks_ = 0;          // since the last trim
};

}  // namespace streamtensor::server
