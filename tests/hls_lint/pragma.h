// SPDX-License-Identifier: Apache-2.0
// A `#pragma HLS` as the front end leaves it in the IR.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "llvm/IR/Instructions.h"

namespace hls_lint {

struct Pragma {
  std::string text;                            // "PIPELINE II = 1"
  std::string name;                            // "PIPELINE"
  std::map<std::string, std::string> options;  // "II" -> "1"; an option without a value is empty
  const llvm::Value* variable = nullptr;       // the address of what its `variable` names
};

// `text` as the front end writes it: the name in capitals. "a=b" and "a = b" are the same option.
Pragma ParsePragma(const std::string& text);

// The pragma that the call stands for, if it stands for one.
std::optional<Pragma> PragmaOf(const llvm::Instruction& instruction);

}  // namespace hls_lint
