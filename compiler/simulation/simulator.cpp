// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/simulator.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "compiler/simulation/chosen_constants.h"
#include "compiler/simulation/history.h"
#include "compiler/simulation/simulation_state.h"

namespace streamtensor::compiler {
namespace {

using schedule::CodeArgument;
using schedule::CodeRegion;
using schedule::ControlEdge;
using schedule::ControlOp;
using schedule::ControlStep;
using schedule::DesignCode;
using schedule::ProcessCode;
using schedule::RegionMove;

constexpr int64_t kMaxSteps = int64_t{20} * 1000 * 1000 * 1000;
// Entering a loop and leaving it, as in the estimator's formulas.
constexpr double kLoopEntry = 1, kLoopExit = 1;

class Simulation {
 public:
  Simulation(const DesignCode& design, const SimulationCosts& costs, const SimulationInput& input)
      : design_(design), costs_(costs), input_(input), banks_(costs.memory, costs.banks) {}

  absl::StatusOr<SimulationResult> Run() {
    RETURN_IF_ERROR(Connect());
    for (MachineState& machine : machines_) Queue(machine.call);
    while (!runnable_.empty()) {
      const int32_t call = runnable_.top().second;
      runnable_.pop();
      machines_[static_cast<size_t>(call)].queued = false;
      RETURN_IF_ERROR(RunProcess(machines_[static_cast<size_t>(call)]));
    }
    for (const MachineState& machine : machines_) {
      if (!machine.ended) return Deadlock();
    }
    Finish();
    return std::move(result_);
  }

 private:
  //===--- connections ----------------------------------------------------------------------------===//

  absl::Status Connect() {
    channels_.resize(design_.channels.size());
    result_.channels.resize(design_.channels.size());
    result_.processes.resize(design_.calls.size());
    for (size_t c = 0; c < channels_.size(); ++c) {
      channels_[c].slots.resize(static_cast<size_t>(std::max<int64_t>(design_.channels[c].depth, 1)));
    }
    for (const std::string& name : design_.memories) {
      const auto bank = input_.bank_of.find(name);
      const int64_t number = bank == input_.bank_of.end() ? 0 : bank->second;
      if (number < 0 || number >= costs_.banks) {
        return absl::InvalidArgumentError(
            absl::StrCat("memory '", name, "' is in bank ", number, "; there are ", costs_.banks));
      }
      result_.memories.push_back({name, 0, 0, number});
    }
    for (size_t i = 0; i < design_.calls.size(); ++i) {
      const schedule::CodeCall& call = design_.calls[i];
      const ProcessCode& code = design_.processes[static_cast<size_t>(call.process)];
      MachineState& state = machines_.emplace_back(code, static_cast<int32_t>(i));
      state.ports.resize(call.arguments.size());
      result_.processes[i].in_region.resize(code.regions.size());
      for (size_t p = 0; p < call.arguments.size(); ++p) {
        const CodeArgument& argument = call.arguments[p];
        if (argument.kind != CodeArgument::Kind::kMemory) continue;
        const std::string& name = design_.memories[static_cast<size_t>(argument.first)];
        state.ports[p].bank = result_.memories[static_cast<size_t>(argument.first)].bank;
        state.ports[p].memory = argument.first;
        state.ports[p].master = static_cast<int32_t>(i * 256 + p);
        const auto known = input_.known_memory.find(name);
        if (known != input_.known_memory.end())
          state.machine.SetKnown(static_cast<int32_t>(p), known->second);
      }
      for (const CodeRegion& region : code.regions) {
        const auto index = static_cast<int32_t>(&region - code.regions.data());
        state.regions.push_back(CauseOf(Cause::Kind::kInterval, state.call, index));
        state.regions.push_back(CauseOf(Cause::Kind::kDepth, state.call, index));
      }
      RETURN_IF_ERROR(FindEnds(call, code, static_cast<int32_t>(i)));
    }
    for (size_t c = 0; c < channels_.size(); ++c) {
      ChannelState& channel = channels_[c];
      if (channel.source < 0 || channel.sink < 0) {
        return absl::InvalidArgumentError(absl::StrCat("channel '", design_.channels[c].name, "' has no ",
                                                       channel.source < 0 ? "writer" : "reader"));
      }
      channel.handover = costs_.handover_cycles;
      if (!input_.die_of.empty()) {
        const int64_t apart = input_.die_of[static_cast<size_t>(channel.source)] -
                              input_.die_of[static_cast<size_t>(channel.sink)];
        channel.crossing = costs_.crossing_cycles * static_cast<double>(std::abs(apart));
      }
      result_.channels[c].source = channel.source;
      result_.channels[c].sink = channel.sink;
    }
    return absl::OkStatus();
  }

