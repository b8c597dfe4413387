// SPDX-License-Identifier: Apache-2.0
// A design's emitted text, scheduled, on a card: what `streamtensor-sim`, `streamtensorc explain` and the
// timing of an artifact are computed from.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/platform/platform.h"
#include "compiler/schedule/device_costs.h"
#include "compiler/schedule/estimator.h"
#include "compiler/simulation/simulator.h"
#include "compiler/simulation/step_mix.h"
#include "streamtensor/artifact/v1/manifest.pb.h"

namespace streamtensor::compiler {

struct LaunchOptions {
  bool attribute = true;        // SimulationResult::causes
  double timeline_cycles = -1;  // as of SimulationInput
  bool refresh = true;
};

// Modelled joules of a launch, with the gap before it.
struct LaunchEnergy {
  double static_joules = 0;
  double memory_joules = 0;
  double logic_joules = 0;  // LUT, FF, clock
  double dsp_joules = 0;
  double storage_joules = 0;  // block RAM and UltraRAM
  double total() const { return static_joules + memory_joules + logic_joules + dsp_joules + storage_joules; }
};

struct ModelledLaunch {
  SimulationResult simulation;
  double gap_cycles = 0;    // from the launch before it
  double bytes = 0;         // of memory traffic
  double floor_cycles = 0;  // what they take at the peak of all banks: the roofline
  LaunchEnergy energy;
  double cycles() const { return simulation.cycles + gap_cycles; }
};

// Immutable, therefore thread-safe.
class SizedDesign {
 public:
  // `source` is hls/design.cpp; of the manifest, arguments and launch interface are read. Errors as of
  // ScheduleDesign() and Place().
  static absl::StatusOr<SizedDesign> Schedule(const std::string& source, const std::string& kernels,
                                              const artifact::v1::Manifest& manifest,
                                              const Platform& platform, const schedule::DeviceCosts& costs);

  // Errors as of DescriptorOf() and Simulate().
  absl::StatusOr<ModelledLaunch> Launch(const StepMix& mix, const LaunchOptions& options = {}) const;

  const schedule::DesignEstimate& estimate() const { return design_.estimate; }
  const schedule::DesignCode& code() const { return design_.code; }
  const Platform& platform() const { return platform_; }
  // Of the processes on the card's dies: PlacementText() of it, and whether it is within all limits.
  const std::string& placement_text() const { return placement_text_; }
  bool fits() const { return fits_; }
  const artifact::v1::Manifest& manifest() const { return manifest_; }
  const std::string& ProcessName(int32_t call) const;
  // The engine: of the calls that share a channel with a reader of weights, or if there is no reader of all,
  // that whose process has the most DSP slices. -1: none has any.
  int32_t engine() const { return engine_; }
  // Whether a call reads packed weights from memory.
  bool ReadsWeights(int32_t call) const;

 private:
  SizedDesign() = default;
  int32_t FindEngine() const;
  LaunchEnergy EnergyOf(const ModelledLaunch& launch) const;

  schedule::ScheduledDesign design_;
  schedule::DeviceCosts costs_;
  Platform platform_;
  artifact::v1::Manifest manifest_;
  std::vector<int64_t> die_of_;
  std::string placement_text_;
  bool fits_ = false;
  int32_t engine_ = -1;
};

}  // namespace streamtensor::compiler
