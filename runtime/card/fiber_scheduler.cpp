// SPDX-License-Identifier: Apache-2.0
#include "runtime/card/fiber_scheduler.h"

#include <x86intrin.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "base/check.h"

namespace streamtensor::runtime::card {
namespace {

using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

FiberScheduler& Self(void* context) { return *static_cast<FiberScheduler*>(context); }

// SplitMix64: one addition and three mixes, good enough to choose an order.
uint64_t NextRandom(uint64_t& state) {
  uint64_t z = (state += 0x9e3779b97f4a7c15ull);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

}  // namespace

inline uint32_t FiberScheduler::NextRunnable() {
  if (ring_head_ == ring_tail_) return kNone;
  if (__builtin_expect(cancelled_.load(std::memory_order_relaxed), 0)) {
    Fail(LaunchCode::kCancelled, "the launch was cancelled");
    return kNone;
  }
  if (random_order_) {
    const uint32_t count = ring_tail_ - ring_head_;
    const uint32_t chosen = ring_head_ + static_cast<uint32_t>(NextRandom(random_state_) % count);
    std::swap(ring_[ring_head_ & ring_mask_], ring_[chosen & ring_mask_]);
  }
  return ring_[ring_head_++ & ring_mask_];
}

inline void FiberScheduler::CountTicks(uint32_t process) {
  if (!measure_) return;
  const uint64_t now = __rdtsc();
  if (process != kNone) processes_[process].ticks += now - ticks_at_switch_;
  ticks_at_switch_ = now;
}

inline void FiberScheduler::Arrived(transfer_t from) {
  (left_ == kNone ? thread_context_ : processes_[left_].context) = from.fctx;
  SanitizerFiber& from_sanitizer = left_ == kNone ? thread_sanitizer_ : processes_[left_].sanitizer;
  (current_ == kNone ? thread_sanitizer_ : processes_[current_].sanitizer).Arrive(from_sanitizer);
}

inline void FiberScheduler::SwitchTo(uint32_t next, bool ending) {
  CountTicks(current_);
  SanitizerFiber& from_sanitizer = current_ == kNone ? thread_sanitizer_ : processes_[current_].sanitizer;
  SanitizerFiber& to_sanitizer = next == kNone ? thread_sanitizer_ : processes_[next].sanitizer;
  left_ = current_;
  current_ = next;
  from_sanitizer.Leave(to_sanitizer, ending);
  const transfer_t from = jump_fcontext(next == kNone ? thread_context_ : processes_[next].context, this);
  Arrived(from);
}

FiberScheduler::FiberScheduler()
    : api_{ST_HOST_API_VERSION, 1,           this,       &ChannelEntry, &ProcessEntry, &AttachEntry,
           &RunEntry,           &BlockEntry, &WakeEntry, &CloseEntry,   &ShareEntry} {}

void FiberScheduler::Begin(const LaunchOptions& options) {
  processes_.clear();
  channels_.clear();
  current_ = left_ = kNone;
  random_order_ = options.order_seed != nullptr;
  random_state_ = random_order_ ? *options.order_seed : 0;
  measure_ = options.measure_processes;
  second_thread_ = options.second_thread;
  api_.threads = second_thread_ == nullptr ? 1 : 2;
  code_ = LaunchCode::kCompleted;
  message_.clear();
  cycle_.clear();
  cancelled_.store(false, std::memory_order_relaxed);
  ticks_at_begin_ = __rdtsc();
}

LaunchReport FiberScheduler::End(int32_t code, uint64_t nanoseconds) {
  const uint64_t ticks = __rdtsc() - ticks_at_begin_;
  if (code == ST_LAUNCH_NEEDS_LATER_HOST) {
    Fail(LaunchCode::kInvalid,
         "the design was built by a later version of StreamTensor: compile the model again");
  } else if (code != static_cast<int32_t>(code_)) {
    Fail(LaunchCode::kInvalid, "the design's st_launch returned " + std::to_string(code) +
                                   ", not its run's code " + std::to_string(static_cast<int32_t>(code_)));
  }
  LaunchReport report;
  report.code = code_;
  report.message = std::move(message_);
  report.cycle = std::move(cycle_);
  report.nanoseconds = nanoseconds;
  report.processes.reserve(processes_.size());
  const double ns_per_tick = ticks == 0 ? 0 : static_cast<double>(nanoseconds) / static_cast<double>(ticks);
  NameProcesses();
  for (uint32_t p = 0; p < processes_.size(); ++p) {
    report.processes.push_back({process_names_[p],
                                static_cast<uint64_t>(static_cast<double>(processes_[p].ticks) * ns_per_tick),
                                processes_[p].switches});
  }
  return report;
}

uint32_t FiberScheduler::ChannelEntry(void* context, const char* name, uint32_t depth) {
  FiberScheduler& self = Self(context);
  self.channels_.push_back({name, depth, 0, {kNone, kNone}, kNone});
  return static_cast<uint32_t>(self.channels_.size() - 1);
}

uint32_t FiberScheduler::ProcessEntry(void* context, const char* name, void (*entry)(void*), void* argument,
                                      uint32_t stack_bytes) {
  FiberScheduler& self = Self(context);
  self.processes_.push_back(
      {name, entry, argument, stack_bytes, State::kRunnable, 0, kNone, nullptr, 0, 0, SanitizerFiber()});
  return static_cast<uint32_t>(self.processes_.size() - 1);
}

void FiberScheduler::AttachEntry(void* context, uint32_t process, uint32_t channel) {
  FiberScheduler& self = Self(context);
  if (channel >= self.channels_.size() || process >= self.processes_.size()) {
    self.Fail(LaunchCode::kInvalid, "a process is attached to a channel that was never declared");
    return;
  }
  Channel& c = self.channels_[channel];
  if (c.ends < 2) {
    c.process[c.ends] = process;
  } else {
    self.Fail(LaunchCode::kInvalid, "FIFO '" + self.ChannelName(channel) + "' has a third end in process '" +
                                        self.ProcessName(process) + "'");
  }
  ++c.ends;
}

int32_t FiberScheduler::RunEntry(void* context) { return static_cast<int32_t>(Self(context).Run()); }

LaunchCode FiberScheduler::Run() {
  if (code_ != LaunchCode::kCompleted) return code_;
  if (!PrepareFibers()) return code_;
  thread_sanitizer_.InitThread();
  const uint32_t first = NextRunnable();
  if (first == kNone) return code_;
  ticks_at_switch_ = __rdtsc();
  if (second_thread_ != nullptr) second_thread_->WakeUp();
  SwitchTo(first, /*ending=*/false);
  if (second_thread_ != nullptr) second_thread_->Sleep();
  // Back on the thread: all processes have ended, none can continue, or the launch was cancelled.
  for (Process& p : processes_) p.sanitizer.Destroy();
  if (code_ != LaunchCode::kCompleted) return code_;
  const bool all_ended = std::all_of(processes_.begin(), processes_.end(),
                                     [](const Process& p) { return p.state == State::kEnded; });
  if (!all_ended) DescribeDeadlock();
  return code_;
}

bool FiberScheduler::PrepareFibers() {
  uint32_t slots = 1;
  while (slots < processes_.size()) slots *= 2;
  ring_.assign(slots, kNone);
  ring_mask_ = slots - 1;
  ring_head_ = ring_tail_ = 0;
  for (uint32_t i = 0; i < processes_.size(); ++i) {
    Process& p = processes_[i];
    if (second_thread_ != nullptr && p.stack_bytes > SecondThread::kStackBytes) {
      for (uint32_t k = 0; k < i; ++k) processes_[k].sanitizer.Destroy();
      Fail(LaunchCode::kInvalid, "process '" + ProcessName(i) + "' needs " + std::to_string(p.stack_bytes) +
                                     " bytes of stack; the second thread has " +
                                     std::to_string(SecondThread::kStackBytes) + ": run it on one thread");
      return false;
    }
    const FiberStackPool::Stack stack = stacks_.Get(i, p.stack_bytes);
    if (stack.bottom == nullptr) {
      // Fibers before this one have no frames yet, there is nothing to undo but the sanitizer's view.
      for (uint32_t k = 0; k < i; ++k) processes_[k].sanitizer.Destroy();
      Fail(LaunchCode::kInvalid, "no memory for the " + std::to_string(p.stack_bytes) +
                                     " bytes of stack of process '" + ProcessName(i) + "'");
      return false;
    }
    p.context = make_fcontext(stack.top(), stack.bytes, &FiberMain);
    p.sanitizer.InitFiber(stack.bottom, stack.bytes);
    ring_[ring_tail_++ & ring_mask_] = i;
  }
  return true;
}

void FiberScheduler::FiberMain(transfer_t from) {
  FiberScheduler& self = Self(from.data);
  self.Arrived(from);
  Process& process = self.processes_[self.current_];
  process.entry(process.argument);
  process.state = State::kEnded;
  self.SwitchTo(self.NextRunnable(), /*ending=*/true);
  std::abort();  // an ended fiber never runs again
}

void FiberScheduler::BlockEntry(void* context, uint32_t channel, uint32_t wait) {
  FiberScheduler& self = Self(context);
  Process& process = self.processes_[self.current_];
  process.state = State::kBlocked;
  process.channel = channel;
  process.wait = wait;
  ++process.switches;
  self.channels_[channel].waiting = self.current_;
  self.SwitchTo(self.NextRunnable(), /*ending=*/false);
}

void FiberScheduler::WakeEntry(void* context, uint32_t channel, uint32_t wait) {
  FiberScheduler& self = Self(context);
  const uint32_t process = std::exchange(self.channels_[channel].waiting, kNone);
  if (process == kNone) return;
  ST_DCHECK(self.processes_[process].state == State::kBlocked);
  ST_DCHECK(self.ring_tail_ - self.ring_head_ <= self.ring_mask_, "a process is in the ring twice");
  self.processes_[process].state = State::kRunnable;
  self.ring_[self.ring_tail_++ & self.ring_mask_] = process;
}

void FiberScheduler::CloseEntry(void* context, uint32_t channel, uint32_t elements_left) {
  FiberScheduler& self = Self(context);
  if (elements_left == 0 || self.code_ != LaunchCode::kCompleted) return;
  // On a card these would be the first elements of the next launch.
  self.Fail(LaunchCode::kInvalid, "FIFO '" + self.ChannelName(channel) + "' still holds " +
                                      std::to_string(elements_left) +
                                      " element(s) after all processes have ended");
}

void FiberScheduler::ShareEntry(void* context, void (*part)(void*, uint32_t), void* argument,
                                uint32_t count) {
  SecondThread* const second = Self(context).second_thread_;
  if (second != nullptr && count <= SecondThread::kMaxParts) {
    second->Share(part, argument, count);
    return;
  }
  for (uint32_t i = 0; i < count; ++i) part(argument, i);
}

void FiberScheduler::Fail(LaunchCode code, std::string message) {
  if (code_ != LaunchCode::kCompleted) return;  // the first reason is the one to tell
  code_ = code;
  message_ = std::move(message);
}

uint32_t FiberScheduler::OtherEnd(uint32_t channel, uint32_t process) const {
  const Channel& c = channels_[channel];
  if (c.process[0] == process && c.process[1] == kNone) return kNone;
  return c.process[0] == process ? c.process[1] : c.process[0];
}

WaitEdge FiberScheduler::EdgeOf(uint32_t process) {
  const Process& p = processes_[process];
  return {ProcessName(process), ChannelName(p.channel), channels_[p.channel].depth,
          p.wait == ST_WAIT_NOT_FULL};
}

// Every blocked process waits on one channel, so for one other process: following that from any of
// them ends in a cycle, or at a process that has ended.
void FiberScheduler::DescribeDeadlock() {
  const auto text = [](const WaitEdge& edge) {
    return edge.process + " -> waits for " + (edge.channel_full ? "full" : "empty") + " FIFO '" +
           edge.channel + "' (depth " + std::to_string(edge.depth) + ") -> ";
  };
  std::vector<uint32_t> visited_by(processes_.size(), kNone);
  std::string dead_end;
  for (uint32_t start = 0; start < processes_.size(); ++start) {
    if (processes_[start].state != State::kBlocked) continue;
    uint32_t at = start;
    while (at != kNone && processes_[at].state == State::kBlocked && visited_by[at] == kNone) {
      visited_by[at] = start;
      at = OtherEnd(processes_[at].channel, at);
    }
    if (at != kNone && processes_[at].state == State::kBlocked) {
      if (visited_by[at] != start) continue;  // leads into a path seen before
      // `at` is on a cycle. Tell it from its first declared process, so that it is always the same.
      uint32_t first = at;
      for (uint32_t p = OtherEnd(processes_[at].channel, at); p != at;
           p = OtherEnd(processes_[p].channel, p)) {
        first = std::min(first, p);
      }
      std::string message = "deadlock: ";
      uint32_t p = first;
      do {
        cycle_.push_back(EdgeOf(p));
        message += text(cycle_.back());
        p = OtherEnd(processes_[p].channel, p);
      } while (p != first);
      Fail(LaunchCode::kDeadlock, message + ProcessName(first));
      return;
    }
    if (dead_end.empty()) {
      uint32_t last = start;
      std::string path;
      for (uint32_t p = start; p != kNone && processes_[p].state == State::kBlocked;
           p = OtherEnd(processes_[p].channel, p)) {
        path += text(EdgeOf(p));
        last = p;
      }
      const uint32_t end = OtherEnd(processes_[last].channel, last);
      dead_end = "deadlock: " + path +
                 (end == kNone ? "whose other end no process holds" : ProcessName(end) + ", which has ended");
    }
  }
  Fail(LaunchCode::kDeadlock, dead_end);
}

std::string FiberScheduler::ProcessName(uint32_t process) {
  NameProcesses();
  return process_names_[process];
}

// Several processes may run the same function: they are numbered. Names are kept from launch to
// launch, a design declares the same processes each time.
void FiberScheduler::NameProcesses() {
  bool known = named_.size() == processes_.size();
  for (uint32_t p = 0; known && p < processes_.size(); ++p) known = named_[p] == processes_[p].name;
  if (known) return;
  std::map<std::string, uint32_t> total, before;
  for (const Process& p : processes_) ++total[p.name];
  named_.clear();
  process_names_.clear();
  for (const Process& p : processes_) {
    named_.push_back(p.name);
    const std::string name = p.name;
    process_names_.push_back(total[name] == 1 ? name : name + "#" + std::to_string(before[name]++));
  }
}

// Elements of arrays of streams have no names: they are called by their ends.
std::string FiberScheduler::ChannelName(uint32_t channel) {
  const Channel& c = channels_[channel];
  if (c.name != nullptr) return c.name;
  std::string ends = "channel " + std::to_string(channel);
  for (int end = 0; end < 2; ++end) {
    if (c.process[end] != kNone) ends += (end == 0 ? ": " : " -> ") + ProcessName(c.process[end]);
  }
  return ends;
}

}  // namespace streamtensor::runtime::card
