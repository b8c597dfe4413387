// SPDX-License-Identifier: Apache-2.0
// The files beside the emitted text from which it becomes a bitstream.
#pragma once

#include <string>

#include "compiler/platform/platform.h"

namespace streamtensor::compiler {

// hls/Makefile: v++ compiles and links, xclbinutil adds the manifest. `platform` has target hw (`vitis`).
// `kernels`: the folder that holds st/.
std::string MakefileText(const Platform& platform, const std::string& kernel, const std::string& kernels);

// hls/process.tcl: synthesis of one process by itself, for vitis_hls.
std::string ProcessScriptText(const Platform& platform, const std::string& kernels);

}  // namespace streamtensor::compiler
