// SPDX-License-Identifier: Apache-2.0
// streamtensor-reference: what a model's ordered module computes, run on the host. A tool of the tests.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/program.h"
#include "base/status_macros.h"
#include "compiler/dialects/dataflow/sample_attributes.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/passes/pipeline.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "tests/compiler/frontend/graph_mutations.h"
#include "tests/reference/step_reference.h"

namespace {

using streamtensor::base::Program;
using streamtensor::reference::Array;
namespace compiler = streamtensor::compiler;
namespace reference = streamtensor::reference;

struct Options {
  std::string model, module, steps, logits, output, function;
  std::vector<std::pair<std::string, std::string>> inputs;
  bool print = false, imported = false;
  compiler::ImportOptions import;
};

void DeclareOptions(Program& program, Options& options) {
  CLI::App& app = program.app();
  app.add_option("MODEL", options.model, "A .gguf or .mlir file, imported and brought to stage \"ordered\"")
      ->required();
  app.add_option("--module", options.module,
                 "Run this module (stage \"ordered\" or later) with MODEL's weights")
      ->option_text("FILE");
  app.add_flag("--print", options.print, "Print the ordered module");
  app.add_flag("--imported", options.imported, "With --print: the module before the passes");
  app.add_option("--max-context", options.import.max_context, "Positions of a sequence, as for streamtensorc")
      ->option_text("N");
  app.add_option("--step-tokens", options.import.step_tokens, "Tokens of a step, as for streamtensorc")
      ->option_text("N");
  app.add_option_function<std::string>(
         "--quantise",
         [&options](const std::string& format) {
           options.import.quantise = *compiler::ParseQuantisation(format);
         },
         "As for streamtensorc")
      ->check(CLI::IsMember(compiler::QuantisationNames()).description(""))
      ->option_text("FORMAT");
  app.add_option_function<std::string>(
         "--mutation",
         [&options](const std::string& name) {
           const absl::StatusOr<compiler::GraphMutation> mutation = compiler::FindGraphMutation(name);
           if (!mutation.ok())
             throw CLI::ValidationError("--mutation", std::string(mutation.status().message()));
           options.import.make_graph = mutation->make_graph;
         },
         "Import a graph that is wrong in one place (tests/compiler/frontend/graph_mutations.h)")
      ->option_text("NAME");

  const std::string decoder = "Decoders";
  app.add_option("--steps", options.steps, "Run the steps of this script (JSON)")
      ->group(decoder)
      ->option_text("SCRIPT");
  app.add_option("--logits", options.logits, "Write the logits of all steps, one below the other")
      ->group(decoder)
      ->option_text("OUT.npy");

  const std::string general = "Other modules";
  app.add_option_function<std::vector<std::string>>(
         "--input",
         [&options](const std::vector<std::string>& inputs) {
           for (const std::string& input : inputs) {
             const size_t at = input.find('=');
             if (at == std::string::npos) {
               throw CLI::ValidationError("--input", "must be NAME=FILE.npy, got '" + input + "'");
             }
             options.inputs.emplace_back(input.substr(0, at), input.substr(at + 1));
           }
         },
         "An input; may be given several times")
      ->group(general)
      ->option_text("NAME=FILE.npy")
      ->take_all();
  app.add_option("--output", options.output, "Write result i to PREFIX.i.npy")
      ->group(general)
      ->option_text("PREFIX");
  app.add_option("--function", options.function, "The function to run (default: the only public one)")
      ->group(general)
      ->option_text("NAME");
}

// Empty: the options go together.
std::string CheckOptions(const Options& options) {
  if (!options.print && options.steps.empty() == options.output.empty()) {
    return "one of --print, --steps and --output is needed";
  }
  if (!options.steps.empty() && options.logits.empty()) return "--steps needs --logits";
  return "";
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": no such file"));
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

