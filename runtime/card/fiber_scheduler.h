// SPDX-License-Identifier: Apache-2.0
// The host side of st_host_api: processes as fibers over bounded FIFOs, switched only when a FIFO is
// full or empty. See kernels/host/st_host_api.h for who calls what.
#pragma once

#include <atomic>
#include <boost/context/detail/fcontext.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/host/st_host_api.h"
#include "runtime/card/design_launcher.h"
#include "runtime/card/fiber_stack.h"
#include "runtime/card/sanitizer_fiber.h"
#include "runtime/card/second_thread.h"

namespace streamtensor::runtime::card {

class FiberScheduler {
 public:
  FiberScheduler();
  FiberScheduler(const FiberScheduler&) = delete;
  FiberScheduler& operator=(const FiberScheduler&) = delete;

  const st_host_api* api() const { return &api_; }

  // Forgets channels and processes of the launch before. Call before st_launch.
  void Begin(const LaunchOptions& options);
  // After st_launch returned `code`, which took `nanoseconds`.
  LaunchReport End(int32_t code, uint64_t nanoseconds);

  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  enum class State : uint8_t { kRunnable, kBlocked, kEnded };

  struct Process {
    const char* name;
    void (*entry)(void*);
    void* argument;
    uint32_t stack_bytes;
    State state;
    uint32_t wait;     // st_wait, when blocked
    uint32_t channel;  // when blocked
    boost::context::detail::fcontext_t context;
    uint64_t ticks;
    uint64_t switches;
    SanitizerFiber sanitizer;
  };
  struct Channel {
    const char* name;
    uint32_t depth;
    uint32_t ends;        // how often attached
    uint32_t process[2];  // the first two that were
    uint32_t waiting;     // process blocked on it, or kNone
  };
  static constexpr uint32_t kNone = 0xffffffffu;

  // st_host_api
  static uint32_t ChannelEntry(void* context, const char* name, uint32_t depth);
  static uint32_t ProcessEntry(void* context, const char* name, void (*entry)(void*), void* argument,
                               uint32_t stack_bytes);
  static void AttachEntry(void* context, uint32_t process, uint32_t channel);
  static int32_t RunEntry(void* context);
  static void BlockEntry(void* context, uint32_t channel, uint32_t wait);
  static void WakeEntry(void* context, uint32_t channel, uint32_t wait);
  static void CloseEntry(void* context, uint32_t channel, uint32_t elements_left);
  static void ShareEntry(void* context, void (*part)(void*, uint32_t), void* argument, uint32_t count);

  static void FiberMain(boost::context::detail::transfer_t from);

  LaunchCode Run();
  bool PrepareFibers();
  void Fail(LaunchCode code, std::string message);
  [[gnu::always_inline]] uint32_t NextRunnable();
  // Leaves the current process (or the thread) for the given one; kNone: for the thread. Inlined
  // where it matters: each return after a switch is one the processor predicts wrongly.
  [[gnu::always_inline]] void SwitchTo(uint32_t next, bool ending);
  [[gnu::always_inline]] void Arrived(boost::context::detail::transfer_t from);
  [[gnu::always_inline]] void CountTicks(uint32_t process);
  void DescribeDeadlock();
  uint32_t OtherEnd(uint32_t channel, uint32_t process) const;
  WaitEdge EdgeOf(uint32_t process);
  void NameProcesses();
  std::string ProcessName(uint32_t process);
  std::string ChannelName(uint32_t channel);

  st_host_api api_;
  FiberStackPool stacks_;
  std::vector<Process> processes_;
  std::vector<Channel> channels_;

  // Runnable processes, first come first served: a ring of a power of two, none is in it twice.
  std::vector<uint32_t> ring_;
  uint32_t ring_mask_ = 0;
  uint32_t ring_head_ = 0;
  uint32_t ring_tail_ = 0;

  uint32_t current_ = kNone;
  uint32_t left_ = kNone;  // what ran before the latest switch
  boost::context::detail::fcontext_t thread_context_ = nullptr;
  SanitizerFiber thread_sanitizer_;

  bool random_order_ = false;
  uint64_t random_state_ = 0;
  bool measure_ = true;
  SecondThread* second_thread_ = nullptr;
  uint64_t ticks_at_switch_ = 0;
  uint64_t ticks_at_begin_ = 0;
  std::atomic<bool> cancelled_{false};

  std::vector<const char*> named_;  // what process_names_ was made from
  std::vector<std::string> process_names_;

  LaunchCode code_ = LaunchCode::kCompleted;
  std::string message_;
  std::vector<WaitEdge> cycle_;
};

}  // namespace streamtensor::runtime::card
