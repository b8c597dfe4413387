// SPDX-License-Identifier: Apache-2.0
// streamtensor-reference: what a model's ordered module computes, run on the host. A tool of the tests.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "compiler/frontend/imported_model.h"
#include "compiler/passes/pipeline.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "tests/compiler/frontend/graph_mutations.h"
#include "tests/reference/step_reference.h"

namespace {

using streamtensor::reference::Array;
namespace compiler = streamtensor::compiler;
namespace reference = streamtensor::reference;

constexpr char kUsage[] =
    R"(usage: streamtensor-reference MODEL (--steps SCRIPT.json --logits OUT.npy | [--input NAME=FILE.npy].. --output PREFIX | --print)
  MODEL              .gguf or .mlir; it is imported and brought to stage "ordered"
  --module FILE      run this module instead of the imported one, with MODEL's weights (stage "ordered" or later)
  --steps SCRIPT     steps of a decoder; the logits of all of them, one below the other, go to --logits
  --input, --output  a general module: result i goes to PREFIX.i.npy
  --function NAME    of a general module; otherwise its only function that has a body
  --print            prints the ordered module (with --imported: before the passes)
  --max-context N, --step-tokens N: as the front end takes them
  --mutation NAME    a graph that is wrong in one place (tests/compiler/frontend/graph_mutations.h)
)";

struct Options {
  std::string model, module, steps, logits, output, function;
  std::vector<std::pair<std::string, std::string>> inputs;
  bool print = false, imported = false;
  compiler::ImportOptions import;
};

// Exits with 2 when the command line is wrong.
Options ParseOptions(int argc, char** argv) {
  Options options;
  auto wrong = [](const std::string& what) {
    std::cerr << "streamtensor-reference: " << what << "\n" << kUsage;
    std::exit(2);
  };
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    auto value = [&]() -> std::string {
      if (i + 1 >= argc) wrong(argument + " needs a value");
      return argv[++i];
    };
    auto number = [&]() {
      const std::string text = value();
      int64_t parsed = 0;
      if (!absl::SimpleAtoi(text, &parsed)) wrong(argument + ": '" + text + "' is no number");
      return parsed;
    };
    if (argument == "--help") {
      std::cout << kUsage;
      std::exit(0);
    } else if (argument == "--module") {
      options.module = value();
    } else if (argument == "--steps") {
      options.steps = value();
    } else if (argument == "--logits") {
      options.logits = value();
    } else if (argument == "--output") {
      options.output = value();
    } else if (argument == "--function") {
      options.function = value();
    } else if (argument == "--print") {
      options.print = true;
    } else if (argument == "--imported") {
      options.imported = true;
    } else if (argument == "--max-context") {
      options.import.max_context = number();
    } else if (argument == "--step-tokens") {
      options.import.step_tokens = number();
    } else if (argument == "--mutation") {
      const absl::StatusOr<compiler::GraphMutation> mutation = compiler::FindGraphMutation(value());
      if (!mutation.ok()) wrong(std::string(mutation.status().message()));
      options.import.make_graph = mutation->make_graph;
    } else if (argument == "--input") {
      const std::string text = value();
      const size_t at = text.find('=');
      if (at == std::string::npos) wrong("--input needs NAME=FILE.npy");
      options.inputs.emplace_back(text.substr(0, at), text.substr(at + 1));
    } else if (argument.rfind("--", 0) == 0) {
      wrong("unknown option " + argument);
    } else if (options.model.empty()) {
      options.model = argument;
    } else {
      wrong("more than one model");
    }
  }
  if (options.model.empty()) wrong("no model");
  if (!options.print && options.steps.empty() == options.output.empty())
    wrong("one of --print, --steps and --output is needed");
  if (!options.steps.empty() && options.logits.empty()) wrong("--steps needs --logits");
  return options;
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": no such file"));
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

absl::Status RunSteps(const Options& options, mlir::ModuleOp module, const compiler::WeightSource& weights) {
  absl::StatusOr<std::string> text = ReadText(options.steps);
  if (!text.ok()) return text.status();
  absl::StatusOr<reference::StepScript> script = reference::ParseStepScript(*text);
  if (!script.ok()) return script.status();
  auto decoder = reference::StepReference::Create(module, weights, script->pages);
  if (!decoder.ok()) return decoder.status();
  Array all;
  for (size_t i = 0; i < script->steps.size(); ++i) {
    absl::StatusOr<Array> logits = (*decoder)->Run(script->steps[i]);
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
    absl::StatusOr<Array> array = reference::ReadNpy(path);
    if (!array.ok()) return array.status();
    inputs.emplace_back(name, *std::move(array));
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
  absl::StatusOr<std::vector<Array>> results = reference::RunModule(module, function, weights, inputs);
  if (!results.ok()) return results.status();
  for (size_t i = 0; i < results->size(); ++i) {
    absl::Status status = reference::WriteNpy(absl::StrCat(options.output, ".", i, ".npy"), (*results)[i]);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Run(const Options& options) {
  mlir::DialectRegistry registry;
  reference::RegisterReferenceDialects(&registry);
  mlir::MLIRContext context(registry);
  absl::StatusOr<compiler::ImportedModel> model =
      compiler::ImportModel(options.model, options.import, &context);
  if (!model.ok()) return model.status();
  mlir::OwningOpRef<mlir::ModuleOp> module = std::move(model->module);
  if (!options.module.empty()) {
    module = mlir::parseSourceFile<mlir::ModuleOp>(options.module, &context);
    if (!module) return absl::InvalidArgumentError(absl::StrCat(options.module, " is no valid module"));
  } else if (!options.imported) {
    mlir::PassManager passes(&context);
    compiler::BuildNumericsPipeline(passes);
    if (mlir::failed(passes.run(*module))) return absl::InvalidArgumentError("the numerics passes failed");
  }
  if (options.print) {
    module->print(llvm::outs());
    return absl::OkStatus();
  }
  return options.steps.empty() ? RunGeneral(options, *module, *model->weights)
                               : RunSteps(options, *module, *model->weights);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = ParseOptions(argc, argv);
  if (absl::Status status = Run(options); !status.ok()) {
    std::cerr << "streamtensor-reference: " << status.message() << "\n";
    return 1;
  }
  return 0;
}