  // Which channels the process writes and reads: those that its steps name, or all of an array that it
  // indexes at run time.
  absl::Status FindEnds(const schedule::CodeCall& call, const ProcessCode& code, int32_t index) {
    std::map<int32_t, uint64_t> fixed(code.constants.begin(), code.constants.end());
    // Instances of a parameter end where another parameter's begin.
    const auto instances = [&](size_t parameter) {
      const CodeArgument& argument = call.arguments[parameter];
      const auto first = static_cast<size_t>(argument.first);
      const std::string& name = design_.channels[first].name;
      const std::string stem = name.substr(0, name.find('['));
      size_t end = first + 1;
      while (stem != name && end < design_.channels.size() &&
             design_.channels[end].name.rfind(stem + "[", 0) == 0) {
        ++end;
      }
      return static_cast<int32_t>(end - first);
    };
    for (const ControlStep& step : code.steps) {
      const bool reads = step.op == ControlOp::kPop || step.op == ControlOp::kTakeBlock;
      const bool writes = step.op == ControlOp::kPush || step.op == ControlOp::kOpenBlock;
      if (!reads && !writes) continue;
      std::vector<int32_t> named;
      if (const auto addresses = ChosenFrom(code, fixed, step.a)) {
        for (const uint64_t address : *addresses) {
          const std::optional<int32_t> channel = ChannelAt(call, address);
          if (!channel) return NoChannel(code);
          named.push_back(*channel);
        }
      } else {
        // Unknown until it runs: any of the arrays of channels.
        for (size_t p = 0; p < call.arguments.size(); ++p) {
          if (call.arguments[p].kind != CodeArgument::Kind::kChannel) continue;
          const int32_t count = instances(p);
          for (int32_t n = 0; count > 1 && n < count; ++n) named.push_back(call.arguments[p].first + n);
        }
      }
      for (int32_t channel : named) {
        int32_t& end = reads ? channels_[static_cast<size_t>(channel)].sink
                             : channels_[static_cast<size_t>(channel)].source;
        if (end >= 0 && end != index) {
          return absl::InvalidArgumentError(absl::StrCat("channel '",
                                                         design_.channels[static_cast<size_t>(channel)].name,
                                                         "' has two ", reads ? "readers" : "writers"));
        }
        end = index;
      }
    }
    return absl::OkStatus();
  }

  static absl::Status NoChannel(const ProcessCode& code) {
    return absl::InvalidArgumentError(
        absl::StrCat("process '", code.name, "' uses a FIFO that it isn't given"));
  }

  std::optional<int32_t> ChannelAt(const schedule::CodeCall& call, uint64_t address) const {
    const uint64_t half = uint64_t{1} << (schedule::kObjectShift - 1);
    const uint64_t object = (address + half) >> schedule::kObjectShift;
    if (object == 0 || object > call.arguments.size()) return std::nullopt;
    const CodeArgument& argument = call.arguments[object - 1];
    if (argument.kind != CodeArgument::Kind::kChannel) return std::nullopt;
    const auto offset = static_cast<int64_t>(address - (object << schedule::kObjectShift));
    const int64_t channel = argument.first + (argument.stride > 0 ? offset / argument.stride : 0);
    if (channel < 0 || channel >= static_cast<int64_t>(channels_.size())) return std::nullopt;
    return static_cast<int32_t>(channel);
  }

  //===--- order ----------------------------------------------------------------------------------===//

  void Queue(int32_t call) {
    MachineState& machine = machines_[static_cast<size_t>(call)];
    if (machine.queued || machine.ended) return;
    machine.queued = true;
    runnable_.push({machine.now, call});
  }

