// SPDX-License-Identifier: Apache-2.0
// Loads an emulated design (a shared object that exports st_launch, see kernels/host/st_host_api.h) and
// launches it: each dataflow process runs on a fiber of the calling thread. Work that a process shares is
// also computed on a second thread, if there is one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kernels/host/st_host_api.h"
#include "runtime/card/object_loader.h"
#include "streamtensor/runtime/process_time.h"

namespace streamtensor::runtime::card {

class SecondThread;

enum class LaunchCode {
  kCompleted = 0,
  kDeadlock = 1,   // no process can go on
  kCancelled = 2,  // Cancel() was called
  kInvalid = 3,    // the design breaks a rule: a FIFO with three ends, data left in a FIFO at the end
};

// "engine waits for the empty FIFO results": one edge of a deadlock.
struct WaitEdge {
  std::string process;
  std::string channel;
  uint32_t depth = 0;
  bool channel_full = false;  // false: it is empty
};

struct LaunchReport {
  LaunchCode code = LaunchCode::kCompleted;
  // Empty if completed, otherwise one readable line. For a deadlock it names the cycle.
  std::string message;
  // The cycle of a deadlock: each edge waits for the process of the next, the last for the first. Empty if a
  // process waits for one that has ended (`message` says so) or for no process.
  std::vector<WaitEdge> cycle;
  uint64_t nanoseconds = 0;            // measured: the whole launch
  std::vector<ProcessTime> processes;  // in order of declaration
};

struct LaunchOptions {
  // Scheduling order of runnable processes: nullptr is first come, first served, otherwise random from this
  // seed. A correct design's results do not depend on it.
  const uint64_t* order_seed = nullptr;
  // Costs one read of the time-stamp counter per switch.
  bool measure_processes = true;
  // Null: everything on the calling thread. Results do not depend on it.
  SecondThread* second_thread = nullptr;
};

// Not thread-safe except Cancel().
class DesignLauncher {
 public:
  // `object`: an ELF shared object that exports st_launch and nothing else. It is loaded from a
  // sealed memory file; the bytes may go away afterwards. Its code runs from `before_code` on.
  //  INVALID_ARGUMENT: not such an object; the message says what is wrong.
  static absl::StatusOr<std::unique_ptr<DesignLauncher>> Load(std::span<const std::byte> object,
                                                              const BeforeCode& before_code = nullptr);

  // `bitstream`: the BITSTREAM section of an emulation xclbin, an index of such objects
  // (object_index.h). Picks the one for environment variable STREAMTENSOR_ISA, if set and not
  // empty, else the best this CPU can run.
  //  INVALID_ARGUMENT: damaged index or object. FAILED_PRECONDITION: none fits this CPU, or the
  //  forced one doesn't exist or can't run here.
  static absl::StatusOr<std::unique_ptr<DesignLauncher>> LoadIndexed(std::span<const std::byte> bitstream,
                                                                     const BeforeCode& before_code = nullptr);

  // For tests: a function of this program.
  static std::unique_ptr<DesignLauncher> FromFunction(st_launch_function launch);

  ~DesignLauncher();
  DesignLauncher(const DesignLauncher&) = delete;
  DesignLauncher& operator=(const DesignLauncher&) = delete;

  // Launches the design once with the kernel's pointer arguments, by index. The caller has checked
  // their number and sizes. Flush-to-zero and denormals-are-zero are on while it runs. After any
  // code other than kCompleted the contents of output buffers are undefined, and the next launch
  // starts afresh.
  LaunchReport Launch(std::span<void* const> args, const LaunchOptions& options = {});

  // Ends the current launch at its next process switch. From any thread or a signal handler; no effect
  // without a launch.
  void Cancel();

  // Name of the object picked by LoadIndexed ("x86-64-v3"), else empty.
  const std::string& isa() const { return isa_; }

 private:
  class Impl;
  DesignLauncher();

  std::unique_ptr<Impl> impl_;
  std::string isa_;
};

}  // namespace streamtensor::runtime::card
