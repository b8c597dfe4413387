// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/preparation.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "compiler/schedule/connections.h"
#include "compiler/schedule/front_end.h"
#include "compiler/schedule/loop_region.h"
#include "compiler/schedule/unrolling.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Analysis/ValueTracking.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

namespace streamtensor::schedule {
namespace {

// A copy of a structure becomes one load and one store up to this size.
constexpr uint64_t kMaxCopyBytes = 256;

constexpr char kInline[] =
    "always-inline,function(sroa<modify-cfg>,early-cse<memssa>,simplifycfg),globaldce,"
    "function(sroa<modify-cfg>,instcombine<no-verify-fixpoint>,early-cse<memssa>,loop-simplify)";

// Loops as they are written, rotated; what an iteration stores and the next loads becomes a register.
constexpr char kRotate[] =
    "function(sroa<modify-cfg>,early-cse<memssa>,instcombine<no-verify-fixpoint>,"
    "simplifycfg<hoist-common-insts;sink-common-insts>,loop-simplify,loop(loop-rotate),loop-load-elim,"
    "simplifycfg,loop-simplify)";
// Values carried in memory at one place become registers.
constexpr char kPromote[] =
    "function(early-cse<memssa>,gvn<no-pre;no-load-pre>,instcombine<no-verify-fixpoint>,correlated-"
    "propagation,"
    "simplifycfg,loop-simplify,loop-mssa(licm),instcombine<no-verify-fixpoint>,simplifycfg,loop-simplify,"
    "loop(indvars))";

std::string MarkerText(const llvm::CallInst& marker) {
  const auto* global = llvm::dyn_cast<llvm::GlobalVariable>(marker.getArgOperand(0)->stripPointerCasts());
  const auto* text = global && global->hasInitializer()
                         ? llvm::dyn_cast<llvm::ConstantDataSequential>(global->getInitializer())
                         : nullptr;
  return text && text->isCString() ? text->getAsCString().str() : "";
}

// The calls of a function, as a copy: the caller may erase them while iterating.
std::vector<llvm::CallInst*> CallsOf(llvm::Module& module, llvm::StringRef name) {
  std::vector<llvm::CallInst*> calls;
  llvm::Function* function = module.getFunction(name);
  if (!function) return calls;
  for (llvm::User* user : function->users()) {
    auto* call = llvm::dyn_cast<llvm::CallInst>(user);
    if (call && call->getCalledFunction() == function) calls.push_back(call);
  }
  return calls;
}

// Sees and changes no memory but the argument's own kind.
void SetInaccessible(llvm::Function& function) {
  function.setDoesNotThrow();
  function.setWillReturn();
  function.setMemoryEffects(llvm::MemoryEffects::inaccessibleMemOnly());
  for (llvm::Argument& argument : function.args()) {
    if (argument.getType()->isPointerTy()) argument.addAttr(llvm::Attribute::NoCapture);
  }
}

// FIFO accesses pass values instead of addresses, so that elements are registers.
void PassElementsByValue(llvm::Module& module, bool pop) {
  llvm::LLVMContext& context = module.getContext();
  for (llvm::CallInst* call : CallsOf(module, pop ? kFifoPop : kFifoPush)) {
    const auto* bytes = llvm::dyn_cast<llvm::ConstantInt>(call->getArgOperand(2));
    if (!bytes) continue;
    const uint64_t bits = 8 * bytes->getZExtValue();
    llvm::Value* fifo = call->getArgOperand(0);
    llvm::Type* element = llvm::IntegerType::get(context, static_cast<unsigned>(bits));
    llvm::Type* result = pop ? element : llvm::Type::getVoidTy(context);
    std::vector<llvm::Type*> types = {fifo->getType()};
    if (!pop) types.push_back(element);
    llvm::FunctionCallee by_value = module.getOrInsertFunction(
        absl::StrCat(pop ? kFifoPop : kFifoPush, ".", bits), llvm::FunctionType::get(result, types, false));
    SetInaccessible(*llvm::cast<llvm::Function>(by_value.getCallee()));
    llvm::IRBuilder<> builder(call);
    if (pop) {
      builder.CreateAlignedStore(builder.CreateCall(by_value, {fifo}), call->getArgOperand(1),
                                 llvm::Align(4));
    } else {
      llvm::Value* value = builder.CreateAlignedLoad(element, call->getArgOperand(1), llvm::Align(4));
      builder.CreateCall(by_value, {fifo, value});
    }
    call->eraseFromParent();
  }
}

void SplitCopies(llvm::Module& module) {
  for (llvm::Function& function : module) {
    for (llvm::Instruction& instruction : llvm::make_early_inc_range(llvm::instructions(function))) {
      auto* copy = llvm::dyn_cast<llvm::MemCpyInst>(&instruction);
      const auto* length = copy ? llvm::dyn_cast<llvm::ConstantInt>(copy->getLength()) : nullptr;
      if (!length || length->isZero() || length->getZExtValue() > kMaxCopyBytes) continue;
      llvm::IRBuilder<> builder(copy);
      llvm::Type* type = builder.getIntNTy(static_cast<unsigned>(8 * length->getZExtValue()));
      llvm::Value* value = builder.CreateAlignedLoad(type, copy->getRawSource(), llvm::Align(4));
      builder.CreateAlignedStore(value, copy->getRawDest(), llvm::Align(4));
      copy->eraseFromParent();
    }
  }
}

void DescribeRuntime(llvm::Module& module) {
  PassElementsByValue(module, /*pop=*/true);
  PassElementsByValue(module, /*pop=*/false);
  SplitCopies(module);
  for (const char* name : {kPragmaMarker, kFifoEmpty, kFifoFull, kBlockRead, kBlockWrite, kBlockDone}) {
    if (llvm::Function* function = module.getFunction(name)) SetInaccessible(*function);
  }
  for (const char* name : {kBlockRead, kBlockWrite}) {
    if (llvm::Function* function = module.getFunction(name)) function->addRetAttr(llvm::Attribute::NoAlias);
  }
  for (const char* name : {"sqrtf", "expf", "sqrt"}) {
    if (llvm::Function* function = module.getFunction(name)) {
      function->setDoesNotThrow();
      function->setWillReturn();
      function->setMemoryEffects(llvm::MemoryEffects::none());
    }
  }
}

std::vector<llvm::Function*> DataflowFunctions(llvm::Module& module) {
  std::vector<llvm::Function*> found;
  for (const llvm::CallInst* marker : CallsOf(module, kPragmaMarker)) {
    auto* function = const_cast<llvm::Function*>(marker->getFunction());
    if (llvm::StringRef(MarkerText(*marker)).starts_with("dataflow") &&
        !llvm::is_contained(found, function)) {
      found.push_back(function);
    }
  }
  return found;
}

std::vector<llvm::Function*> Callees(llvm::Function& caller) {
  std::vector<llvm::Function*> callees;
  for (llvm::Instruction& instruction : llvm::instructions(caller)) {
    auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    if (!call || !IsProcessCall(*call)) continue;
    if (!llvm::is_contained(callees, call->getCalledFunction())) callees.push_back(call->getCalledFunction());
  }
  return callees;
}

bool CallsItself(llvm::Function& function, std::set<llvm::Function*>& open, std::set<llvm::Function*>& done) {
  if (done.count(&function) != 0) return false;
  if (!open.insert(&function).second) return true;
  for (llvm::Function* callee : Callees(function)) {
    if (CallsItself(*callee, open, done)) return true;
  }
  open.erase(&function);
  done.insert(&function);
  return false;
}

absl::StatusOr<llvm::Function*> FindTop(llvm::Module& module, const std::string& top) {
  if (top.empty()) {
    const std::vector<llvm::Function*> dataflow = DataflowFunctions(module);
    if (dataflow.size() > 1) {
      return absl::InvalidArgumentError(absl::StrCat("functions ", PlainName(*dataflow[0]), " and ",
                                                     PlainName(*dataflow[1]),
                                                     " have DATAFLOW; name the top function with --top"));
    }
    return dataflow.empty() ? nullptr : dataflow[0];
  }
  for (llvm::Function& function : module) {
    if (!function.isDeclaration() && PlainName(function) == top) return &function;
  }
  return absl::NotFoundError(absl::StrCat("the text has no function ", top));
}

// The object that a pragma's address means: past the local variable of a reference.
llvm::Value* NamedObject(llvm::Value* address) {
  auto* object = const_cast<llvm::Value*>(llvm::getUnderlyingObject(address, 0));
  auto* local = llvm::dyn_cast<llvm::AllocaInst>(object);
  if (!local || !local->getAllocatedType()->isPointerTy()) return object;
  for (llvm::User* user : local->users()) {
    if (auto* store = llvm::dyn_cast<llvm::StoreInst>(user)) {
      object = const_cast<llvm::Value*>(llvm::getUnderlyingObject(store->getValueOperand(), 0));
    }
  }
  return object;
}

// The top function's pointers with INTERFACE m_axi. What it says of them holds for the processes' arguments.
std::vector<MemoryPort> FindMemoryPorts(llvm::Module& module, llvm::Function& top, DirectiveTable& table) {
  std::vector<MemoryPort> ports;
  for (llvm::Argument& argument : top.args()) {
    for (llvm::CallInst* marker : CallsOf(module, kPragmaMarker)) {
      if (marker->getFunction() != &top || NamedObject(marker->getArgOperand(1)) != &argument) continue;
      const std::string text = MarkerText(*marker);
      const auto* symbolic = llvm::dyn_cast<llvm::ConstantInt>(marker->getArgOperand(2));
      ApplyPragma(text, symbolic ? symbolic->getSExtValue() : 0, top, nullptr, &argument, table);
      if (table.Find(top, &argument).axi)
        ports.push_back({argument.getName().str(), PragmaOption(text, "bundle"), {}});
    }
  }
  for (const llvm::Instruction& instruction : llvm::instructions(top)) {
    const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    if (!call || !IsProcessCall(*call)) continue;
    llvm::Function& process = *call->getCalledFunction();
    for (unsigned i = 0; i < call->arg_size() && i < process.arg_size(); ++i) {
      const llvm::Value* object = ObjectOf(call->getArgOperand(i));
      const auto port = std::find_if(ports.begin(), ports.end(), [&](const MemoryPort& each) {
        return llvm::isa<llvm::Argument>(object) && object->getName() == each.name;
      });
      if (port == ports.end()) continue;
      table.At(process, ObjectName(process.getArg(i))).axi = true;
      if (!llvm::is_contained(port->processes, PlainName(process)))
        port->processes.push_back(PlainName(process));
    }
  }
  return ports;
}

// Pragmas of what the top function declares.
void ApplyToLocals(llvm::Module& module, llvm::Function& top, DirectiveTable& table) {
  for (llvm::CallInst* marker : CallsOf(module, kPragmaMarker)) {
    if (marker->getFunction() != &top) continue;
    llvm::Value* object = NamedObject(marker->getArgOperand(1));
    if (llvm::isa_and_nonnull<llvm::AllocaInst>(object)) {
      ApplyPragma(MarkerText(*marker), 0, top, nullptr, object, table);
    }
  }
}

// Sets what is scheduled on its own, and that all else is inlined into it.
absl::Status ChooseProcesses(llvm::Module& module, const std::string& top_name, const DeviceCosts& costs,
                             PreparedModule& prepared) {
  ASSIGN_OR_RETURN(llvm::Function * top, FindTop(module, top_name));
  std::vector<llvm::Function*>& processes = prepared.processes;
  if (top) {
    prepared.dataflow = llvm::is_contained(DataflowFunctions(module), top);
    processes = prepared.dataflow ? Callees(*top) : std::vector<llvm::Function*>{top};
    if (prepared.dataflow) {
      ApplyToLocals(module, *top, prepared.directives);
      prepared.channels = FindChannels(*top, prepared.directives, costs);
      prepared.ports = FindMemoryPorts(module, *top, prepared.directives);
      prepared.connections = FindConnections(*top, processes, prepared.channels);
      prepared.top = top;
    }
  } else {
    for (llvm::Function& function : module) {
      if (!function.isDeclaration() && function.use_empty()) processes.push_back(&function);
    }
  }
  if (processes.empty()) return absl::NotFoundError("the text has no function to schedule");
  std::set<llvm::Function*> open, done;
  for (llvm::Function* process : processes) {
    if (CallsItself(*process, open, done)) {
      return absl::InvalidArgumentError(
          absl::StrCat("function ", PlainName(*process), " is or calls a recursive function"));
    }
  }
  return absl::OkStatus();
}

void SetInlining(llvm::Module& module, const std::vector<llvm::Function*>& processes) {
  for (llvm::Function& function : module) {
    if (function.isDeclaration()) continue;
    function.removeFnAttr(llvm::Attribute::NoInline);
    function.removeFnAttr(llvm::Attribute::OptimizeNone);
    if (!llvm::is_contained(processes, &function)) {
      function.removeFnAttr(llvm::Attribute::NoInline);
      function.addFnAttr(llvm::Attribute::AlwaysInline);
      continue;
    }
    function.addFnAttr(llvm::Attribute::NoInline);
    function.setLinkage(llvm::GlobalValue::ExternalLinkage);
    // Arrays of different ports are different arrays.
    for (llvm::Argument& argument : function.args()) {
      if (argument.getType()->isPointerTy()) argument.addAttr(llvm::Attribute::NoAlias);
    }
  }
}

void BindPragmas(llvm::Module& module, PassRunner& passes, DirectiveTable& table) {
  for (llvm::CallInst* marker : CallsOf(module, kPragmaMarker)) {
    llvm::Function& function = *marker->getFunction();
    llvm::Loop* loop =
        passes.functions().getResult<llvm::LoopAnalysis>(function).getLoopFor(marker->getParent());
    llvm::Value* object = llvm::isa<llvm::ConstantPointerNull>(marker->getArgOperand(1))
                              ? nullptr
                              : NamedObject(marker->getArgOperand(1));
    const auto* symbolic = llvm::dyn_cast<llvm::ConstantInt>(marker->getArgOperand(2));
    ApplyPragma(MarkerText(*marker), symbolic ? symbolic->getSExtValue() : 0, function, loop, object, table);
  }
  for (llvm::CallInst* marker : CallsOf(module, kPragmaMarker)) marker->eraseFromParent();
}

// A process' pointer has the bursts of the dataflow function's.
void PassOnBursts(PreparedModule& prepared) {
  if (!prepared.dataflow) return;
  for (const CodeCall& call : prepared.connections.calls) {
    const llvm::Function& process = *prepared.processes[static_cast<size_t>(call.process)];
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      if (call.arguments[i].kind != CodeArgument::Kind::kMemory) continue;
      const std::string& memory = prepared.connections.memories[static_cast<size_t>(call.arguments[i].first)];
      const ObjectDirectives given = prepared.directives.At(*prepared.top, memory);
      ObjectDirectives& own =
          prepared.directives.At(process, ObjectName(process.getArg(static_cast<unsigned>(i))));
      own.outstanding = std::max(own.outstanding, given.outstanding);
      own.burst_beats = std::max(own.burst_beats, given.burst_beats);
    }
  }
}

void NameLoopLines(PassRunner& passes, llvm::Function& function) {
  for (llvm::Loop* loop : passes.functions().getResult<llvm::LoopAnalysis>(function).getLoopsInPreorder()) {
    if (LoopDirective(*loop, kLoopLine)) continue;
    const llvm::DebugLoc start = loop->getStartLoc();
    SetLoopDirective(*loop, kLoopLine, start ? start.getLine() : 0);
  }
}

void SetUnsafeMath(llvm::Module& module) {
  for (llvm::Function& function : module) {
    for (llvm::Instruction& instruction : llvm::instructions(function)) {
      if (!llvm::isa<llvm::FPMathOperator>(instruction)) continue;
      llvm::FastMathFlags flags;
      flags.setAllowReassoc();
      flags.setNoSignedZeros();
      instruction.setFastMathFlags(flags);
    }
  }
}

}  // namespace