  void Wake(int32_t& waiting) {
    if (waiting < 0) return;
    Queue(waiting);
    waiting = -1;
  }

  absl::Status Deadlock() const {
    std::string text;
    for (const MachineState& machine : machines_) {
      if (machine.ended) continue;
      const ControlStep& step = machine.code.steps[machine.at];
      const auto channel =
          ChannelAt(design_.calls[static_cast<size_t>(machine.call)], machine.machine.value(step.a));
      const bool reads = step.op == ControlOp::kPop || step.op == ControlOp::kTakeBlock;
      absl::StrAppend(&text, text.empty() ? "" : "; ", machine.code.name, " waits for ",
                      reads ? "empty" : "full", " FIFO '",
                      channel ? design_.channels[static_cast<size_t>(*channel)].name : "", "'");
    }
    return absl::FailedPreconditionError("the launch does not end: " + text);
  }

  //===--- time -----------------------------------------------------------------------------------===//

  const CodeRegion& RegionOf(const MachineState& machine) const {
    return machine.code.regions[static_cast<size_t>(machine.levels.back().region)];
  }

  void Spend(MachineState& machine, double cycles) {
    machine.now += cycles;
    ProcessActivity& activity = result_.processes[static_cast<size_t>(machine.call)];
    activity.busy += cycles;
    activity.in_region[static_cast<size_t>(machine.levels.back().region)] += cycles;
  }

  // When what is scheduled in `state` happens.
  double At(MachineState& machine, int64_t state) {
    Level& level = machine.levels.back();
    if (RegionOf(machine).innermost) return machine.now + static_cast<double>(state);
    if (state > level.cursor) {
      Spend(machine, static_cast<double>(state - level.cursor));
      level.cursor = state;
    }
    return machine.now;
  }

  int32_t CauseOf(Cause::Kind kind, int32_t call, int32_t region) {
    const auto [found, added] =
        cause_index_.try_emplace({kind, call, region}, static_cast<int32_t>(result_.causes.size()));
    if (added) result_.causes.push_back({kind, call, region, 0});
    return found->second;
  }

  void Extend(MachineState& machine, int32_t cause, double cycles) {
    machine.history = histories_.Extend(machine.history, cause, cycles);
  }

  // The history up to `time`, by what the process does.
  void Account(MachineState& machine, double time) {
    if (!input_.attribute || time <= machine.accounted) return;
    const double passed = time - machine.accounted, intervals = std::min(passed, machine.iterated);
    const auto region = static_cast<size_t>(machine.levels.back().region);
    Extend(machine, machine.regions[2 * region], intervals);
    Extend(machine, machine.regions[2 * region + 1], passed - intervals);
    machine.accounted = time;
    machine.iterated = 0;
  }

  // The process waited for an element or a slot: its history is now that of who made it so.
  void Adopt(MachineState& machine, const ChannelState& channel, Histories::Id other, double other_time,
             int32_t other_call, double until, bool handed_over) {
    if (!input_.attribute) return;
    histories_.Drop(machine.history);
    machine.history = histories_.Share(other);
    double rest = until - other_time;
    if (handed_over) {
      Extend(machine, CauseOf(Cause::Kind::kHandover, -1, -1), channel.handover);
      Extend(machine, CauseOf(Cause::Kind::kCrossing, -1, -1), channel.crossing);
      rest -= channel.handover + channel.crossing;
    }
    // What the other did later than this belongs to its pipeline.
    if (rest != 0) Extend(machine, machines_[static_cast<size_t>(other_call)].regions[1], rest);
    machine.accounted = until;
    machine.iterated = 0;
  }

  void Record(const MachineState& machine, int32_t region, int32_t channel, bool memory, double begin,
              double end) {
    if (input_.timeline_cycles < 0 || end <= begin) return;
    std::vector<Span>& spans = spans_[static_cast<size_t>(machine.call)];
    if (!spans.empty()) {
      Span& last = spans.back();
      const bool alike = last.region == region && last.channel == channel && last.memory == memory;
      // Short ones become part of what was before them.
      if ((alike && begin - last.end <= input_.timeline_cycles) ||
          (begin <= last.end && end - begin < input_.timeline_cycles)) {
        last.end = std::max(last.end, end);
        return;
      }
      begin = std::max(begin, last.end);
      if (end <= begin) return;
    }
    spans.push_back({machine.call, region, channel, memory, begin, end});
  }

