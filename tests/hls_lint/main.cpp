// SPDX-License-Identifier: Apache-2.0
// st_hls_lint: holds a design's text to the HLS contract of docs/compiler.md.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "base/program.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Transforms/IPO/AlwaysInliner.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/CorrelatedValuePropagation.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/GVN.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/LoopSimplify.h"
#include "tests/hls_lint/front_end.h"
#include "tests/hls_lint/loop_rules.h"
#include "tests/hls_lint/module_rules.h"
#include "tests/hls_lint/network_rules.h"
#include "tests/hls_lint/pragma_table.h"
#include "tests/hls_lint/source_rules.h"

namespace hls_lint {
namespace {

struct Options {
  std::string source;
  DeclaredBounds bounds;
  std::string kernels = ST_KERNELS_DIR;
  std::string pragmas = ST_LINT_PRAGMAS;
  size_t memory_ports = 32;
  bool list_rules = false;
};

void DeclareOptions(CLI::App& app, Options& options) {
  app.footer(
      "Prints a line for each finding: PLACE: [RULE] what was found. Exit code 0: none; 1: some; 2: could "
      "not look.");
  app.add_option("DESIGN", options.source, "The emitted text, a .cpp file");
  app.add_flag("--rules", options.list_rules, "List the rules");
  app.add_option("--kernels", options.kernels, "The folder that holds st/")->option_text("FOLDER");
  app.add_option("--pragmas", options.pragmas, "The table of legal pragmas, a .yaml file")
      ->option_text("FILE");
  app.add_option("--memory-ports", options.memory_ports,
                 "Ports of the card's memory; each takes one AXI master (default 32, the HBM of UG1393)")
      ->check(CLI::Range(1, 256))
      ->option_text("N");
  const CLI::Range range(int64_t{0}, int64_t{1} << 24);
  const std::string group = "Bounds of the design's symbols";
  app.add_option("--tokens", options.bounds.tokens, "Bound of T, the tokens of a step (default 16)")
      ->check(range)
      ->group(group)
      ->option_text("N");
  app.add_option("--logits", options.bounds.logits, "Bound of W, the rows of logits (default 16)")
      ->check(range)
      ->group(group)
      ->option_text("N");
  app.add_option("--context", options.bounds.context, "Rows of KV pages that a token may see (default 0)")
      ->check(range)
      ->group(group)
      ->option_text("N");
}

// Everything is inlined into its process, whose arguments then say which FIFO is meant.
void InlineIntoProcesses(llvm::Module& module, llvm::Function& top,
                         const std::vector<llvm::Function*>& reachable) {
  for (llvm::Function* function : reachable) {
    function->removeFnAttr(llvm::Attribute::NoInline);
    function->removeFnAttr(llvm::Attribute::OptimizeNone);
    if (function != &top) function->addFnAttr(llvm::Attribute::AlwaysInline);
  }
  for (llvm::BasicBlock& block : top) {
    for (llvm::Instruction& instruction : block) {
      auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      llvm::Function* callee = call ? call->getCalledFunction() : nullptr;
      if (!callee || callee->isDeclaration()) continue;
      callee->removeFnAttr(llvm::Attribute::AlwaysInline);
      callee->addFnAttr(llvm::Attribute::NoInline);
    }
  }
}

// Optimisations are chosen: loops stay as they were written, none is unrolled, split or joined.
class Analysis {
 public:
  Analysis() {
    builder_.registerModuleAnalyses(modules_);
    builder_.registerCGSCCAnalyses(components_);
    builder_.registerFunctionAnalyses(functions_);
    builder_.registerLoopAnalyses(loops_);
    builder_.crossRegisterProxies(loops_, functions_, components_, modules_);
  }

  void Inline(llvm::Module& module) {
    llvm::ModulePassManager passes;
    passes.addPass(llvm::AlwaysInlinerPass());
    llvm::FunctionPassManager each;
    each.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
    each.addPass(llvm::SimplifyCFGPass());
    passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(each)));
    passes.run(module, modules_);
  }

