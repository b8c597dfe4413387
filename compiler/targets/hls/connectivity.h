// SPDX-License-Identifier: Apache-2.0
// Which memory bank each pointer argument is wired to.
#pragma once

#include <string>

#include "compiler/targets/hls/design_emitter.h"
#include "compiler/targets/hls/design_index.h"

namespace streamtensor::compiler::hls {

// INTERFACE pragmas of the top function: arguments of one bank share a bundle, each with a channel of
// its own (HLS contract i).
std::string InterfacePragmas(const DesignIndex& design);

// The configuration file of v++: one kernel instance, its ports' banks, the clock.
std::string ConnectivityText(const DesignIndex& design, const EmitOptions& options);

}  // namespace streamtensor::compiler::hls
