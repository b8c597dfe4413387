// SPDX-License-Identifier: Apache-2.0
// Names of the declaration-only headers, as they stand in the IR.
#pragma once

#include <string>

#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Instructions.h"

namespace hls_lint {

// `hls::stream<float, 0>::read(float&)` -> class "hls::stream", method "read". Empty class: a free function.
struct Callee {
  std::string scope;   // without template arguments
  std::string method;  // or the function's name
  std::string text;    // all of it
};
Callee NameOf(const llvm::Function& function);

// What a call does to a FIFO.
enum class StreamAccess { kNone, kTake, kGive };
struct StreamCall {
  StreamAccess access = StreamAccess::kNone;
  const llvm::Value* stream = nullptr;  // the object itself: an argument or a variable
  bool block = false;                   // by lock
};
StreamCall AccessOf(const llvm::CallBase& call);

// "file:line" of the text, or the function's name.
std::string PlaceOf(const llvm::Instruction& instruction);

}  // namespace hls_lint
