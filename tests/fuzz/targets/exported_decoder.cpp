// SPDX-License-Identifier: Apache-2.0
// A folder of export_decoder(): a text that begins with `{` is its decoder.json, any other its step.mlir.
// Imported, and every weight converted.
#include "compiler/frontend/exported/exported_decoder.h"

#include <optional>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/frontend/weight_source.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "tests/compiler/frontend/exported/step_builder.h"
#include "tests/fuzz/fuzz_target.h"

namespace streamtensor::fuzz {

std::vector<std::string> Seeds() {
  compiler::FolderBuilder folder = compiler::SmallExportedFolder();
  return {folder.files["step.mlir"], folder.files["decoder.json"]};
}

namespace {

// Takes longer to make than most inputs take; what inputs leave in it must not pile up for ever.
mlir::MLIRContext& Context() {
  constexpr int kInputs = 200;
  static std::optional<mlir::MLIRContext> context;
  static int inputs = 0;
  if (inputs++ % kInputs == 0) {
    context.emplace(mlir::MLIRContext::Threading::DISABLED);
    context->printOpOnDiagnostic(false);
  }
  return *context;
}

// Whether each weight that the step's design takes has values.
bool HasWeights(compiler::ImportedModel& model) {
  namespace dataflow = compiler::dataflow;
  auto step = model.module->lookupSymbol<mlir::func::FuncOp>("step");
  Require(static_cast<bool>(step), "a decoder has a step");
  bool sound = true;
  for (unsigned i = 0; i < step.getNumArguments(); ++i) {
    auto name = step.getArgAttrOfType<mlir::StringAttr>(i, dataflow::kWeightAttr);
    auto part = step.getArgAttrOfType<mlir::StringAttr>(i, dataflow::kPartAttr);
    if (!name) continue;
    Require(static_cast<bool>(part), "a weight has a part");
    const auto parsed = compiler::ParseWeightPart(std::string_view(part.getValue()));
    Require(parsed.ok(), "a part has a name");
    const auto values = model.weights->Read(compiler::WeightName(name.str(), 0), *parsed);
    if (!values.ok()) sound = Refused(values.status());
  }
  return sound;
}

}  // namespace

bool Accepts(std::string_view input) {
  static const std::string* const folder = new std::string(ScratchFolder() + "/decoder");
  compiler::FolderBuilder files = compiler::SmallExportedFolder();
  files.files[input.substr(0, 1) == "{" ? "decoder.json" : "step.mlir"] = std::string(input);
  files.Write(*folder);
  Require(compiler::IsExportedDecoder(*folder), "a decoder.json makes an exported decoder");
  auto model =
      compiler::ImportExportedDecoder(*folder, {.quantise = compiler::Quantisation::kW4A8}, &Context());
  if (!model.ok()) return Refused(model.status(), {*folder});
  Require(model->decoder.has_value() && model->tokenizer.has_value(), "the model is a decoder");
  Require(!model->quantised.empty(), "a decoder has products");
  return HasWeights(*model);
}

}  // namespace streamtensor::fuzz
