// SPDX-License-Identifier: Apache-2.0
// Cards behind a driver library: card_xrt.so (AMD's XRT) or card_emulated.so (our emulator).
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "streamtensor/runtime/card.h"
#include "streamtensor/runtime/card_config.h"

namespace streamtensor::runtime {

// Opens a card through card_`name`.so. Opening one index twice in a process gives the same card: both share
// its design and its state.
//  INVALID_ARGUMENT     a configuration that the library can't use
//  NOT_FOUND            no such library, no card program, or no such card
//  FAILED_PRECONDITION  the library can't be loaded, or is of another version
absl::StatusOr<std::unique_ptr<Card>> OpenLibraryCard(const std::string& name, const CardConfig& config);

// The folder in which the configuration's driver libraries are.
std::string LibraryDir(const CardConfig& config);

}  // namespace streamtensor::runtime