  void Simplify(llvm::Module& module) {
    llvm::FunctionPassManager each;
    for (int round = 0; round < 2; ++round) {
      each.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
      each.addPass(llvm::EarlyCSEPass(true));
      each.addPass(llvm::GVNPass());
      each.addPass(llvm::InstCombinePass());
      each.addPass(llvm::CorrelatedValuePropagationPass());
      each.addPass(llvm::SimplifyCFGPass());
    }
    each.addPass(llvm::LoopSimplifyPass());
    each.addPass(llvm::createFunctionToLoopPassAdaptor(llvm::LoopRotatePass()));
    each.addPass(llvm::InstCombinePass());
    // Loops that are never entered, as those of a channel without blocks, go.
    each.addPass(llvm::SimplifyCFGPass());
    each.addPass(llvm::LoopSimplifyPass());
    llvm::ModulePassManager passes;
    passes.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(each)));
    passes.run(module, modules_);
  }

  llvm::FunctionAnalysisManager& functions() { return functions_; }

 private:
  llvm::PassBuilder builder_;
  llvm::LoopAnalysisManager loops_;
  llvm::FunctionAnalysisManager functions_;
  llvm::CGSCCAnalysisManager components_;
  llvm::ModuleAnalysisManager modules_;
};

// Where in the file `source` the call stands; 0: in another.
unsigned LineOf(const llvm::Instruction& call, const std::string& source) {
  const llvm::DILocation* location = call.getDebugLoc();
  if (!location) return 0;
  llvm::SmallString<128> path(location->getFilename());
  llvm::sys::fs::make_absolute(location->getDirectory(), path);
  return llvm::sys::fs::equivalent(path, source) ? location->getLine() : 0;
}

void CheckModule(llvm::Module& module, const Options& options, const PragmaTable& pragmas,
                 const std::string& text, const std::string& name, Findings& findings) {
  llvm::Instruction* dataflow = FindDataflow(module, name, findings);
  if (!dataflow) return;
  CheckTopText(text, LineOf(*dataflow, options.source), name, findings);
  llvm::Function* top = dataflow->getFunction();
  std::vector<llvm::Function*> reachable = Reachable(*top);
  CheckFunctions(reachable, pragmas, findings);
  // What recurs or goes through pointers can't be inlined, and the rest would be guessed.
  if (findings.Has("recursion") || findings.Has("indirect-call")) return;
  InlineIntoProcesses(module, *top, reachable);
  Analysis analysis;
  analysis.Inline(module);
  // A task is no process: what it reads and writes can't be told.
  if (!findings.Has("task")) CheckNetwork(*top, options.memory_ports, findings);
  analysis.Simplify(module);
  reachable = Reachable(*top);
  CheckKeptPointers(reachable, findings);
  for (llvm::Function* function : reachable)
    CheckLoopBounds(*function, options.bounds, analysis.functions(), findings);
}

int ListRules() {
  for (const Rule& rule : Rules()) std::printf("%-16s a design %s\n", rule.id, rule.says);
  return 0;
}

int Lint(const Options& options) {
  std::ifstream file(options.source, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "st_hls_lint: %s can't be read\n", options.source.c_str());
    return 2;
  }
  const absl::StatusOr<PragmaTable> pragmas = PragmaTable::Read(options.pragmas);
  if (!pragmas.ok()) {
    std::fprintf(stderr, "st_hls_lint: %s\n", std::string(pragmas.status().message()).c_str());
    return 2;
  }
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  Findings findings;
  const std::string name = llvm::sys::path::filename(options.source).str();
  CheckForks(text, name, findings);
  llvm::LLVMContext context;
  std::string error;
  const FrontEndOptions front_end = {options.source, options.kernels, ST_LINT_HEADERS, ST_CLANG};
  const std::unique_ptr<llvm::Module> module = EmitIr(front_end, context, findings, error);
  if (!error.empty()) {
    std::fprintf(stderr, "st_hls_lint: %s: %s\n", options.source.c_str(), error.c_str());
    return 2;
  }
  if (module) CheckModule(*module, options, *pragmas, text, name, findings);
  for (const Finding& finding : findings.all()) {
    std::printf("%s: [%s] %s\n", finding.where.c_str(), finding.rule.c_str(), finding.what.c_str());
  }
  return findings.all().empty() ? 0 : 1;
}

}  // namespace
}  // namespace hls_lint

int main(int argc, char** argv) {
  streamtensor::base::Program program("st_hls_lint",
                                      "Holds a design's text to the HLS contract of docs/compiler.md",
                                      [] { return ST_VERSION; });
  hls_lint::Options options;
  hls_lint::DeclareOptions(program.app(), options);
  program.SetRun([&] {
    if (options.list_rules) return hls_lint::ListRules();
    if (options.source.empty()) return program.WrongUsage("DESIGN is required");
    return hls_lint::Lint(options);
  });
  return program.Main(argc, argv);
}
