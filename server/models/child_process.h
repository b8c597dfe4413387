// SPDX-License-Identifier: Apache-2.0
// Runs a program as a child under resource limits and hears what it says.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace streamtensor::server {

struct ChildOptions {
  std::vector<std::string> arguments;     // the first is the program's path
  int64_t max_memory_bytes = 16ll << 30;  // address space of each of its processes, and of a file they write
  int64_t max_seconds = 3600;             // of wall time
  int64_t max_processor_seconds =
      14400;  // of each of its processes: several threads may use more than wall time
};

// Waits for the child's end, handing each line of its stdout to `on_line` (at most 64 KiB of a line). The
// child, and what it started, is killed when time runs out, when `stop` becomes true, and when this
// process dies. It gets /dev/null as stdin, no other descriptor, and of the environment only PATH, HOME,
// TMPDIR, LANG and what begins with STREAMTENSOR_ or CCACHE_.
//  NOT_FOUND          the program can not be started
//  DEADLINE_EXCEEDED  max_seconds
//  CANCELLED          stop
//  INTERNAL           it ended with another code than 0, or by a signal; with its last lines on stderr. A
//                     limit that it met is named
absl::Status RunChild(const ChildOptions& options, const std::function<void(std::string_view)>& on_line,
                      const std::atomic<bool>& stop);

}  // namespace streamtensor::server
