// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/passes.h"

#include <utility>

#include "llvm/Support/Error.h"

namespace streamtensor::schedule {

PassRunner::PassRunner() {
  builder_.registerModuleAnalyses(modules_);
  builder_.registerCGSCCAnalyses(components_);
  builder_.registerFunctionAnalyses(functions_);
  builder_.registerLoopAnalyses(loops_);
  builder_.crossRegisterProxies(loops_, functions_, components_, modules_);
}

void PassRunner::Run(llvm::Module& module, llvm::StringRef pipeline) {
  llvm::ModulePassManager passes;
  llvm::cantFail(builder_.parsePassPipeline(passes, pipeline), "a pass pipeline of streamtensor-schedule");
  Run(module, std::move(passes));
}

void PassRunner::Run(llvm::Module& module, llvm::ModulePassManager passes) {
  passes.run(module, modules_);
  modules_.clear();
  functions_.clear();
}

}  // namespace streamtensor::schedule