  //===--- a process ------------------------------------------------------------------------------===//

  absl::Status RunProcess(MachineState& machine) {
    const std::vector<ControlStep>& steps = machine.code.steps;
    while (true) {
      const ControlStep& step = steps[machine.at];
      if (++steps_ > kMaxSteps) {
        return absl::ResourceExhaustedError(absl::StrCat("the launch takes more than ", kMaxSteps, " steps"));
      }
      switch (step.op) {
        case ControlOp::kPop:
        case ControlOp::kPush:
        case ControlOp::kTakeBlock:
        case ControlOp::kOpenBlock:
        case ControlOp::kDoneBlock: {
          const std::optional<int32_t> channel =
              machine.machine.known(step.a)
                  ? ChannelAt(design_.calls[static_cast<size_t>(machine.call)], machine.machine.value(step.a))
                  : std::nullopt;
          if (!channel) return NoChannel(machine.code);
          if (!Access(machine, step, *channel)) return absl::OkStatus();
          ++machine.at;
          break;
        }
        case ControlOp::kMemory:
          if (!AccessMemory(machine, machine.code.memory[static_cast<size_t>(step.number)]))
            return absl::OkStatus();
          ++machine.at;
          break;
        case ControlOp::kAdvance:
          At(machine, step.number);
          ++machine.at;
          break;
        case ControlOp::kJump:
          Follow(machine, step.b);
          break;
        case ControlOp::kBranch:
          if (machine.machine.known(step.a)) {
            Follow(machine, (machine.machine.value(step.a) & 1) != 0 ? step.b : step.c);
          } else {
            Assume(machine);
            Follow(machine, static_cast<int32_t>(step.number));
          }
          break;
        case ControlOp::kSwitch:
          FollowSwitch(machine, step);
          break;
        case ControlOp::kReturn:
          End(machine);
          return absl::OkStatus();
        default:
          if (!machine.machine.Compute(step)) {
            return absl::InvalidArgumentError(
                absl::StrCat("process '", machine.code.name, "' writes outside of an array"));
          }
          ++machine.at;
          break;
      }
    }
  }

  void Assume(const MachineState& machine) {
    ++result_.assumed[absl::StrCat(machine.code.name, ":", RegionOf(machine).line)];
  }

  void FollowSwitch(MachineState& machine, const ControlStep& step) {
    const schedule::ControlSwitch& table = machine.code.switches[static_cast<size_t>(step.number)];
    int32_t edge = table.otherwise;
    if (machine.machine.known(step.a)) {
      for (const auto& [value, target] : table.cases) {
        if (static_cast<uint64_t>(value) == machine.machine.value(step.a)) edge = target;
      }
    } else {
      Assume(machine);
    }
    Follow(machine, edge);
  }

  void Follow(MachineState& machine, int32_t number) {
    const ControlEdge& edge = machine.code.edges[static_cast<size_t>(number)];
    if (!edge.copies.empty()) machine.machine.Copy(edge.copies);
    for (const RegionMove& move : edge.moves) Move(machine, move);
    machine.at = static_cast<size_t>(machine.code.blocks[static_cast<size_t>(edge.block)]);
  }

  // The rest of an iteration's states.
  double Remaining(const MachineState& machine) const {
    const CodeRegion& region = RegionOf(machine);
    if (!region.innermost) return static_cast<double>(region.depth - 1 - machine.levels.back().cursor);
    if (!region.pipelined) return static_cast<double>(region.depth);
    return static_cast<double>(region.depth - (region.depth > region.bound.ii ? 1 : 0));
  }

