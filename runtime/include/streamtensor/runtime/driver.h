// SPDX-License-Identifier: Apache-2.0
// The drivers of this program. Each has a folder in runtime/drivers and a line in drivers.def.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "streamtensor/runtime/card.h"
#include "streamtensor/runtime/card_config.h"

namespace streamtensor::runtime {

// Capabilities of a driver's cards beyond Card's contract. The conformance suite runs a test that needs one
// of these on the drivers that have it, and reports it as skipped on the others.
struct DriverCapabilities {
  bool computes = false;            // a run computes what the design says
  bool writes_status = false;       // a run writes the status words; so does every card that computes
  bool models_steps = false;        // RunReport and CardSensors hold modelled figures
  bool times_processes = false;     // RunReport::processes
  bool explains_deadlocks = false;  // a deadlock is an INTERNAL error that names processes and FIFOs
  bool separates_memories = false;  // CardConfig::strict_sync has an effect, or is always on
  bool checks_memory = false;       // knows how much a bank holds and how much an argument needs
  bool reports_sensors = false;     // CardSensors holds XRT's reports
  bool is_process = false;  // Card::ProcessId(); two opens of one index are one card, which can be killed
  bool confines_designs = false;  // a design's code reaches neither files nor network
};

// Opens a card; called again after each loss. Owns what must outlive one opening. Not thread-safe.
//  NOT_FOUND    no such card, or a file that the driver needs is missing
//  UNAVAILABLE  the card does not answer; may be tried again
using CardOpener = std::function<absl::StatusOr<std::unique_ptr<Card>>()>;

// A constant of its driver's folder; lives as long as the program.
struct Driver {
  std::string_view name;    // in configurations, metrics and messages
  std::string_view target;  // `streamtensorc compile --target` for its cards: "emulation" or "hw"
  // False: its cards need an artifact's manifest alone, of any target and platform, and nothing is modelled.
  bool runs_designs;
  // The keys of a card in the server's configuration that only some drivers take, and this one does.
  std::span<const std::string_view> config_keys;

  DriverCapabilities (*capabilities)();
  // Checks the configuration. Opens nothing.
  //  INVALID_ARGUMENT  a value that this driver can't use
  absl::StatusOr<CardOpener> (*opener)(const CardConfig& config);
};

// All drivers, in the order of drivers.def.
std::span<const Driver* const> Drivers();

// INVALID_ARGUMENT names those that exist.
absl::StatusOr<const Driver*> FindDriver(std::string_view name);

std::vector<std::string> DriverNames();

}  // namespace streamtensor::runtime
