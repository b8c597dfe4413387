// SPDX-License-Identifier: Apache-2.0
// A card model: what configs/platforms/<name>.yaml says about a card, checked. It is the one value from which
// passes, emitters, packaging and the timing model learn what a card has.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
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
  std::string name;   // the file's, without .yaml
  std::string title;  // for people
  std::string part;   // the device, as Vitis names it

  // What v++ builds for. Absent: this card can only be emulated (no target hw).
  struct Vitis {
    std::string platform;  // what v++ --platform takes
    std::string shell;     // a name that v++ may put into an xclbin instead
  };
  std::optional<Vitis> vitis;

  double clock_hz = 0;  // of the design; whole MHz
  int64_t ClockMhz() const;

  // The card's memory: banks of one size and speed. A pointer of a design is wired to one bank.
  struct Memory {
    std::string kind;               // "HBM2", "HBM2e" or "DDR4"
    std::string connectivity_name;  // of a bank in v++'s connectivity.sp; kBankField stands for its number
    std::string topology_name;      // of a bank in an xclbin's MEM_TOPOLOGY, likewise
    int64_t banks = 0;
    int64_t bytes_per_bank = 0;  // whole pages of 4096 bytes
    double bytes_per_second_per_bank = 0;
    double burst_efficiency = 0;  // share of that rate that linear reads reach between refreshes, (0, 1]
    double refresh_interval_seconds = 0;
    double refresh_seconds = 0;       // of each interval in which nothing is read
    double read_latency_seconds = 0;  // from a pointer's first address to its first word
    std::vector<int64_t> slrs;        // the dies that the banks' ports are on: of each bank, or one of all

    bool IsHbm() const;
    std::string ConnectivityName(int64_t bank) const;
    std::string TopologyName(int64_t bank) const;
    size_t Slr(int64_t bank) const;
    double UsableBytesPerSecond() const;  // of one bank
    double PeakBytesPerSecond() const;    // of all banks: the roofline
  } memory;

  // What compile options that are not given become.
  struct Engine {
    int64_t weight_channels = 0;  // that weights are distributed over; at most one a bank
    int64_t unroll = 0;           // rows of activations worked on at a time
  } engine;

  std::vector<LogicResources<int64_t>> slrs;  // what a kernel may use of each die
  LogicResources<double> limits;              // shares of that which still route, (0, 1]
  // Wires between neighbouring dies (super long lines); 0 where there is one die.
  struct Sll {
    int64_t wires = 0;
    double limit = 0;  // the share that still routes, (0, 1]
  } sll;
  int64_t Dsps() const;  // of all dies, without limits
  // What 512-bit words may occupy in block RAM and UltraRAM, of all dies within the limits.
  int64_t OnChipBytes() const;

  double launch_seconds = 0;  // from the end of a launch to the start of the next

  double static_watts = 0;
  double dynamic_joules_per_byte = 0;  // of memory traffic

  // Where each section's figures come from, by section name.
  std::map<std::string, std::string> sources;
};

inline constexpr char kBankField[] = "{bank}";

// Reads one card model. INVALID_ARGUMENT names file, line and key of the first thing that is wrong: unknown,
// missing or repeated keys, wrong types, values out of range or that contradict each other, a section without
// a source.
absl::StatusOr<Platform> ReadPlatform(const std::string& path);

// The same from text; `path` stands for the file, and its name must be the platform's.
absl::StatusOr<Platform> ParsePlatform(const std::string& text, const std::string& path);

}  // namespace streamtensor::compiler
