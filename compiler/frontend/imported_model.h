// SPDX-License-Identifier: Apache-2.0
// The front end: from a model file to the "imported" module of docs/architecture.md, section 1.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/frontend/weight_source.h"
#include "kernels/contract/limits.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "streamtensor/artifact/v1/manifest.pb.h"
#include "streamtensor/artifact/v1/tokenizer.pb.h"

namespace streamtensor::compiler {

struct ImportOptions {
  // Positions a sequence may have, 1 .. what the model was trained for; 0: that number, at most 2048.
  int64_t max_context = 0;
  // Bound of the symbols T and W, and rows of the page table: 1..16.
  int64_t step_tokens = contract::kMaxStepTokens;
  // Names of graph mutations (compiler/frontend/mutations.h), for tests only: each makes the module
  // compute something that is not the model.
  std::vector<std::string> mutations = {};
};

// Owns everything it hands out; `weights` may outlive it.
struct ImportedModel {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::shared_ptr<const WeightSource> weights;
  std::string name;  // general.name of the file, or its stem
  // Set for a decoder; absent for a general module. `kv` is left for whoever lays out the pools.
  std::optional<artifact::v1::Decoder> decoder;
  std::optional<artifact::v1::Tokenizer> tokenizer;
};

// Loads the dialects that imported modules use. Import*() call it themselves.
void LoadFrontendDialects(mlir::MLIRContext* context);

// All three verify the module before they return it.
//  NOT_FOUND         no such file
//  INVALID_ARGUMENT  damaged or foreign file; says where and what was expected
//  UNIMPLEMENTED     a sound model of a kind that can't be compiled yet; says which and what can
absl::StatusOr<ImportedModel> ImportGguf(const std::string& path, const ImportOptions& options,
                                         mlir::MLIRContext* context);
absl::StatusOr<ImportedModel> ImportMlir(const std::string& path, const ImportOptions& options,
                                         mlir::MLIRContext* context);
// The module's text; `path` stands for its file in messages and gives the model's name.
absl::StatusOr<ImportedModel> ImportMlirText(const std::string& text, const std::string& path,
                                             const ImportOptions& options, mlir::MLIRContext* context);
// Chooses by content: GGUF magic, a folder with safetensors, or MLIR text.
absl::StatusOr<ImportedModel> ImportModel(const std::string& path, const ImportOptions& options,
                                          mlir::MLIRContext* context);

}  // namespace streamtensor::compiler
