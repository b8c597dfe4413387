// SPDX-License-Identifier: Apache-2.0
// Emulated cards: runtime/emulator, in card_emulated.so, and a process streamtensor-card for each card.
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/driver_library/library_card.h"
#include "streamtensor/runtime/driver.h"

namespace streamtensor::runtime::drivers {
namespace {

constexpr std::string_view kConfigKeys[] = {"threads"};

DriverCapabilities Capabilities() {
  return {.computes = true,
          .writes_status = true,
          .models_steps = true,
          .times_processes = true,
          .explains_deadlocks = true,
          .separates_memories = true,
          .checks_memory = true,
          .reports_sensors = true,
          .is_process = true,
          .confines_designs = true};
}

absl::StatusOr<CardOpener> Opener(const CardConfig& config) {
  if (!config.bdf.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("emulated cards have an index and no PCI address; got bdf '", config.bdf, "'"));
  }
  if (config.threads != 1 && config.threads != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("an emulated card computes on 1 or 2 threads; got threads ", config.threads));
  }
  return CardOpener([config] { return OpenLibraryCard("emulated", config); });
}

}  // namespace

extern const Driver emulated;
constinit const Driver emulated = {.name = "emulated",
                                   .target = "emulation",
                                   .runs_designs = true,
                                   .config_keys = kConfigKeys,
                                   .capabilities = Capabilities,
                                   .opener = Opener};

}  // namespace streamtensor::runtime::drivers
