// SPDX-License-Identifier: Apache-2.0
// Assertions of invariants: a failed one is a bug in this program, never bad input.
//
//   ST_CHECK(held + available == total);
//   ST_CHECK(page < total, "page ", page, " of ", total);
//
// Prints file, line, condition and message to stderr and aborts. ST_CHECK is always on. ST_DCHECK compiles in
// every build and runs only without NDEBUG.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"

namespace streamtensor {

[[noreturn]] inline void CheckFailed(const char* file, int line, const char* condition,
                                     const std::string& message) {
  std::fprintf(stderr, "%s:%d: check failed: %s%s%s\n", file, line, condition, message.empty() ? "" : ": ",
               message.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace streamtensor

// Arguments after the condition are the message: anything that absl::StrCat takes, evaluated only on failure.
#define ST_CHECK(condition, ...)                                                                \
  do {                                                                                          \
    if (ABSL_PREDICT_FALSE(!(condition))) {                                                     \
      ::streamtensor::CheckFailed(__FILE__, __LINE__, #condition, ::absl::StrCat(__VA_ARGS__)); \
    }                                                                                           \
  } while (false)

#ifdef NDEBUG
#define ST_DCHECK(...)                \
  do {                                \
    if (false) ST_CHECK(__VA_ARGS__); \
  } while (false)
#else
#define ST_DCHECK(...) ST_CHECK(__VA_ARGS__)
#endif
