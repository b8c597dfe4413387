// SPDX-License-Identifier: Apache-2.0
#include "tests/hls_lint/pragma.h"

#include <sstream>

#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"
#include "tests/hls_lint/front_end.h"

namespace hls_lint {

Pragma ParsePragma(const std::string& text) {
  std::string spaced;
  for (char c : text) spaced += c == '=' ? std::string(" = ") : std::string(1, c);
  std::istringstream words(spaced);
  Pragma pragma;
  pragma.text = text;
  words >> pragma.name;
  std::string word, last;
  while (words >> word) {
    if (word == "=" && words >> word) {
      pragma.options[last] = word;
    } else {
      pragma.options[word];
      last = word;
    }
  }
  return pragma;
}

std::optional<Pragma> PragmaOf(const llvm::Instruction& instruction) {
  const auto* call = llvm::dyn_cast<llvm::CallInst>(&instruction);
  const llvm::Function* function = call ? call->getCalledFunction() : nullptr;
  if (!function || function->getName() != kPragmaMarker) return std::nullopt;
  const auto* text = llvm::dyn_cast<llvm::GlobalVariable>(call->getArgOperand(0)->stripPointerCasts());
  const auto* bytes = text ? llvm::dyn_cast<llvm::ConstantDataSequential>(text->getInitializer()) : nullptr;
  Pragma pragma = ParsePragma(bytes && bytes->isCString() ? bytes->getAsCString().str() : "");
  if (pragma.options.count("variable")) pragma.variable = call->getArgOperand(1);
  return pragma;
}

}  // namespace hls_lint
