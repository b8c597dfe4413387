// SPDX-License-Identifier: Apache-2.0
// st_hls_lint: holds a design's text to the HLS contract of docs/compiler.md.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

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
#include "tests/hls_lint/source_rules.h"

namespace hls_lint {
namespace {

constexpr char kUsage[] =
    "usage: st_hls_lint [options] DESIGN.cpp\n"
    "\n"
    "  --tokens N    declared bound of the symbol T (default 16)\n"
    "  --logits N    declared bound of the symbol W (default 16)\n"
    "  --context N   rows of KV pages that a token may see (default 0)\n"
    "  --rules       lists the rules\n"
    "\n"
    "  A line for each finding: PLACE: [RULE] what was found. Exit 0: none; 1: some; 2: could not look.\n";

struct Options {
  std::string source;
  DeclaredBounds bounds;
};

// 0: go on.
int ReadOptions(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    int64_t* number = word == "--tokens"    ? &options.bounds.tokens
                      : word == "--logits"  ? &options.bounds.logits
                      : word == "--context" ? &options.bounds.context
                                            : nullptr;
    if (word == "--rules") {
      for (const Rule& rule : Rules()) std::printf("%-16s a design %s\n", rule.id, rule.says);
      std::exit(0);
    }
    if (word == "--help") {
      std::fputs(kUsage, stdout);
      std::exit(0);
    }
    if (number) {
      const char* value = i + 1 < argc ? argv[++i] : "";
      const auto [end, error] = std::from_chars(value, value + std::strlen(value), *number);
      if (error != std::errc() || *end != 0 || *number < 0 || *number > 1 << 24) {
        std::fprintf(stderr, "st_hls_lint: %s must be 0..%d, got '%s'\n", word.c_str(), 1 << 24, value);
        return 2;
      }
    } else if (word[0] == '-' || !options.source.empty()) {
      std::fprintf(stderr, "st_hls_lint: what is '%s'?\n%s", word.c_str(), kUsage);
      return 2;
    } else {
      options.source = word;
    }
  }
  if (options.source.empty()) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  return 0;
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

void CheckModule(llvm::Module& module, const Options& options, const std::string& text,
                 const std::string& name, Findings& findings) {
  llvm::Instruction* dataflow = FindDataflow(module, name, findings);
  if (!dataflow) return;
  CheckTopText(text, LineOf(*dataflow, options.source), name, findings);
  llvm::Function* top = dataflow->getFunction();
  std::vector<llvm::Function*> reachable = Reachable(*top);
  CheckFunctions(reachable, findings);
  // What recurs or goes through pointers can't be inlined, and the rest would be guessed.
  if (findings.Has("recursion") || findings.Has("indirect-call")) return;
  InlineIntoProcesses(module, *top, reachable);
  Analysis analysis;
  analysis.Inline(module);
  // A task is no process: what it reads and writes can't be told.
  if (!findings.Has("task")) CheckNetwork(*top, findings);
  analysis.Simplify(module);
  reachable = Reachable(*top);
  CheckKeptPointers(reachable, findings);
  for (llvm::Function* function : reachable)
    CheckLoopBounds(*function, options.bounds, analysis.functions(), findings);
}

int Main(int argc, char** argv) {
  Options options;
  if (const int code = ReadOptions(argc, argv, options); code != 0) return code;
  std::ifstream file(options.source, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "st_hls_lint: %s can't be read\n", options.source.c_str());
    return 2;
  }
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  Findings findings;
  const std::string name = llvm::sys::path::filename(options.source).str();
  CheckForks(text, name, findings);
  llvm::LLVMContext context;
  std::string error;
  const FrontEndOptions front_end = {options.source, ST_KERNELS_DIR, ST_LINT_HEADERS, ST_CLANG};
  const std::unique_ptr<llvm::Module> module = EmitIr(front_end, context, findings, error);
  if (!error.empty()) {
    std::fprintf(stderr, "st_hls_lint: %s: %s\n", options.source.c_str(), error.c_str());
    return 2;
  }
  if (module) CheckModule(*module, options, text, name, findings);
  for (const Finding& finding : findings.all()) {
    std::printf("%s: [%s] %s\n", finding.where.c_str(), finding.rule.c_str(), finding.what.c_str());
  }
  return findings.all().empty() ? 0 : 1;
}

}  // namespace
}  // namespace hls_lint

int main(int argc, char** argv) { return hls_lint::Main(argc, argv); }
