// SPDX-License-Identifier: Apache-2.0
// Which memory bank each pointer argument is wired to.
#pragma once

#include <string>

#include "compiler/targets/hls/design_emitter.h"
#include "compiler/targets/hls/network.h"

namespace streamtensor::compiler::hls {

// INTERFACE pragmas of the top function: arguments of one bank share a bundle, each with a channel of
// its own (HLS contract i).
std::string InterfacePragmas(const Network& network);

// The configuration file of v++: one kernel instance, its ports' banks, the clock.
std::string ConnectivityText(const Network& network, const EmitOptions& options);

}  // namespace streamtensor::compiler::hls