  void Move(MachineState& machine, const RegionMove& move) {
    switch (move.kind) {
      case RegionMove::Kind::kEnter:
        Account(machine, machine.now);
        machine.levels.push_back({move.region, 0, machine.now});
        ++machine.runs;
        Spend(machine, kLoopEntry);
        break;
      case RegionMove::Kind::kAgain: {
        const CodeRegion& region = RegionOf(machine);
        if (region.innermost && region.pipelined) {
          Spend(machine, static_cast<double>(region.bound.ii));
          machine.iterated += static_cast<double>(region.bound.ii);
        } else {
          Spend(machine, Remaining(machine));
          machine.levels.back().cursor = 0;
        }
        break;
      }
      case RegionMove::Kind::kLeave: {
        Spend(machine, Remaining(machine) + kLoopExit);
        const Level& level = machine.levels.back();
        if (RegionOf(machine).innermost) {
          CloseBursts(machine);
          Record(machine, level.region, -1, false, level.entered, machine.now);
        }
        Account(machine, machine.now);
        machine.levels.pop_back();
        break;
      }
    }
  }

  void End(MachineState& machine) {
    Spend(machine, std::max(0.0, Remaining(machine)));
    Account(machine, machine.now);
    machine.ended = true;
    result_.processes[static_cast<size_t>(machine.call)].ended = machine.now;
  }

  //===--- channels -------------------------------------------------------------------------------===//

  // False: the process must wait.
  bool Access(MachineState& machine, const ControlStep& step, int32_t number) {
    ChannelState& channel = channels_[static_cast<size_t>(number)];
    switch (step.op) {
      case ControlOp::kPop:
      case ControlOp::kTakeBlock: {
        if (!channel.HasElement()) {
          channel.waiting_reader = machine.call;
          return false;
        }
        const ChannelState::Slot& slot = channel.At(channel.taken);
        const double time = At(machine, step.number);
        WaitFor(machine, number, slot.written, time, /*empty=*/true);
        if (step.dest >= 0) machine.machine.Set(step.dest, step.width, slot.value);
        ++channel.taken;
        if (step.op == ControlOp::kPop) Release(machine, channel, number, std::max(time, slot.written));
        return true;
      }
      case ControlOp::kPush:
      case ControlOp::kOpenBlock: {
        if (!channel.HasSpace()) {
          channel.waiting_writer = machine.call;
          return false;
        }
        ChannelState::Slot& slot = channel.At(channel.opened);
        const double time = At(machine, step.number);
        WaitFor(machine, number, slot.freed, time, /*empty=*/false);
        ++channel.opened;
        if (step.op == ControlOp::kPush) {
          if (step.b >= 0) slot.value = machine.machine.Get(step.b, step.width);
          Publish(machine, channel, number, std::max(time, slot.freed));
        }
        return true;
      }
      default: {
        const double time = At(machine, step.number);
        if (channel.source == machine.call) {
          Publish(machine, channel, number, time);
        } else {
          Release(machine, channel, number, time);
        }
        return true;
      }
    }
  }

  void WaitFor(MachineState& machine, int32_t number, double ready, double time, bool empty) {
    if (ready <= time) return;
    ChannelState& channel = channels_[static_cast<size_t>(number)];
    ChannelActivity& activity = result_.channels[static_cast<size_t>(number)];
    (empty ? activity.reader_waited : activity.writer_waited) += ready - time;
    Record(machine, machine.levels.back().region, -1, false, machine.levels.back().entered, machine.now);
    Record(machine, machine.levels.back().region, number, false, machine.now, machine.now + ready - time);
    machine.now += ready - time;
    const ChannelState::Slot& slot = channel.At(empty ? channel.taken : channel.opened);
    if (empty) {
      Adopt(machine, channel, slot.written_by, slot.writer_time, channel.source, ready, true);
    } else {
      Adopt(machine, channel, slot.freed_by, slot.freer_time, channel.sink, ready, false);
    }
  }

  void Publish(MachineState& machine, ChannelState& channel, int32_t number, double time) {
    Account(machine, time);
    ChannelState::Slot& slot = channel.At(channel.published);
    slot.written = time + channel.handover + channel.crossing;
    slot.written_at = time;
    slot.writer_time = machine.accounted;
    if (input_.attribute) {
      histories_.Drop(slot.written_by);
      slot.written_by = histories_.Share(machine.history);
    }
    CountHeld(channel, result_.channels[static_cast<size_t>(number)], time);
    ++channel.published;
    ++result_.channels[static_cast<size_t>(number)].elements;
    Wake(channel.waiting_reader);
  }

