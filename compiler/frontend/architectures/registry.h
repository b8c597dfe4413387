// SPDX-License-Identifier: Apache-2.0
// The architectures that can be compiled (architectures.def). Free of MLIR.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/decoder_model.h"

namespace streamtensor::compiler {

// Reads the decoder that a checkpoint holds by the architecture that it names: its hyperparameters, and a
// check that it holds exactly the tensors of the graph, in the right shapes and in types that can be
// compiled.
//  UNIMPLEMENTED     another architecture, tensor type, RoPE scaling, experts ...; names it
//  INVALID_ARGUMENT  keys or tensors are missing or contradict each other; names them
absl::StatusOr<std::unique_ptr<const DecoderModel>> ReadDecoder(const Checkpoint& checkpoint);

}  // namespace streamtensor::compiler
