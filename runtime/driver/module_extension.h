// SPDX-License-Identifier: Apache-2.0
// The few things that a module knows beyond XRT's public classes. Declared once, defined twice: by
// module_extension_xrt.cpp for AMD's library, and by the emulator. What AMD's library can't say is
// answered with "not available", never guessed. Inside a module only.
#pragma once

#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <cstdint>
#include <string>
#include <vector>

namespace streamtensor::runtime::driver {

extern const char* const kModuleName;  // "xrt" or "emulated"
extern const bool kModuleIsEmulated;   // its figures are modelled, its designs are our emulation's

struct OpenExtension {
  std::string platform;
  std::string card_program;
  bool strict_sync = false;
  uint32_t threads = 1;
};
// Before xrt::device(index) is made. Throws std::system_error.
void PrepareCard(uint32_t index, const OpenExtension& options);

struct ProcessTimeExtension {
  std::string name;
  uint64_t nanoseconds = 0;
  uint64_t switches = 0;
};
struct RunExtension {
  std::string failure;  // why the run did not complete; empty where unknown
  uint64_t launch_nanoseconds = 0;
  bool modelled = false;
  uint64_t modelled_cycles = 0;
  double modelled_seconds = 0;
  double joules = 0;
  std::vector<ProcessTimeExtension> processes;
};
// Of the latest execution of `run`. False: not available.
bool ReadRunExtension(const xrt::run& run, RunExtension* extension);

// Brings the card back as far as the module can, for everyone who has it open. May leave `device` empty:
// then it is to be opened again. Throws std::system_error.
void RestartCard(xrt::device* device);

// Process id of the card; 0: it is not a process.
int64_t CardProcessId(const xrt::device& device);

}  // namespace streamtensor::runtime::driver
