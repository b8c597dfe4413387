// SPDX-License-Identifier: Apache-2.0
// Real cards: AMD's XRT, behind card_xrt.so.
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "runtime/driver_library/library_card.h"
#include "streamtensor/runtime/driver.h"

namespace streamtensor::runtime::drivers {
namespace {

constexpr std::string_view kConfigKeys[] = {"bdf"};

// XRT's noop device, for tests on hosts without a card, takes every run for done.
DriverCapabilities Capabilities() {
  const char* const emulation = std::getenv("XCL_EMULATION_MODE");
  const bool card = emulation == nullptr || std::string_view(emulation) != "noop";
  return {.computes = card, .writes_status = card, .separates_memories = true, .reports_sensors = true};
}

// XRT's libraries look for their parts in $XILINX_XRT/lib. Debian has no such folder, so a link beside the
// driver's library makes one; an installation in /opt has its own. Must not race with other threads that use
// the environment.
void SetXrtFolder(const std::string& library_dir) {
  if (getenv("XILINX_XRT") != nullptr) return;
  for (const std::string& candidate : {absl::StrCat(library_dir, "/xrt"), std::string("/opt/xilinx/xrt")}) {
    if (access(absl::StrCat(candidate, "/lib").c_str(), F_OK) != 0) continue;
    setenv("XILINX_XRT", candidate.c_str(), /*overwrite=*/0);
    return;
  }
}

absl::StatusOr<CardOpener> Opener(const CardConfig& config) {
  return CardOpener([config] {
    SetXrtFolder(LibraryDir(config));
    return OpenLibraryCard("xrt", config);
  });
}

}  // namespace

extern const Driver xrt;
constinit const Driver xrt = {.name = "xrt",
                              .target = "hw",
                              .runs_designs = true,
                              .config_keys = kConfigKeys,
                              .capabilities = Capabilities,
                              .opener = Opener};

}  // namespace streamtensor::runtime::drivers
