// SPDX-License-Identifier: Apache-2.0
#include "tests/hls_lint/names.h"

#include "llvm/Analysis/ValueTracking.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/DebugInfoMetadata.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/Support/Path.h"

namespace hls_lint {
namespace {

// Drops what stands between < and >, but keeps operators.
std::string WithoutTemplateArguments(const std::string& text) {
  std::string result;
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (depth == 0 && text.compare(i, 8, "operator") == 0) return result + text.substr(i);
    if (text[i] == '<') {
      ++depth;
    } else if (text[i] == '>') {
      --depth;
    } else if (depth == 0) {
      result += text[i];
    }
  }
  return result;
}

}  // namespace

Callee NameOf(const llvm::Function& function) {
  Callee callee;
  callee.text = llvm::demangle(function.getName());
  const std::string plain = WithoutTemplateArguments(callee.text);
  const size_t operators = plain.find("operator");
  size_t end = operators == std::string::npos
                   ? plain.find('(')
                   : plain.find('(', operators + (plain.compare(operators, 10, "operator()") == 0 ? 10 : 8));
  std::string name = plain.substr(0, end);
  // A template's instance is written with its return type.
  if (operators == std::string::npos) {
    const size_t space = name.rfind(' ');
    if (space != std::string::npos) name = name.substr(space + 1);
  }
  const size_t scope = operators == std::string::npos ? name.rfind("::") : name.rfind("::", operators);
  if (scope == std::string::npos) {
    callee.method = name;
  } else {
    callee.scope = name.substr(0, scope);
    callee.method = name.substr(scope + 2);
  }
  return callee;
}

StreamCall AccessOf(const llvm::CallBase& call) {
  StreamCall access;
  const llvm::Function* function = call.getCalledFunction();
  if (!function || !function->isDeclaration()) return access;
  const Callee callee = NameOf(*function);
  unsigned object = 0;
  if (callee.scope == "hls::stream") {
    if (callee.method == "read" || callee.method == "operator>>") access.access = StreamAccess::kTake;
    if (callee.method == "write" || callee.method == "operator<<") access.access = StreamAccess::kGive;
    if (call.arg_size() > 0 && call.paramHasAttr(0, llvm::Attribute::StructRet)) object = 1;
  } else if (callee.scope == "hls::read_lock" && callee.method == "read_lock") {
    access = {StreamAccess::kTake, nullptr, true};
    object = 1;
  } else if (callee.scope == "hls::write_lock" && callee.method == "write_lock") {
    access = {StreamAccess::kGive, nullptr, true};
    object = 1;
  }
  if (access.access == StreamAccess::kNone || object >= call.arg_size()) return StreamCall();
  access.stream = llvm::getUnderlyingObject(call.getArgOperand(object), 0);
  return access;
}

std::string PlaceOf(const llvm::Instruction& instruction) {
  const llvm::DILocation* location = instruction.getDebugLoc();
  if (!location) return llvm::demangle(instruction.getFunction()->getName());
  std::string place =
      llvm::sys::path::filename(location->getFilename()).str() + ":" + std::to_string(location->getLine());
  // The process, where the place is a template's.
  const llvm::DILocation* outer = location;
  while (outer->getInlinedAt()) outer = outer->getInlinedAt();
  if (outer != location) {
    place += " (from " + llvm::sys::path::filename(outer->getFilename()).str() + ":" +
             std::to_string(outer->getLine()) + ")";
  }
  return place;
}

}  // namespace hls_lint