  // Of the element that is published now. The reader may be ahead of `time`, or behind it.
  static void CountHeld(ChannelState& channel, ChannelActivity& activity, double time) {
    if (channel.released == 0 || channel.At(channel.released - 1).freed < time) {
      channel.unmatched.push_back({channel.published, time});
      return;
    }
    int64_t released = channel.released;
    const int64_t oldest =
        std::max<int64_t>(0, channel.published - static_cast<int64_t>(channel.slots.size()));
    while (released > oldest && channel.At(released - 1).freed > time) --released;
    activity.most = std::max(activity.most, channel.published + 1 - released);
  }

  void Release(MachineState& machine, ChannelState& channel, int32_t number, double time) {
    Account(machine, time);
    ChannelState::Slot& slot = channel.At(channel.released);
    // Writes until now found all elements from this one on.
    ChannelActivity& activity = result_.channels[static_cast<size_t>(number)];
    while (!channel.unmatched.empty() && channel.unmatched.front().second <= time) {
      activity.most = std::max(activity.most, channel.unmatched.front().first + 1 - channel.released);
      channel.unmatched.pop_front();
    }
    activity.mean += time - slot.written_at;
    slot.freed = time;
    slot.freer_time = machine.accounted;
    if (input_.attribute) {
      histories_.Drop(slot.freed_by);
      slot.freed_by = histories_.Share(machine.history);
      histories_.Drop(slot.written_by);
      slot.written_by = Histories::kNone;
    }
    ++channel.released;
    Wake(channel.waiting_writer);
  }

  //===--- memory ---------------------------------------------------------------------------------===//

  // False: another process comes first.
  bool AccessMemory(MachineState& machine, const schedule::MemoryAccess& access) {
    const double time = At(machine, access.state);
    if (!runnable_.empty() && runnable_.top().first < machine.now) {
      Queue(machine.call);
      return false;
    }
    PortState& port = machine.ports[static_cast<size_t>(access.parameter)];
    if (port.run != machine.runs) {
      port.run = machine.runs;
      port.entered = time;
      port.chunks = 0;
      port.chunk_left = 0;
    }
    MemoryActivity& memory = result_.memories[static_cast<size_t>(port.memory)];
    (access.write ? memory.bytes_written : memory.bytes_read) += static_cast<double>(access.bytes);
    auto left = static_cast<double>(access.bytes);
    double ready = time;
    while (left > 0) {
      if (port.chunk_left <= 0) {
        port.chunk_bytes =
            access.burst ? static_cast<double>(access.burst_bytes) : static_cast<double>(access.bytes);
        port.chunk_left = port.chunk_bytes;
        // Addresses of a burst are asked for ahead, as far as requests may wait.
        double asked = access.burst && !access.write ? port.entered : time;
        while (port.completions.size() >= static_cast<size_t>(access.outstanding)) {
          asked = std::max(asked, port.completions.front());
          port.completions.pop_front();
        }
        const double before = std::max(asked, port.service.end);
        port.service = banks_.Serve(port.bank, port.master, asked, port.chunk_bytes);
        // Others could only delay it since its own request before.
        port.service.shared = std::min(port.service.shared, std::max(0.0, port.service.begin - before));
        port.completions.push_back(port.service.end + costs_.memory.latency_cycles);
        if (access.write) ready = std::max(ready, asked);
        ++port.chunks;
      }
      const double used = std::min(left, port.chunk_left);
      port.chunk_left -= used;
      left -= used;
      if (access.write) continue;
      const double part = 1 - port.chunk_left / port.chunk_bytes;
      ready = std::max(ready, port.service.begin + part * (port.service.end - port.service.begin) +
                                  costs_.memory.latency_cycles);
    }
    const double expected = access.write ? time : time + static_cast<double>(access.states);
    if (ready > expected) WaitForMemory(machine, port, access, time, ready - expected);
    return true;
  }

