// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "streamtensor/artifact/v1/manifest.pb.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::runtime {

// A card that computes nothing, for tests of what lies above it. A step sleeps card.dummy_step_us.
// Each token's row of the KV pages holds a hash of the sequence up to it, read and written through the
// page tables as a design would, and a logit row depends on that hash alone: a scheduler that mixes up
// pages, slots or positions changes its tokens. Nothing is modelled, energy is 0. Faults come as
// card.dummy_faults says: the same ones for the same number of runs.
// INVALID_ARGUMENT: kv_pages, kv_bytes, dummy_step_us.
absl::StatusOr<std::unique_ptr<Decoder>> OpenDummyDecoder(const artifact::v1::Manifest& manifest,
                                                          const DecoderOptions& options);

}  // namespace streamtensor::runtime
