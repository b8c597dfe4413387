// SPDX-License-Identifier: Apache-2.0
// A decoder that streamtensor.export_decoder() wrote: a folder with decoder.json, step.mlir,
// model.safetensors and the tokenizer's files (docs/python.md).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/frontend/inspect.h"

namespace streamtensor::compiler {

// Whether a folder says that it is one: it has a decoder.json.
bool IsExportedDecoder(const std::string& folder);

// As ImportCheckpoint(): the same kind of module and of design. Its matrices get 8 bits; with kW4A8 those
// that products read get four. With any quantisation `quantised` says what each product loses, layer by
// layer.
//  NOT_FOUND         a file is missing
//  INVALID_ARGUMENT  damaged or foreign; says where and what was expected
//  UNIMPLEMENTED     an operation, a weight or a layer that can't be compiled; names it
absl::StatusOr<ImportedModel> ImportExportedDecoder(const std::string& folder, const ImportOptions& options,
                                                    mlir::MLIRContext* context);

// As InspectCheckpoint(); whether it can be compiled is found by importing it.
absl::StatusOr<std::string> InspectExportedDecoder(const std::string& folder, InspectFormat format);

}  // namespace streamtensor::compiler
