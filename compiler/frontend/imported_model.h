// SPDX-License-Identifier: Apache-2.0
// The front end: from a model file to the "imported" module of docs/architecture.md, section 1.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/quantisation.h"
#include "compiler/frontend/weight_source.h"
#include "kernels/contract/limits.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "streamtensor/artifact/v1/manifest.pb.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

class LinalgDecoderGraph;

struct ImportOptions {
  // Positions a sequence may have, 1 .. what the model was trained for; 0: that number, at most 2048.
  int64_t max_context = 0;
  // Bound of the symbols T and W, and rows of the page table: 1..16.
  int64_t step_tokens = contract::kMaxStepTokens;
  // kW8A8 and kW4A8 of .mlir modules and of exported decoders, kW4G128 and kW8 of checkpoints.
  Quantisation quantise = Quantisation::kNone;
  // Makes what a decoder's operations are written into (linalg_decoder_graph.h) where that is not the
  // default: tests give one that is wrong on purpose.
  std::function<std::unique_ptr<LinalgDecoderGraph>(mlir::MLIRContext*)> make_graph = nullptr;
};

// A matrix product that --quantise put on the INT engine, and what that costs.
struct QuantisedProduct {
  std::string weight;
  int64_t rows = 0, columns = 0;  // of the weight
  // Of the product against float32, root mean square of the error by that of the values, on rows of normally
  // distributed activations (seed 1). Of weights and activations together.
  double relative_error = 0;
};

// Owns everything it hands out; `weights` may outlive it.
struct ImportedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::shared_ptr<const WeightSource> weights;
  std::string name;  // of the checkpoint, or the module's file without its extension
  // Set for a decoder; absent for any other module. `kv` is set when the pools are laid out.
  std::optional<artifact::v1::Decoder> decoder;
  std::optional<artifact::v1::Tokenizer> tokenizer;
  std::vector<QuantisedProduct> quantised;  // in the module's order, or that of the weights
};

// Loads the dialects that imported modules use. Import*() call it themselves.
void LoadFrontendDialects(mlir::MLIRContext* context);

// All verify the module before they return it.
//  NOT_FOUND         no such file or folder
//  INVALID_ARGUMENT  damaged or foreign file; says where and what was expected
//  UNIMPLEMENTED     a sound model of a kind that can't be compiled yet; says which and what can
absl::StatusOr<ImportedModel> ImportCheckpoint(const std::string& path, const ImportOptions& options,
                                               mlir::MLIRContext* context);
absl::StatusOr<ImportedModel> ImportMlir(const std::string& path, const ImportOptions& options,
                                         mlir::MLIRContext* context);
// The module's text; `path` stands for its file in messages and gives the model's name.
absl::StatusOr<ImportedModel> ImportMlirText(const std::string& text, const std::string& path,
                                             const ImportOptions& options, mlir::MLIRContext* context);
// MLIR text by its extension `.mlir`, an exported decoder by its decoder.json; anything else is a checkpoint
// (checkpoint.h).
absl::StatusOr<ImportedModel> ImportModel(const std::string& path, const ImportOptions& options,
                                          mlir::MLIRContext* context);

}  // namespace streamtensor::compiler
