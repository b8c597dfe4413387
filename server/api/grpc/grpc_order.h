// SPDX-License-Identifier: Apache-2.0
// Annotations for ThreadSanitizer: gRPC is not built with it, and runs a call's reactions one after another
// on any thread. Empty in other builds.
#pragma once

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace streamtensor::server {

// Before starting an operation of a call; gRPC answers with a reaction.
inline void BeforeGrpc([[maybe_unused]] void* call) {
#if defined(__SANITIZE_THREAD__)
  __tsan_release(call);
#endif
}

// At the beginning of a reaction.
inline void AfterGrpc([[maybe_unused]] void* call) {
#if defined(__SANITIZE_THREAD__)
  __tsan_acquire(call);
#endif
}

}  // namespace streamtensor::server
