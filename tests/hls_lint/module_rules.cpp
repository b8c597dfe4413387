// SPDX-License-Identifier: Apache-2.0
#include "tests/hls_lint/module_rules.h"

#include <functional>
#include <map>
#include <set>

#include "llvm/Analysis/LoopInfo.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/Dominators.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Operator.h"
#include "tests/hls_lint/front_end.h"
#include "tests/hls_lint/names.h"
#include "tests/hls_lint/pragma.h"

namespace hls_lint {
namespace {

// The callees that a design may have beside its own functions: what Vitis' headers give, by class, and the
// functions of math.h in float.
const std::map<std::string, std::set<std::string>>& AllowedMethods() {
  static const std::map<std::string, std::set<std::string>> methods = {
      {"hls::stream", {"stream", "read", "write", "operator<<", "operator>>"}},
      {"hls::stream_of_blocks", {"stream_of_blocks"}},
      {"hls::read_lock", {"read_lock", "~read_lock"}},
      {"hls::write_lock", {"write_lock", "~write_lock"}},
      {"ap_uint", {"ap_uint", "range", "operator()", "to_uint64", "to_uint", "operator==", "operator!="}},
      {"st_lint::bit_range", {"operator=", "to_uint64", "to_uint", "to_int"}},
      {"", {"acosf",  "asinf", "atan2f", "atanf",  "ceilf",      "copysignf", "cosf",  "coshf",
            "erff",   "exp2f", "expf",   "expm1f", "fabsf",      "floorf",    "fmodf", "log10f",
            "log1pf", "log2f", "logf",   "powf",   "rintf",      "roundf",    "sinf",  "sinhf",
            "sqrtf",  "tanf",  "tanhf",  "truncf", kPragmaMarker}},
  };
  return methods;
}

bool IsAllowedIntrinsic(const llvm::Function& function) {
  switch (function.getIntrinsicID()) {
    case llvm::Intrinsic::memcpy:
    case llvm::Intrinsic::memmove:
    case llvm::Intrinsic::memset:
    case llvm::Intrinsic::lifetime_start:
    case llvm::Intrinsic::lifetime_end:
    case llvm::Intrinsic::smax:
    case llvm::Intrinsic::smin:
    case llvm::Intrinsic::umax:
    case llvm::Intrinsic::umin:
    case llvm::Intrinsic::abs:
    case llvm::Intrinsic::sqrt:
    case llvm::Intrinsic::fabs:
    case llvm::Intrinsic::experimental_noalias_scope_decl:
    case llvm::Intrinsic::dbg_declare:
    case llvm::Intrinsic::dbg_value:
      return true;
    default:
      return false;
  }
}

bool IsAllocation(llvm::StringRef name, const std::string& text) {
  static const std::set<llvm::StringRef> names = {"malloc",        "calloc",         "realloc", "free",
                                                  "aligned_alloc", "posix_memalign", "alloca"};
  return names.count(name) != 0 || llvm::StringRef(text).starts_with("operator new") ||
         llvm::StringRef(text).starts_with("operator delete");
}

void CheckDeclaration(const llvm::CallBase& call, const llvm::Function& function, Findings& findings) {
  static const std::set<std::string> questions = {"empty", "full", "size", "capacity", "read_nb", "write_nb"};
  const Callee callee = NameOf(function);
  const std::string where = PlaceOf(call);
  if (function.isIntrinsic()) {
    if (!IsAllowedIntrinsic(function)) findings.Add("callee", where, "calls " + callee.text);
    return;
  }
  if (IsAllocation(function.getName(), callee.text)) {
    findings.Add("allocation", where, "calls " + callee.text);
    return;
  }
  const auto known = AllowedMethods().find(callee.scope);
  if (known != AllowedMethods().end() && known->second.count(callee.method) != 0) return;
  // A conversion: `operator float (&) [16]`.
  const bool conversion = llvm::StringRef(callee.method).starts_with("operator ");
  if (known != AllowedMethods().end() && !callee.scope.empty() && conversion) return;
  if (llvm::StringRef(callee.scope).starts_with("hls::stream") && questions.count(callee.method) != 0) {
    findings.Add("nonblocking", where, "calls " + callee.method + "() of a FIFO");
  } else if (callee.scope == "ap_uint") {
    findings.Add("ap-arithmetic", where, callee.text);
  } else if (callee.scope == "hls::task") {
    findings.Add("task", where, "makes an hls::task");
  } else {
    findings.Add("callee", where, "calls " + callee.text);
  }
}

void CheckCalls(const llvm::Function& function, Findings& findings) {
  for (const llvm::Instruction& instruction : llvm::instructions(function)) {
    if (const auto* alloca = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) {
      if (!alloca->isStaticAlloca())
        findings.Add("dynamic-alloca", PlaceOf(instruction), "an array of variable size");
      continue;
    }
    const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
    if (!call) continue;
    if (call->isInlineAsm()) {
      findings.Add("callee", PlaceOf(*call), "inline assembly");
      continue;
    }
    const llvm::Function* callee = call->getCalledFunction();
    // The stack's height is kept around arrays of variable size, which are told themselves.
    if (callee && (callee->getIntrinsicID() == llvm::Intrinsic::stacksave ||
                   callee->getIntrinsicID() == llvm::Intrinsic::stackrestore)) {
      continue;
    }
    if (!callee) {
      findings.Add("indirect-call", PlaceOf(*call), "a call through a pointer");
    } else if (callee->isDeclaration()) {
      CheckDeclaration(*call, *callee, findings);
    }
  }
}

void CheckVariables(const llvm::Function& function, Findings& findings) {
  std::function<void(const llvm::Value*, const std::string&)> look = [&](const llvm::Value* value,
                                                                         const std::string& where) {
    if (const auto* variable = llvm::dyn_cast<llvm::GlobalVariable>(value)) {
      const llvm::StringRef name = variable->getName();
      // _ZZ: a name inside a function; _ZGV: the flag of its initialisation.
      const bool local = name.starts_with("_ZZ") || name.starts_with("_ZGVZ");
      if (local) {
        findings.Add("static-local", where,
                     llvm::demangle(name.starts_with("_ZGV") ? "_Z" + name.drop_front(4).str() : name.str()));
      } else if (!variable->isConstant()) {
        findings.Add("mutable-global", where, llvm::demangle(name));
      }
    } else if (const auto* expression = llvm::dyn_cast<llvm::ConstantExpr>(value)) {
      for (const llvm::Value* operand : expression->operands()) look(operand, where);
    }
  };
  for (const llvm::Instruction& instruction : llvm::instructions(function)) {
    for (const llvm::Value* operand : instruction.operands()) look(operand, PlaceOf(instruction));
  }
}

// The contract computes on float alone; what is wider or narrower shows in what is computed, read or written.
void CheckFloats(const llvm::Function& function, Findings& findings) {
  const auto is_other = [](const llvm::Value* value) {
    const llvm::Type* type = value->getType()->getScalarType();
    return type->isFloatingPointTy() && !type->isFloatTy();
  };
  for (const llvm::Instruction& instruction : llvm::instructions(function)) {
    if (!is_other(&instruction) && llvm::none_of(instruction.operands(), is_other)) continue;
    findings.Add("float-only", PlaceOf(instruction), "a floating-point value that is no float");
  }
}

// Before anything is inlined: a function's pragma is not one of the loop that calls it.
void CheckLoopPragmas(llvm::Function& function, Findings& findings) {
  const llvm::DominatorTree dominators(function);
  const llvm::LoopInfo loops(dominators);
  for (const llvm::Instruction& instruction : llvm::instructions(function)) {
    const std::optional<Pragma> pragma = PragmaOf(instruction);
    if (!pragma || loops.getLoopFor(instruction.getParent())) continue;
    if (pragma->name == "PIPELINE" || pragma->name == "UNROLL" || pragma->name == "LOOP_FLATTEN")
      findings.Add("loop-pragma", PlaceOf(instruction), "#pragma HLS " + pragma->text + " outside of loops");
  }
}

void CheckPragmas(const llvm::Function& function, const PragmaTable& pragmas, Findings& findings) {
  for (const llvm::Instruction& instruction : llvm::instructions(function)) {
    const std::optional<Pragma> pragma = PragmaOf(instruction);
    if (!pragma) continue;
    const std::string objection = pragmas.Objection(*pragma);
    if (!objection.empty()) findings.Add("pragma", PlaceOf(instruction), objection);
  }
}

// Direct calls alone: those through pointers have a rule of their own.
void CheckRecursion(const std::vector<llvm::Function*>& functions, Findings& findings) {
  std::map<const llvm::Function*, int> state;  // 1: on the path, 2: done
  std::function<void(const llvm::Function*)> visit = [&](const llvm::Function* function) {
    state[function] = 1;
    for (const llvm::Instruction& instruction : llvm::instructions(*function)) {
      const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      const llvm::Function* callee = call ? call->getCalledFunction() : nullptr;
      if (!callee || callee->isDeclaration()) continue;
      if (state[callee] == 1) {
        findings.Add(
            "recursion", PlaceOf(*call),
            llvm::demangle(function->getName()) + " comes back to " + llvm::demangle(callee->getName()));
      } else if (state[callee] == 0) {
        visit(callee);
      }
    }
    state[function] = 2;
  };
  if (!functions.empty()) visit(functions.front());
}

}  // namespace

std::vector<llvm::Function*> Reachable(llvm::Function& top) {
  std::vector<llvm::Function*> functions = {&top};
  std::set<llvm::Function*> seen = {&top};
  for (size_t i = 0; i < functions.size(); ++i) {
    for (llvm::Instruction& instruction : llvm::instructions(*functions[i])) {
      for (llvm::Value* operand : instruction.operands()) {
        auto* function = llvm::dyn_cast<llvm::Function>(operand->stripPointerCasts());
        if (function && !function->isDeclaration() && seen.insert(function).second)
          functions.push_back(function);
      }
    }
  }
  return functions;
}

void CheckFunctions(const std::vector<llvm::Function*>& functions, const PragmaTable& pragmas,
                    Findings& findings) {
  for (llvm::Function* function : functions) {
    CheckCalls(*function, findings);
    CheckVariables(*function, findings);
    CheckFloats(*function, findings);
    CheckLoopPragmas(*function, findings);
    CheckPragmas(*function, pragmas, findings);
  }
  CheckRecursion(functions, findings);
}

void CheckKeptPointers(const std::vector<llvm::Function*>& functions, Findings& findings) {
  for (const llvm::Function* function : functions) {
    for (const llvm::Instruction& instruction : llvm::instructions(*function)) {
      const auto* store = llvm::dyn_cast<llvm::StoreInst>(&instruction);
      if (store && store->getValueOperand()->getType()->isPtrOrPtrVectorTy()) {
        findings.Add("stored-pointer", PlaceOf(instruction), "a pointer is stored in memory");
      } else if (llvm::isa<llvm::LoadInst>(instruction) && instruction.getType()->isPtrOrPtrVectorTy()) {
        findings.Add("stored-pointer", PlaceOf(instruction), "a pointer is read from memory");
      } else if (llvm::isa<llvm::PtrToIntInst, llvm::IntToPtrInst>(instruction)) {
        findings.Add("stored-pointer", PlaceOf(instruction), "a pointer is made an integer, or comes of one");
      }
    }
  }
}

}  // namespace hls_lint
