// SPDX-License-Identifier: Apache-2.0
// What an exported decoder has beside its step. Free of MLIR.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/frontend/checkpoint.h"

namespace streamtensor::compiler {

// The file that describes an exported decoder, and that tells its folder from others.
inline constexpr char kExportedDescription[] = "decoder.json";

// The folder's weights and tokenizer as a checkpoint; its keys are those of decoder.json.
//  NOT_FOUND, INVALID_ARGUMENT  as OpenCheckpoint()
absl::StatusOr<std::shared_ptr<const Checkpoint>> OpenExportedCheckpoint(const std::string& folder);

}  // namespace streamtensor::compiler
