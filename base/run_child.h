// SPDX-License-Identifier: Apache-2.0
// Runs another program to its end and reads its output.
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
  const std::atomic<bool>* stop = nullptr;             // the child is killed when it becomes true
  // Receives each line of stdout, truncated to 64 KiB.
  std::function<void(std::string_view)> on_line;
};

// Runs the child of `options` with piped outputs until it has ended and both outputs are closed, or kills it.
//   NOT_FOUND          the program cannot be started
//   DEADLINE_EXCEEDED  run.max_time passed
//   CANCELLED          run.stop
//   INTERNAL           it failed or was killed: with its last lines on stderr and, if it exceeded one, the
//   limit
absl::Status RunChild(ChildOptions options, const ChildRun& run);

}  // namespace streamtensor::base
