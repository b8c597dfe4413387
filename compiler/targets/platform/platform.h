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
    double burst_efficiency = 0;  // share of that rate that linear reads reach between refreshes, (0, 1]
    double refresh_interval_seconds = 0;
    double refresh_seconds = 0;  // of each interval in which nothing is read
    int64_t port_bits = 0;
    double read_latency_seconds = 0;  // from a pointer's first address to its first word

    double UsableBytesPerSecond() const;  // of one channel
    double PeakBytesPerSecond() const;    // of all channels: the roofline
  } memory;

  // What compile options that are not given become.
  struct Engine {
    int64_t weight_channels = 0;  // that weights are dealt over
    int64_t unroll = 0;           // tiles worked on at a time
  } engine;

  std::vector<LogicResources<int64_t>> slrs;
  LogicResources<double> limits;  // shares, (0, 1]
  int64_t Dsps() const;           // of all dies

  double launch_seconds = 0;  // from the end of a launch to the start of the next

  double static_watts = 0;
  double dynamic_joules_per_byte = 0;

  // Where each section's figures come from, by section name.
  std::map<std::string, std::string> sources;
};

// Reads one card model. INVALID_ARGUMENT names file, line and key of the first thing that is wrong:
// unknown, missing or repeated keys, wrong types, values out of range, a section without a source.
absl::StatusOr<Platform> ReadPlatform(const std::string& path);

// The same from text; `path` stands for the file, and its name must be the platform's.
absl::StatusOr<Platform> ParsePlatform(const std::string& text, const std::string& path);

// Finds `name`.yaml in the folders where card models live: $STREAMTENSOR_PLATFORM_DIR, then
// ../share/streamtensor/platforms and the source tree's configs/platforms as seen from the program.
// NOT_FOUND lists the names there are.
absl::StatusOr<Platform> FindPlatform(const std::string& name);

}  // namespace streamtensor::compiler
