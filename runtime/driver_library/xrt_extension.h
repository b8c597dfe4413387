// SPDX-License-Identifier: Apache-2.0
// What a driver library knows beyond XRT's public classes. Declared once, defined twice: in
// xrt_extension_amd.cpp for AMD's library, and in the emulator. What AMD's library cannot tell is "not
// available", never guessed. Only used inside a driver library.
#pragma once

#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <cstdint>
#include <string>
#include <vector>

#include "streamtensor/runtime/process_time.h"

namespace streamtensor::runtime::driver_library {

extern const char* const kDriverName;  // "xrt" or "emulated"
extern const bool kIsEmulated;         // its figures are modelled, its designs are our emulation's

struct OpenExtension {
  std::string platform;
  std::string card_program;
  bool strict_sync = false;
  uint32_t threads = 1;
};
// Call before xrt::device(index) is made. Throws std::system_error.
void PrepareCard(uint32_t index, const OpenExtension& options);

struct RunExtension {
  std::string failure;  // why the run did not complete; empty where unknown
  uint64_t launch_nanoseconds = 0;
  bool modelled = false;
  uint64_t modelled_cycles = 0;
  double modelled_seconds = 0;
  double joules = 0;
  std::vector<ProcessTime> processes;
};
// Of the latest execution of `run`. False: not available.
bool ReadRunExtension(const xrt::run& run, RunExtension* extension);

// Brings the card back as far as the library can, for everyone who has it open. May leave `device` empty:
// then it is to be opened again. Throws std::system_error.
void RestartCard(xrt::device* device);

// Process id of the card; 0: it is not a process.
int64_t CardProcessId(const xrt::device& device);

}  // namespace streamtensor::runtime::driver_library
