// SPDX-License-Identifier: Apache-2.0
// A decoder that streamtensor.export_decoder() wrote: a folder with decoder.json, step.mlir,
// model.safetensors and the tokenizer's files (docs/python.md).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "compiler/frontend/imported_model.h"

namespace streamtensor::compiler {

// Whether a folder says that it is one: it has a decoder.json.
bool IsExportedDecoder(const std::string& folder);

// As ImportCheckpoint(): the same kind of module and of design.
//  NOT_FOUND         a file is missing
//  INVALID_ARGUMENT  damaged or foreign; says where and what was expected
//  UNIMPLEMENTED     an operation, a weight or a layer that can't be compiled; names it
absl::StatusOr<ImportedModel> ImportExportedDecoder(const std::string& folder, const ImportOptions& options,
                                                    mlir::MLIRContext* context);

}  // namespace streamtensor::compiler
