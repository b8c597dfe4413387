// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "artifact/artifact.h"
#include "runtime/session/step_card.h"
#include "runtime/session/step_descriptor.h"
#include "streamtensor/runtime/decoder.h"

namespace streamtensor::runtime {

// A decoder on the card that `open` opens. Takes the artifact, which must be a decoder's.
//  INVALID_ARGUMENT (kv_pages, kv_bytes), and whatever opening and uploading say.
absl::StatusOr<std::unique_ptr<Decoder>> OpenCardDecoder(std::unique_ptr<artifact::Artifact> artifact,
                                                         StepCardOpener open, const DecoderOptions& options);

// Shared with the dummy card: what a manifest and a number of pages say of a decoder.
DecoderInfo InfoOf(const artifact::v1::Manifest& manifest, int64_t pages);
StepLimits LimitsOf(const artifact::v1::Manifest& manifest, int64_t pages);

// Pages of one pool: options.kv_pages, or as many as kv_bytes holds, up to 64 sequences' worth.
// INVALID_ARGUMENT when that is less than one sequence may need.
absl::StatusOr<int64_t> PagesFor(const artifact::v1::Manifest& manifest, const DecoderOptions& options);

}  // namespace streamtensor::runtime
