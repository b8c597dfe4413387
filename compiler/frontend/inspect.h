// SPDX-License-Identifier: Apache-2.0
// Describes a model file: what `streamtensorc inspect` prints. Free of MLIR.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/decoder_model.h"
#include "compiler/frontend/quantisation.h"

namespace streamtensor::compiler {

enum class InspectFormat { kText, kJson };

// Metadata, tensors by type, parameters and tokenizer of a checkpoint. Ends with a newline.
// Whether the model can be compiled stands in it too, with the reason when not; and of each matrix that must
// be requantised for the card, or that `quantise` asks for, and of all together, the error measured against
// the file's own values and the bytes in the engine's tiles.
//  NOT_FOUND, INVALID_ARGUMENT, UNIMPLEMENTED  as OpenCheckpoint()
absl::StatusOr<std::string> InspectCheckpoint(const std::string& path, InspectFormat format,
                                              Quantisation quantise = Quantisation::kNone);

// The same of a checkpoint and its decoder, or why it has none that can be compiled.
std::string DescribeCheckpoint(const std::string& path, const Checkpoint& checkpoint,
                               const absl::StatusOr<const DecoderModel*>& decoder, InspectFormat format,
                               Quantisation quantise = Quantisation::kNone);

}  // namespace streamtensor::compiler
