// SPDX-License-Identifier: Apache-2.0
#include "compiler/simulation/sized_design.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "compiler/placement/design_placement.h"

namespace streamtensor::compiler {

using artifact::v1::Argument;

namespace {

// Nodes end the search, not the time: equal designs are placed alike on every host, however busy.
constexpr PlacementLimits kPlacementLimits = {.seconds = 3600, .max_nodes = 2000};

}  // namespace

absl::StatusOr<SizedDesign> SizedDesign::Schedule(const std::string& source, const std::string& kernels,
                                                  const artifact::v1::Manifest& manifest,
                                                  const Platform& platform,
                                                  const schedule::DeviceCosts& costs) {
  SizedDesign sized;
  sized.platform_ = platform;
  sized.costs_ = costs;
  sized.manifest_ = manifest;
  schedule::EstimateOptions options;
  options.include_folders = {kernels};
  options.clock_ns = 1e9 / platform.clock_hz;
  ASSIGN_OR_RETURN(sized.design_, schedule::ScheduleDesign(source, costs, options));
  const PlacementProblem problem = DesignBlocks(sized.design_.estimate, platform);
  ASSIGN_OR_RETURN(const Placement placement, Place(problem, platform, kPlacementLimits));
  sized.placement_text_ = PlacementText(problem, placement, platform);
  sized.fits_ = placement.excess.empty();
  std::map<std::string, int64_t> die;
  for (size_t block = 0; block < problem.blocks.size(); ++block) {
    die[problem.blocks[block].name] = static_cast<int64_t>(placement.dies[block]);
  }
  for (const schedule::CodeCall& call : sized.code().calls) {
    sized.die_of_.push_back(die[sized.code().processes[static_cast<size_t>(call.process)].name]);
  }
  sized.engine_ = sized.FindEngine();
  return sized;
}

int32_t SizedDesign::FindEngine() const {
  const std::vector<schedule::CodeCall>& calls = code().calls;
  const auto channels = [&calls](int32_t call) {
    std::set<int32_t> found;
    for (const schedule::CodeArgument& argument : calls[static_cast<size_t>(call)].arguments) {
      if (argument.kind == schedule::CodeArgument::Kind::kChannel) found.insert(argument.first);
    }
    return found;
  };
  std::set<int32_t> of_readers;
  for (int32_t call = 0; call < static_cast<int32_t>(calls.size()); ++call) {
    if (ReadsWeights(call)) of_readers.merge(channels(call));
  }
  int32_t engine = -1;
  std::pair<bool, int64_t> most = {false, 0};  // whether it has weights from a reader, DSP slices
  for (int32_t call = 0; call < static_cast<int32_t>(calls.size()); ++call) {
    const std::set<int32_t> own = channels(call);
    const bool has_weights = std::any_of(
        own.begin(), own.end(), [&of_readers](int32_t channel) { return of_readers.contains(channel); });
    const auto process = static_cast<size_t>(calls[static_cast<size_t>(call)].process);
    const int64_t dsp = estimate().processes[process].area.dsp;
    if (dsp == 0 || std::pair(has_weights, dsp) <= most) continue;
    most = {has_weights, dsp};
    engine = call;
  }
  return engine;
}

const std::string& SizedDesign::ProcessName(int32_t call) const {
  return code().processes[static_cast<size_t>(code().calls[static_cast<size_t>(call)].process)].name;
}

bool SizedDesign::ReadsWeights(int32_t call) const {
  for (const schedule::CodeArgument& argument : code().calls[static_cast<size_t>(call)].arguments) {
    if (argument.kind != schedule::CodeArgument::Kind::kMemory) continue;
    for (const Argument& given : manifest_.kernel().arguments()) {
      if (given.role() == Argument::ROLE_WEIGHTS &&
          given.name() == code().memories[static_cast<size_t>(argument.first)]) {
        return true;
      }
    }
  }
  return false;
}

absl::StatusOr<ModelledLaunch> SizedDesign::Launch(const StepMix& mix, const LaunchOptions& options) const {
  SimulationCosts costs;
  costs.memory = RatesOf(platform_);
  if (!options.refresh) costs.memory.refresh_cycles = 0;
  costs.banks = platform_.memory.banks;
  costs.handover_cycles = costs_.interconnect.fifo_cycles;
  costs.crossing_cycles = costs_.interconnect.die_crossing_cycles;
  SimulationInput input;
  input.attribute = options.attribute;
  input.timeline_cycles = options.timeline_cycles;
  input.die_of = die_of_;
  for (const Argument& argument : manifest_.kernel().arguments()) {
    input.bank_of[argument.name()] = argument.bank();
    if (argument.role() != Argument::ROLE_DESCRIPTOR) continue;
    ASSIGN_OR_RETURN(input.known_memory[argument.name()], DescriptorOf(mix, manifest_.launch()));
  }
  ModelledLaunch launch;
  ASSIGN_OR_RETURN(launch.simulation, Simulate(code(), costs, input));
  launch.gap_cycles = platform_.launch_seconds * platform_.clock_hz;
  for (const MemoryActivity& memory : launch.simulation.memories) {
    launch.bytes += memory.bytes_read + memory.bytes_written;
  }
  launch.floor_cycles = launch.bytes / platform_.memory.PeakBytesPerSecond() * platform_.clock_hz;
  launch.energy = EnergyOf(launch);
  return launch;
}

LaunchEnergy SizedDesign::EnergyOf(const ModelledLaunch& launch) const {
  constexpr double kPico = 1e-12;
  const schedule::EnergyCosts& costs = costs_.energy;
  LaunchEnergy energy;
  energy.static_joules = platform_.static_watts * launch.cycles() / platform_.clock_hz;
  energy.memory_joules = platform_.dynamic_joules_per_byte * launch.bytes;
  energy.logic_joules = kPico * costs.clock_pj * static_cast<double>(estimate().area.ff) * launch.cycles();
  for (size_t call = 0; call < code().calls.size(); ++call) {
    const auto process = static_cast<size_t>(code().calls[call].process);
    const ProcessActivity& activity = launch.simulation.processes[call];
    for (size_t region = 0; region < activity.in_region.size(); ++region) {
      const schedule::Area& area = code().processes[process].regions[region].area;
      const double cycles = kPico * activity.in_region[region];
      energy.dsp_joules += cycles * costs.dsp_pj * static_cast<double>(area.dsp);
      energy.logic_joules += cycles * (costs.lut_pj * static_cast<double>(area.lut) +
                                       costs.ff_pj * static_cast<double>(area.ff));
    }
    // Every memory of a process that runs, as if it were accessed each cycle.
    const schedule::Area& storage = estimate().processes[process].storage;
    energy.storage_joules += kPico * activity.busy *
                             (costs.bram18_pj * static_cast<double>(storage.bram18) +
                              costs.uram_pj * static_cast<double>(storage.uram));
  }
  // The memories of channels: an access for an element that is written and one that is read.
  for (size_t c = 0, instance = 0; c < estimate().channels.size(); ++c) {
    const schedule::Channel& channel = estimate().channels[c];
    const double each = kPico *
                        (costs.bram18_pj * static_cast<double>(channel.area.bram18) +
                         costs.uram_pj * static_cast<double>(channel.area.uram)) /
                        static_cast<double>(channel.instances);
    for (int64_t i = 0; i < channel.instances; ++i, ++instance) {
      energy.storage_joules += 2 * each * static_cast<double>(launch.simulation.channels[instance].elements) *
                               static_cast<double>(channel.words);
    }
  }
  return energy;
}

}  // namespace streamtensor::compiler
