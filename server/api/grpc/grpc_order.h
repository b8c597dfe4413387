// SPDX-License-Identifier: Apache-2.0
// What ThreadSanitizer must be told: gRPC's library, which is not built with it, orders a call's reactions,
// of a server or a client, one after the other, on whatever thread. Nothing in other builds.
#pragma once

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace streamtensor::server {

// Before gRPC is given something to do for a call; it answers with a reaction.
inline void BeforeGrpc([[maybe_unused]] void* call) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(call);
#endif
}

// First thing in a reaction.
inline void AfterGrpc([[maybe_unused]] void* call) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(call);
#endif
}

}  // namespace streamtensor::server
