// SPDX-License-Identifier: Apache-2.0
// What the card's process may ask of the system. Both are for all threads, and for good.
#pragma once

#include "absl/status/status.h"

namespace streamtensor::runtime::card_program {

// From the start: memory, threads, the socket it has, and files for reading (the dynamic linker's).
absl::Status DropNetworkAndWriteAccess();

// Before the first instruction of a design's code, its constructors included: memory, clocks and the socket
// it has. Everything else fails with EPERM, but for opening /proc/self/fd/`object`, the design's own memory
// file.
absl::Status DropFileAccess(int object);

}  // namespace streamtensor::runtime::card_program
