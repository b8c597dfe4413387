// SPDX-License-Identifier: Apache-2.0
#include "compiler/placement/design_placement.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace streamtensor::compiler {
namespace {

// Beside the data: of a FIFO valid and ready; of a memory's port an address; of a direction of an AXI master
// the address, length, identifiers and handshakes (AMBA AXI4, 64-bit addresses).
constexpr int64_t kHandshakeWires = 2;
constexpr int64_t kAddressWires = 32;
constexpr int64_t kAxiControlWires = 100;
constexpr int64_t kMaxAxiBits = 512;

LogicResources<double> NeedsOf(const schedule::Area& area) {
  return {.lut = static_cast<double>(area.lut),
          .ff = static_cast<double>(area.ff),
          .bram36 = static_cast<double>(area.bram18) / 2,
          .uram = static_cast<double>(area.uram),
          .dsp = static_cast<double>(area.dsp)};
}

void AddTo(LogicResources<double>& sum, const LogicResources<double>& part) {
  sum.lut += part.lut;
  sum.ff += part.ff;
  sum.bram36 += part.bram36;
  sum.uram += part.uram;
  sum.dsp += part.dsp;
}

// Of a process to a pointer: the widest access of each direction.
int64_t AxiWires(const schedule::ProcessEstimate& process, const std::string& port) {
  std::map<bool, int64_t> bits;  // by direction: writes
  for (const schedule::LoopEstimate& loop : process.loops) {
    for (const schedule::AxiAccess& access : loop.axi) {
      if (access.port != port) continue;
      const int64_t together = 8 * access.bytes * (access.burst ? access.accesses : 1);
      bits[access.write] = std::max(bits[access.write], std::min(kMaxAxiBits, together));
    }
  }
  if (bits.empty()) return kMaxAxiBits + kAxiControlWires;
  int64_t wires = 0;
  for (const auto& [write, width] : bits) wires += width + kAxiControlWires;
  return wires;
}

size_t DieOfBundle(const std::string& bundle, const Platform& platform) {
  const size_t digits = bundle.find_last_not_of("0123456789") + 1;
  int64_t bank = 0;
  if (!absl::SimpleAtoi(bundle.substr(digits), &bank) || bank >= platform.memory.banks) bank = 0;
  return platform.memory.Slr(bank);
}

class BlockBuilder {
 public:
  BlockBuilder(const schedule::DesignEstimate& design, const Platform& platform)
      : design_(design), platform_(platform) {}

  PlacementProblem Run() {
    for (const schedule::ProcessEstimate& process : design_.processes) {
      blocks_[process.name] = problem_.blocks.size();
      problem_.blocks.push_back({process.name, NeedsOf(process.area), std::nullopt});
    }
    for (const schedule::Channel& channel : design_.channels) AddChannel(channel);
    for (const schedule::MemoryPort& port : design_.ports) AddPort(port);
    return std::move(problem_);
  }

 private:
  // An element of an array of channels belongs to one of the processes at its other end.
  void AddChannel(const schedule::Channel& channel) {
    if (channel.processes.empty()) return;
    const size_t reader = blocks_.at(channel.processes.back());
    AddTo(problem_.blocks[reader].needs, NeedsOf(channel.area));
    const auto writers = static_cast<int64_t>(channel.processes.size()) - 1;
    if (writers == 0) return;
    const int64_t each = std::max<int64_t>(1, channel.instances / writers);
    const int64_t wires = each * (channel.bits + (channel.blocks ? kAddressWires : 0) + kHandshakeWires);
    for (int64_t i = 0; i < writers; ++i) {
      problem_.links.push_back(
          {channel.name, blocks_.at(channel.processes[static_cast<size_t>(i)]), reader, wires});
    }
  }

  void AddPort(const schedule::MemoryPort& port) {
    for (const std::string& name : port.processes) {
      const size_t process = blocks_.at(name);
      problem_.links.push_back({port.name, process, Memory(DieOfBundle(port.bundle, platform_)),
                                AxiWires(design_.processes[process], port.name)});
    }
  }

