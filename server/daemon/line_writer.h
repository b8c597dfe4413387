// SPDX-License-Identifier: Apache-2.0
// Writes lines to a descriptor from a thread of its own: a reader that stalls never stalls who writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"

namespace streamtensor::server {

// Thread-safe.
class LineWriter {
 public:
  struct Options {
    int fd = -1;                 // stays open until the process ends
    size_t max_bytes = 8 << 20;  // of lines that wait; a single line may be longer
    absl::Duration max_flush_time = absl::Seconds(1);
    // The line that says how many were dropped. Called on the writer's thread, perhaps after the destructor.
    std::function<std::string(uint64_t lines)> dropped_line;
  };

  // Starts the thread, which inherits the caller's signal mask.
  explicit LineWriter(Options options);
  // Waits until all lines are written, at most max_flush_time, and gives up the rest.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Queues a line, which ends with its newline. Never waits for the descriptor: a line without room is
  // dropped, and so are all that follow until the waiting ones are written and dropped_line has told the gap.
  void Write(std::string line);

  // Waits until the lines queued so far are written, at most max_flush_time.
  void Flush();

  // Lines dropped so far, also those that the descriptor refused.
  uint64_t dropped() const;

 private:
  struct State;
  static void Run(State& state);

  const std::shared_ptr<State> state_;  // shared with the thread, which may outlive this object
};

}  // namespace streamtensor::server
