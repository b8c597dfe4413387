// SPDX-License-Identifier: Apache-2.0
// A real card: it models nothing, is no process, and XRT needs no preparation.
#include "runtime/driver/module_extension.h"

namespace streamtensor::runtime::driver {

const char* const kModuleName = "xrt";
const bool kModuleIsEmulated = false;

void PrepareCard(uint32_t, const OpenExtension&) {}
bool ReadRunExtension(const xrt::run&, RunExtension*) { return false; }

// XRT's public API knows no hardware reset (xbutil reset is the operator's): what is left is to let go of
// the device, with all contexts on it, and to open it again.
void RestartCard(xrt::device* device) { device->reset(); }

int64_t CardProcessId(const xrt::device&) { return 0; }

}  // namespace streamtensor::runtime::driver