std::string PlainName(const llvm::Function& function) {
  const std::string name = llvm::demangle(function.getName().str());
  return name.substr(0, name.find('('));
}

bool IsProcessCall(const llvm::CallInst& call) {
  const llvm::Function* callee = call.getCalledFunction();
  return callee && !callee->isDeclaration() && !callee->getName().starts_with("_ZN3hls");
}

absl::StatusOr<PreparedModule> Prepare(llvm::Module& module, const PreparationOptions& options,
                                       const DeviceCosts& costs, PassRunner& passes) {
  PreparedModule prepared;
  DescribeRuntime(module);
  RETURN_IF_ERROR(ChooseProcesses(module, options.top, costs, prepared));
  SetInlining(module, prepared.processes);
  // Nothing else is kept: the bodies are inlined or unused.
  for (llvm::Function& function : module) {
    if (!function.isDeclaration() && !llvm::is_contained(prepared.processes, &function)) {
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
    }
  }
  passes.Run(module, kInline);
  for (llvm::Function& function : module) {
    if (function.isDeclaration() || llvm::is_contained(prepared.processes, &function)) continue;
    function.deleteBody();
  }
  if (options.unsafe_math) SetUnsafeMath(module);
  BindPragmas(module, passes, prepared.directives);
  PassOnBursts(prepared);
  passes.Run(module, kRotate);
  for (llvm::Function* process : prepared.processes) RefuseFlattening(*process, passes);
  passes.Run(module, kPromote);
  for (llvm::Function* process : prepared.processes) NameLoopLines(passes, *process);
  RETURN_IF_ERROR(UnrollAsVitis(module, prepared.processes, options.unsafe_math, costs, passes));
  return prepared;
}

}  // namespace streamtensor::schedule