  size_t Memory(size_t die) {
    const auto [found, added] = memories_.try_emplace(die, problem_.blocks.size());
    if (added) problem_.blocks.push_back({absl::StrCat("memory of SLR", die), {}, die});
    return found->second;
  }

  const schedule::DesignEstimate& design_;
  const Platform& platform_;
  PlacementProblem problem_;
  std::map<std::string, size_t> blocks_;
  std::map<size_t, size_t> memories_;
};

}  // namespace

PlacementProblem DesignBlocks(const schedule::DesignEstimate& design, const Platform& platform) {
  return BlockBuilder(design, platform).Run();
}

std::string PlacementText(const PlacementProblem& problem, const Placement& placement,
                          const Platform& platform) {
  std::string text;
  const auto share = [&](size_t die, const char* resource, double used, int64_t there, double limit) {
    const bool too_much = std::any_of(
        placement.excess.begin(), placement.excess.end(),
        [&](const PlacementExcess& excess) { return excess.die == die && excess.resource == resource; });
    absl::StrAppendFormat(&text, " %s %.0f %% of %.0f %%%s;", resource,
                          100 * used / std::max(static_cast<double>(there), 1.0), 100 * limit,
                          too_much ? " (too much)" : "");
  };
  for (size_t die = 0; die < placement.used.size(); ++die) {
    const LogicResources<double>& used = placement.used[die];
    const LogicResources<int64_t>& there = platform.slrs[die];
    absl::StrAppend(&text, "SLR", die, ":");
    share(die, "lut", used.lut, there.lut, platform.limits.lut);
    share(die, "ff", used.ff, there.ff, platform.limits.ff);
    share(die, "bram36", used.bram36, there.bram36, platform.limits.bram36);
    share(die, "uram", used.uram, there.uram, platform.limits.uram);
    share(die, "dsp", used.dsp, there.dsp, platform.limits.dsp);
    int64_t processes = 0;
    for (size_t block = 0; block < problem.blocks.size(); ++block) {
      if (placement.dies[block] == die && !problem.blocks[block].die) ++processes;
    }
    absl::StrAppend(&text, " ", processes, processes == 1 ? " process\n" : " processes\n");
  }
  for (size_t boundary = 0; boundary < placement.crossings.size(); ++boundary) {
    absl::StrAppend(&text, "SLR", boundary, " to SLR", boundary + 1, ":");
    share(boundary, "sll", static_cast<double>(placement.crossings[boundary]), platform.sll.wires,
          platform.sll.limit);
    absl::StrAppend(&text, " ", placement.crossings[boundary], " wires\n");
  }
  if (placement.optimal) {
    absl::StrAppend(&text, "placement: optimal\n");
  } else {
    absl::StrAppendFormat(&text, "placement: at most %.1f %% from the optimum\n", 100 * placement.Gap());
  }
  return text;
}

std::string FloorplanText(const PlacementProblem& problem, const Placement& placement) {
  std::string text =
      "# SPDX-License-Identifier: Apache-2.0\n"
      "# Written by streamtensorc: the die of each process. Never tried with Vivado.\n";
  for (size_t die = 0; die < placement.used.size(); ++die) {
    absl::StrAppend(&text, "create_pblock st_slr", die, "\nresize_pblock st_slr", die, " -add SLR", die,
                    "\n");
    for (size_t block = 0; block < problem.blocks.size(); ++block) {
      if (placement.dies[block] != die || problem.blocks[block].die) continue;
      // Vitis HLS calls the instance of a process PROCESS_U0.
      absl::StrAppend(&text, "add_cells_to_pblock st_slr", die,
                      " [get_cells -hierarchical -filter {NAME =~ */", problem.blocks[block].name, "_U0}]\n");
    }
  }
  return text;
}

}  // namespace streamtensor::compiler
