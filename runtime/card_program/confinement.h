// SPDX-License-Identifier: Apache-2.0
// What the card's process may ask of the system. Both are for all threads, and for good.
#pragma once

#include "absl/status/status.h"

namespace streamtensor::runtime::card_program {

// From the start: memory, threads, the socket it has, and files for reading (the dynamic linker's).
absl::Status GiveUpNetworkAndWriting();

// Before a design's code runs for the host: memory, clocks and the socket it has. Everything else fails
// with EPERM.
absl::Status GiveUpFiles();

}  // namespace streamtensor::runtime::card_program
