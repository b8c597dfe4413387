// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/unrolling.h"

#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "compiler/schedule/balancing.h"
#include "compiler/schedule/directives.h"
#include "compiler/schedule/loop_region.h"
#include "compiler/schedule/preparation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ScalarEvolution.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Transforms/Scalar/LoopUnrollPass.h"

namespace streamtensor::schedule {
namespace {

constexpr int64_t kMaxInstructions = 400'000;

// An option of an LLVM pass that can be set in no other way; restored by the destructor.
template <class T>
class PassOption {
 public:
  PassOption(llvm::StringRef name, T value) {
    auto& options = llvm::cl::getRegisteredOptions();
    const auto found = options.find(name);
    if (found == options.end()) return;
    option_ = static_cast<llvm::cl::opt<T>*>(found->second);
    before_ = option_->getValue();
    option_->setValue(value);
  }
  ~PassOption() {
    if (option_) option_->setValue(before_);
  }
  PassOption(const PassOption&) = delete;
  PassOption& operator=(const PassOption&) = delete;

 private:
  llvm::cl::opt<T>* option_ = nullptr;
  T before_ = {};
};

constexpr char kAfterUnrolling[] =
    "function(sroa<modify-cfg>,early-cse<memssa>,gvn<no-pre;no-load-pre>,instcombine<no-verify-fixpoint>,"
    "simplifycfg,loop-simplify,loop-mssa(licm),loop-load-elim,gvn<no-pre;no-load-pre>,dse,"
    "instcombine<no-verify-fixpoint>,adce,simplifycfg,loop-simplify)";
constexpr char kForward[] =
    "function(gvn<load-pre>,dse,instcombine<no-verify-fixpoint>,gvn<load-pre>,dse,simplifycfg)";
constexpr char kReassociate[] = "function(reassociate,early-cse<memssa>,instcombine<no-verify-fixpoint>)";
constexpr char kFinish[] =
    "function(sroa<modify-cfg>,gvn<no-pre;no-load-pre>,instcombine<no-verify-fixpoint>,adce,simplifycfg,"
    "loop-simplify,loop(indvars),lcssa)";

class Planner {
 public:
  Planner(PassRunner& passes, const DeviceCosts& costs, llvm::Function& function)
      : function_(function),
        costs_(costs),
        loops_(passes.functions().getResult<llvm::LoopAnalysis>(function)),
        scev_(passes.functions().getResult<llvm::ScalarEvolutionAnalysis>(function)) {}

  absl::Status Plan() {
    llvm::SmallVector<llvm::Loop*> inner_first = loops_.getLoopsInPreorder();
    std::reverse(inner_first.begin(), inner_first.end());
    for (llvm::Loop* loop : inner_first) {
      const auto factor = LoopDirective(*loop, kLoopUnroll);
      const unsigned trip = scev_.getSmallConstantTripCount(loop);
      if (factor && trip != 0 && trip <= *factor) SetLoopDirective(*loop, kLoopUnrollFull);
    }
    for (llvm::Loop* loop : inner_first) {
      if (LoopDirective(*loop, kLoopPipeline)) UnrollInside(*loop);
    }
    for (llvm::Loop* loop : inner_first) PipelineInnermost(*loop);
    int64_t instructions = 0;
    for (llvm::Loop* loop : loops_) instructions += Unrolled(*loop);
    if (instructions <= kMaxInstructions) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("function ", PlainName(function_), " is too large to schedule: its unrolled loops have ",
                     instructions, " instructions; at most ", kMaxInstructions, " are scheduled"));
  }

 private:
  bool Vanishes(const llvm::Loop& loop) const { return LoopDirective(loop, kLoopUnrollFull).has_value(); }

  void UnrollInside(llvm::Loop& loop) {
    for (llvm::Loop* inner : loop.getSubLoops()) {
      SetLoopDirective(*inner, kLoopUnrollFull);
      UnrollInside(*inner);
    }
  }

  // Loops that Vitis flattens into `inner` before it unrolls: nothing but counting stands between them.
  struct Nest {
    llvm::Loop* outer = nullptr;
    int64_t trips = 0;  // 0: unknown or many
  };
  Nest PerfectNest(llvm::Loop& inner) {
    Nest nest{&inner, scev_.getSmallConstantTripCount(&inner)};
    for (llvm::Loop* parent = inner.getParentLoop(); parent; parent = parent->getParentLoop()) {
      if (nest.trips == 0 || LoopDirective(*nest.outer, kLoopNoFlatten) ||
          LoopDirective(*nest.outer, kLoopApart) || LoopDirective(*parent, kLoopNoFlatten) ||
          IsDirected(*parent) || !OnlyCountsAround(*parent, *nest.outer)) {
        break;
      }
      nest.outer = parent;
      if (llvm::MulOverflow<int64_t>(nest.trips, scev_.getSmallConstantTripCount(parent), nest.trips)) {
        nest.trips = 0;
      }
    }
    return nest;
  }
  static bool IsDirected(const llvm::Loop& loop) {
    return LoopDirective(loop, kLoopPipeline) || LoopDirective(loop, kLoopNoPipeline);
  }
  // A loop or perfect nest that is unrolled into the loop around it.
  bool Short(llvm::Loop& outer) {
    llvm::Loop* inner = &outer;
    while (inner->getSubLoops().size() == 1) inner = inner->getSubLoops()[0];
    if (!inner->isInnermost() || IsDirected(*inner)) return false;
    const Nest nest = PerfectNest(*inner);
    return nest.outer == &outer && nest.trips != 0 && nest.trips <= costs_.tool.auto_unroll_trip;
  }

