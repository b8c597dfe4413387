// SPDX-License-Identifier: Apache-2.0
// One launch of a design's kernel, for decoders and executables.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "artifact/timing_model.h"
#include "runtime/executable/argument_buffers.h"
#include "streamtensor/runtime/card.h"

namespace streamtensor::runtime {

// Clears the status words, runs the kernel and checks what it wrote there. `descriptor_bytes` of the
// descriptor's host side are sent first. Where the card models nothing, the report's figures are those of
// `modelled`.
//  DEADLINE_EXCEEDED  not done after `timeout`
//  UNAVAILABLE        the card is gone, or the design failed, or it refused its descriptor
absl::StatusOr<RunReport> LaunchKernel(Card& card, ArgumentBuffers& buffers, uint64_t descriptor_bytes,
                                       const artifact::ModelledStep& modelled, absl::Duration timeout);

}  // namespace streamtensor::runtime
