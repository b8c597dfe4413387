// SPDX-License-Identifier: Apache-2.0
// A card model: what configs/platforms/<name>.yaml says about a card, checked.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace streamtensor::compiler {

// Counts of the programmable resources of a die, or shares of them.
template <typename T>
struct LogicResources {
  T lut{};
  T ff{};
  T bram36{};
  T uram{};
  T dsp{};
};

struct Platform {
  std::string name;
  std::string title;
  std::vector<std::string> targets;  // "emulation", "hw"
  std::string part;
  std::string platform;  // what v++ --platform takes; "none" where there is none
  std::string shell;     // the axlf's VBNV for target hw

  double clock_hz = 0;

  struct Memory {
    std::string kind;
    std::string tag;  // memory bank names are TAG[0], TAG[1], ...
    int64_t channels = 0;
    int64_t bytes_per_channel = 0;
    double bytes_per_second_per_channel = 0;
    double efficiency = 0;  // share of that rate long bursts reach, (0, 1]
    int64_t port_bits = 0;
    int64_t read_latency_cycles = 0;
  } memory;

  std::vector<LogicResources<int64_t>> slrs;
  LogicResources<double> limits;  // shares, (0, 1]
  int64_t sll_per_boundary = 0;
  int64_t axi_port_bram36 = 0;
  int64_t axi_port_ff = 0;

  double launch_seconds = 0;
  double host_bytes_per_second = 0;

  double thermal_design_watts = 0;
  double static_watts = 0;
  double dynamic_joules_per_byte = 0;

  // Where each section's figures come from, by section name.
  std::map<std::string, std::string> sources;
};

// Reads one card model. INVALID_ARGUMENT names file, line and key of the first thing that is wrong:
// unknown, missing or repeated keys, wrong types, values out of range, a section without a source.
absl::StatusOr<Platform> ReadPlatform(const std::string& path);

// Finds `name`.yaml in the folders where card models live: $STREAMTENSOR_PLATFORM_DIR, then
// ../share/streamtensor/platforms and the source tree's configs/platforms as seen from the program.
// NOT_FOUND lists the names there are.
absl::StatusOr<Platform> FindPlatform(const std::string& name);

}  // namespace streamtensor::compiler
