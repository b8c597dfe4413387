// SPDX-License-Identifier: Apache-2.0
// Runs another program to its end and hears what it says.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/child_process.h"

namespace streamtensor::base {

struct ChildRun {
  absl::Duration max_time = absl::InfiniteDuration();  // of wall time
  const std::atomic<bool>* stop = nullptr;             // when it becomes true the child is killed
  // Gets each line of its stdout, at most 64 KiB of a line.
  std::function<void(std::string_view)> on_line;
};

// Runs the child of `options`, whose outputs it pipes, until it has ended and both are closed, or it is
// killed.
//  NOT_FOUND          the program can't be started
//  DEADLINE_EXCEEDED  run.max_time passed
//  CANCELLED          run.stop
//  INTERNAL           it ended with another code than 0, or by a signal: with its last lines on stderr; a
//  limit that
//                     it met is named
absl::Status RunChild(ChildOptions options, const ChildRun& run);

}  // namespace streamtensor::base
