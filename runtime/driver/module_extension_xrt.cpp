// SPDX-License-Identifier: Apache-2.0
// A real card: it models nothing, is no process, and XRT needs no preparation.
#include "runtime/driver/module_extension.h"

namespace streamtensor::runtime::driver {

const char* const kModuleName = "xrt";
const bool kModuleIsEmulated = false;

void PrepareCard(uint32_t, const OpenExtension&) {}
bool ReadRunExtension(const xrt::run&, RunExtension*) { return false; }
int64_t CardProcessId(const xrt::device&) { return 0; }

}  // namespace streamtensor::runtime::driver