absl::Status RunSteps(const Options& options, mlir::ModuleOp module, const compiler::WeightSource& weights) {
  ASSIGN_OR_RETURN(const std::string text, ReadText(options.steps));
  ASSIGN_OR_RETURN(const reference::StepScript script, reference::ParseStepScript(text));
  ASSIGN_OR_RETURN(const auto decoder, reference::StepReference::Create(module, weights, script.pages));
  Array all;
  for (size_t i = 0; i < script.steps.size(); ++i) {
    absl::StatusOr<Array> logits = decoder->Run(script.steps[i]);
    if (!logits.ok())
      return absl::Status(logits.status().code(), absl::StrCat("step ", i, ": ", logits.status().message()));
    if (all.dims.empty()) all.dims = {0, logits->dims[1]};
    all.dims[0] += logits->dims[0];
    all.data.insert(all.data.end(), logits->data.begin(), logits->data.end());
  }
  return reference::WriteNpy(options.logits, all);
}

absl::Status RunGeneral(const Options& options, mlir::ModuleOp module,
                        const compiler::WeightSource& weights) {
  std::vector<std::pair<std::string, Array>> inputs;
  for (const auto& [name, path] : options.inputs) {
    ASSIGN_OR_RETURN(Array array, reference::ReadNpy(path));
    inputs.emplace_back(name, std::move(array));
  }
  std::string function = options.function;
  if (function.empty()) {
    for (auto candidate : module.getOps<mlir::func::FuncOp>()) {
      if (candidate.isExternal() || candidate.isPrivate()) continue;
      if (!function.empty()) return absl::InvalidArgumentError("several functions: --function says which");
      function = candidate.getSymName().str();
    }
    if (function.empty()) return absl::InvalidArgumentError("the module has no public function");
  }
  ASSIGN_OR_RETURN(const std::vector<Array> results, reference::RunModule(module, function, weights, inputs));
  for (size_t i = 0; i < results.size(); ++i) {
    RETURN_IF_ERROR(reference::WriteNpy(absl::StrCat(options.output, ".", i, ".npy"), results[i]));
  }
  return absl::OkStatus();
}

absl::Status Run(const Options& options) {
  mlir::DialectRegistry registry;
  reference::RegisterReferenceDialects(&registry);
  mlir::MLIRContext context(registry);
  ASSIGN_OR_RETURN(compiler::ImportedModel model,
                   compiler::ImportModel(options.model, options.import, &context));
  mlir::OwningOpRef<mlir::ModuleOp> module = std::move(model.module);
  if (!options.module.empty()) {
    module = mlir::parseSourceFile<mlir::ModuleOp>(options.module, &context);
    if (!module) return absl::InvalidArgumentError(absl::StrCat(options.module, " is no valid module"));
  } else if (!options.imported) {
    mlir::PassManager passes(&context);
    // A module in its own types becomes one kernel next, which computes the same.
    auto step = module->lookupSymbol<mlir::func::FuncOp>("step");
    if (step && step->hasAttr(compiler::dataflow::kSamplesAttr)) {
      compiler::BuildSamplesPipeline(passes);
    } else {
      compiler::BuildNumericsPipeline(passes);
    }
    if (mlir::failed(passes.run(*module))) return absl::InvalidArgumentError("the numerics passes failed");
  }
  if (options.print) {
    module->print(llvm::outs());
    return absl::OkStatus();
  }
  return options.steps.empty() ? RunGeneral(options, *module, *model.weights)
                               : RunSteps(options, *module, *model.weights);
}

}  // namespace

int main(int argc, char** argv) {
  Program program("streamtensor-reference",
                  "Computes on the host what a compiled model has to compute, bit for bit",
                  [] { return ST_VERSION; });
  Options options;
  DeclareOptions(program, options);
  program.SetRun([&] {
    if (const std::string wrong = CheckOptions(options); !wrong.empty()) return program.WrongUsage(wrong);
    if (const absl::Status status = Run(options); !status.ok()) {
      std::cerr << "streamtensor-reference: " << status.message() << "\n";
      return 1;
    }
    return 0;
  });
  return program.Main(argc, argv);
}
