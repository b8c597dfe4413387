// SPDX-License-Identifier: Apache-2.0
// From a decoder that has been read to its imported module.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "compiler/frontend/checkpoint.h"
#include "compiler/frontend/decoder_model.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/frontend/linalg_decoder_graph.h"

namespace streamtensor::compiler {

// `decoder` was read from `checkpoint`; `graph` takes its operations. Verifies the module.
//  INVALID_ARGUMENT  an option is out of bounds, or the tokenizer is not sound
//  UNIMPLEMENTED     as ReadTokenizer()
absl::StatusOr<ImportedModel> ImportDecoder(const std::shared_ptr<const Checkpoint>& checkpoint,
                                            const DecoderModel& decoder, LinalgDecoderGraph& graph,
                                            const ImportOptions& options, mlir::MLIRContext* context);

}  // namespace streamtensor::compiler