  void WaitForMemory(MachineState& machine, PortState& port, const schedule::MemoryAccess& access,
                     double time, double wait) {
    result_.processes[static_cast<size_t>(machine.call)].memory_waits += wait;
    Record(machine, machine.levels.back().region, -1, false, machine.levels.back().entered, machine.now);
    Record(machine, machine.levels.back().region, -1, true, machine.now, machine.now + wait);
    machine.now += wait;
    if (!input_.attribute) return;
    Account(machine, time);
    const auto region = machine.levels.back().region;
    double rest = wait;
    const auto take = [&](Cause::Kind kind, double cycles) {
      const double taken = std::min(rest, cycles);
      if (taken > 0) Extend(machine, CauseOf(kind, machine.call, region), taken);
      rest -= taken;
      return taken;
    };
    // What a request waited for counts once, however many accesses wait for it.
    port.service.refresh -= take(Cause::Kind::kRefresh, port.service.refresh);
    port.service.shared -= take(Cause::Kind::kShared, port.service.shared);
    const bool first = port.chunks <= 1 || !access.burst;
    take(first && !access.write ? Cause::Kind::kLatency : Cause::Kind::kBandwidth, rest);
    machine.accounted = std::max(machine.accounted, time) + wait;
    machine.iterated = 0;
  }

  // The last burst of a loop is as long as what it reads.
  void CloseBursts(MachineState& machine) {
    for (PortState& port : machine.ports) {
      if (port.chunk_left <= 0) continue;
      banks_.GiveBack(port.bank, port.master, port.chunk_left);
      port.chunk_left = 0;
    }
  }

  //===--- the result -----------------------------------------------------------------------------===//

  void Finish() {
    const MachineState* last = nullptr;
    for (const MachineState& machine : machines_) {
      if (!last || machine.now > last->now) last = &machine;
    }
    result_.cycles = last ? last->now : 0;
    for (size_t c = 0; c < channels_.size(); ++c) {
      ChannelActivity& activity = result_.channels[c];
      if (result_.cycles > 0) activity.mean /= result_.cycles;
      for (const auto& [element, time] : channels_[c].unmatched) {
        activity.most = std::max(activity.most, element + 1 - channels_[c].released);
      }
    }
    for (int64_t bank = 0; bank < costs_.banks; ++bank) result_.bank_busy.push_back(banks_.busy(bank));
    for (auto& [call, spans] : spans_)
      result_.timeline.insert(result_.timeline.end(), spans.begin(), spans.end());
    if (!input_.attribute || !last) {
      result_.causes.clear();
      return;
    }
    const double unexplained = result_.cycles - last->accounted;
    for (const auto& [cause, cycles] : histories_.Sums(last->history)) {
      result_.causes[static_cast<size_t>(cause)].cycles = cycles;
    }
    if (unexplained != 0) result_.causes.push_back({Cause::Kind::kIdle, -1, -1, unexplained});
    std::erase_if(result_.causes, [](const Cause& cause) { return cause.cycles == 0; });
    std::stable_sort(result_.causes.begin(), result_.causes.end(),
                     [](const Cause& a, const Cause& b) { return a.cycles > b.cycles; });
  }

  const DesignCode& design_;
  const SimulationCosts& costs_;
  const SimulationInput& input_;
  MemoryBanks banks_;
  std::vector<ChannelState> channels_;
  std::deque<MachineState> machines_;
  // The process that is furthest behind runs first: memory serves in the order of time.
  std::priority_queue<std::pair<double, int32_t>, std::vector<std::pair<double, int32_t>>, std::greater<>>
      runnable_;
  Histories histories_;
  std::map<std::tuple<Cause::Kind, int32_t, int32_t>, int32_t> cause_index_;
  std::map<size_t, std::vector<Span>> spans_;
  int64_t steps_ = 0;
  SimulationResult result_;
};

}  // namespace

const char* KindName(Cause::Kind kind) {
  constexpr const char* kNames[] = {"iterations",     "pipeline fill",    "FIFO handover",
                                    "die crossing",   "memory bandwidth", "memory latency",
                                    "memory refresh", "memory shared",    "idle"};
  return kNames[static_cast<size_t>(kind)];
}

absl::StatusOr<SimulationResult> Simulate(const DesignCode& design, const SimulationCosts& costs,
                                          const SimulationInput& input) {
  return Simulation(design, costs, input).Run();
}

}  // namespace streamtensor::compiler
