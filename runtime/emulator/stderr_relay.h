// SPDX-License-Identifier: Apache-2.0
// Passes on what a card's process writes to stderr: a line each, with a prefix, escaped and at a limited
// rate. An artifact's code can neither forge the host's lines nor flood them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "absl/time/time.h"
#include "base/file_descriptor.h"

namespace streamtensor::runtime::emulator {

class StderrRelay {
 public:
  static constexpr size_t kMaxLineBytes = 1000;  // a longer line is several
  static constexpr double kLinesPerSecond = 10;
  static constexpr double kBurstLines = 100;  // that may come at once

  // Reads `pipe` on a thread of its own. `write` gets whole lines on that thread; it must not block.
  StderrRelay(base::FileDescriptor pipe, std::string prefix, std::function<void(std::string_view)> write);
  // Returns at the end of the pipe, so its writers must have ended.
  ~StderrRelay();
  StderrRelay(const StderrRelay&) = delete;
  StderrRelay& operator=(const StderrRelay&) = delete;

 private:
  void Run();
  void PassOn(std::string_view line);
  void Emit(std::string_view text);
  void TellSuppressed();

  const base::FileDescriptor pipe_;
  const std::string prefix_;
  const std::function<void(std::string_view)> write_;
  // Of the thread.
  absl::Time last_ = absl::InfinitePast();
  double allowed_ = kBurstLines;
  uint64_t suppressed_ = 0;  // lines since the last one that was passed on
  std::thread thread_;
};

// Writes to this process's stderr, unless that would wait for its reader. Thread-safe.
void WriteToStderrWithoutWaiting(std::string_view line);

}  // namespace streamtensor::runtime::emulator
