// SPDX-License-Identifier: Apache-2.0
// Restricts the system calls of the card's process, for all its threads and irrevocably.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace streamtensor::runtime::card_program {

// From the start: memory, threads, the socket it has, and files for reading (the dynamic linker's).
absl::Status DropNetworkAndWriteAccess();

// So much address space, from now on.
absl::Status LimitMemory(uint64_t bytes);

// Before the first instruction of a design's code, its constructors included: memory, clocks and the socket
// it has. Everything else fails with EPERM, and calls of a foreign architecture end the process, but for
// opening /proc/self/fd/`object`, the design's own memory file.
absl::Status DropFileAccess(int object);

}  // namespace streamtensor::runtime::card_program
