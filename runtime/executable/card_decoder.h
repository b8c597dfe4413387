// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "artifact/artifact.h"
#include "streamtensor/artifact/v1/manifest.pb.h"
#include "streamtensor/runtime/decoder.h"
#include "streamtensor/runtime/driver.h"

namespace streamtensor::runtime {

// Opens a decoder on the card that `open` opens with `driver`. `manifest` must describe a decoder. `files` is
// its artifact, null if and only if the driver runs no designs.
//  INVALID_ARGUMENT (kv_pages, kv_bytes), and any error of opening and uploading.
absl::StatusOr<std::unique_ptr<Decoder>> OpenCardDecoder(const Driver& driver, CardOpener open,
                                                         artifact::v1::Manifest manifest,
                                                         std::unique_ptr<artifact::Artifact> files,
                                                         const DecoderOptions& options);

}  // namespace streamtensor::runtime
