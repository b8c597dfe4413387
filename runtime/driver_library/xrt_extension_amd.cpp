// SPDX-License-Identifier: Apache-2.0
// A real card: it models nothing, is not a process, and XRT needs no preparation.
#include "runtime/driver_library/xrt_extension.h"

namespace streamtensor::runtime::driver_library {

const char* const kDriverName = "xrt";
const bool kIsEmulated = false;

void PrepareCard(uint32_t, const OpenExtension&) {}
bool ReadRunExtension(const xrt::run&, RunExtension*) { return false; }

// XRT's public API has no hardware reset (xbutil reset is the operator's). So close the device, with all
// contexts on it; the caller opens it again.
void RestartCard(xrt::device* device) { device->reset(); }

int64_t CardProcessId(const xrt::device&) { return 0; }

}  // namespace streamtensor::runtime::driver_library