  // What Vitis does to innermost loops without a pragma: short ones are unrolled and their parent is
  // pipelined, others are pipelined.
  void PipelineInnermost(llvm::Loop& loop) {
    if (!loop.isInnermost() || LoopDirective(loop, kLoopPipeline) || LoopDirective(loop, kLoopNoPipeline)) {
      return;
    }
    for (llvm::Loop* outer = loop.getParentLoop(); outer; outer = outer->getParentLoop()) {
      if (LoopDirective(*outer, kLoopPipeline)) return;
    }
    llvm::Loop* parent = Vanishes(loop) ? loop.getParentLoop() : PerfectNest(loop).outer->getParentLoop();
    if (parent && !LoopDirective(*parent, kLoopNoPipeline) &&
        llvm::all_of(parent->getSubLoops(),
                     [this](llvm::Loop* inner) { return Vanishes(*inner) || Short(*inner); })) {
      UnrollInside(*parent);
      SetLoopDirective(*parent, kLoopPipeline, 0);
    } else if (!Vanishes(loop)) {
      SetLoopDirective(loop, kLoopPipeline, 0);
    }
  }

  // The instructions of a loop after unrolling, or a bound that is surely too large.
  int64_t Unrolled(llvm::Loop& loop) {
    int64_t instructions = 0;
    for (llvm::BasicBlock* block : loop.blocks()) {
      if (loops_.getLoopFor(block) == &loop) instructions += static_cast<int64_t>(block->size());
    }
    for (llvm::Loop* inner : loop.getSubLoops()) instructions += Unrolled(*inner);
    int64_t times = 1;
    if (Vanishes(loop)) {
      times = std::max(1u, scev_.getSmallConstantTripCount(&loop));
    } else if (const auto factor = LoopDirective(loop, kLoopUnroll)) {
      times = std::max<int64_t>(1, *factor);
    }
    return instructions > kMaxInstructions ? instructions : instructions * times;
  }

  llvm::Function& function_;
  const DeviceCosts& costs_;
  llvm::LoopInfo& loops_;
  llvm::ScalarEvolution& scev_;
};

// Calls at the head of each loop that might write all memory: what is forwarded or dropped is so within an
// iteration.
llvm::Function* AddBarriers(llvm::Module& module, PassRunner& passes) {
  llvm::FunctionCallee barrier = module.getOrInsertFunction(
      "st.barrier", llvm::FunctionType::get(llvm::Type::getVoidTy(module.getContext()), true));
  auto* callee = llvm::cast<llvm::Function>(barrier.getCallee());
  callee->setDoesNotThrow();
  callee->setWillReturn();
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    auto& loops = passes.functions().getResult<llvm::LoopAnalysis>(function);
    auto& dominators = passes.functions().getResult<llvm::DominatorTreeAnalysis>(function);
    std::vector<llvm::Value*> everywhere;
    std::vector<llvm::CallInst*> blocks;
    for (llvm::Argument& argument : function.args()) {
      if (argument.getType()->isPointerTy()) everywhere.push_back(&argument);
    }
    for (llvm::Instruction& instruction : llvm::instructions(function)) {
      if (llvm::isa<llvm::AllocaInst>(instruction)) everywhere.push_back(&instruction);
      auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
      if (call && call->getType()->isPointerTy()) blocks.push_back(call);
    }
    for (llvm::Loop* loop : loops.getLoopsInPreorder()) {
      std::vector<llvm::Value*> seen = everywhere;
      for (llvm::CallInst* call : blocks) {
        if (dominators.dominates(call, loop->getHeader())) seen.push_back(call);
      }
      llvm::IRBuilder<>(&*loop->getHeader()->getFirstInsertionPt()).CreateCall(barrier, seen);
    }
  }
  return callee;
}

}  // namespace

absl::Status UnrollAsVitis(llvm::Module& module, const std::vector<llvm::Function*>& processes,
                           bool unsafe_math, const DeviceCosts& costs, PassRunner& passes) {
  for (llvm::Function* process : processes) {
    RETURN_IF_ERROR(Planner(passes, costs, *process).Plan());
  }
  {
    const PassOption<unsigned> pragma("pragma-unroll-threshold", 1u << 24);
    const PassOption<unsigned> plain("unroll-threshold", 1u << 24);
    llvm::FunctionPassManager unroll;
    unroll.addPass(llvm::LoopUnrollPass(llvm::LoopUnrollOptions(1, /*OnlyWhenForced=*/true)));
    llvm::ModulePassManager passes_of_module;
    passes_of_module.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(unroll)));
    passes.Run(module, std::move(passes_of_module));
  }
  // From here a value in memory stays there: Vitis has decided what is an array.
  const PassOption<bool> no_promotion("disable-licm-promotion", true);
  passes.Run(module, kAfterUnrolling);
  llvm::Function* barrier = AddBarriers(module, passes);
  passes.Run(module, kForward);
  for (llvm::User* user : llvm::make_early_inc_range(barrier->users())) {
    llvm::cast<llvm::Instruction>(user)->eraseFromParent();
  }
  if (unsafe_math) {
    passes.Run(module, kReassociate);
    for (llvm::Function* process : processes) {
      BalanceSums(*process, passes.functions().getResult<llvm::LoopAnalysis>(*process));
    }
  }
  passes.Run(module, kFinish);
  return absl::OkStatus();
}

}  // namespace streamtensor::schedule
