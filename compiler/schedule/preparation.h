// SPDX-License-Identifier: Apache-2.0
// From clang's IR to the IR that is scheduled: processes with everything inlined, pragmas bound to loops and
// objects, loops unrolled as Vitis HLS unrolls them, and memory accesses forwarded within an iteration.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/schedule/channels.h"
#include "compiler/schedule/control_code.h"
#include "compiler/schedule/device_costs.h"
#include "compiler/schedule/directives.h"
#include "compiler/schedule/passes.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Module.h"

namespace streamtensor::schedule {

struct PreparationOptions {
  std::string top;           // the function to look at, with what it calls; empty: see Prepare()
  bool unsafe_math = false;  // config_compile -unsafe_math_optimizations
};

struct PreparedModule {
  std::vector<llvm::Function*> processes;  // what is scheduled, each on its own
  bool dataflow = false;                   // they run at the same time
  const llvm::Function* top = nullptr;     // the dataflow function
  std::vector<Channel> channels;           // between them
  std::vector<MemoryPort> ports;           // of the top function, if they run at the same time
  DesignCode connections;                  // of a dataflow function; without code
  DirectiveTable directives;
};

// Without a top that is the function with `#pragma HLS DATAFLOW`, else all functions that nothing calls.
// The processes are the functions that a DATAFLOW function calls, else the function itself.
//  NOT_FOUND          no function has the name `top`, or there is none at all
//  INVALID_ARGUMENT   more than one function has DATAFLOW and `top` is empty; a function of a process calls
//                     itself
//  RESOURCE_EXHAUSTED  unrolling would make more instructions than the estimator schedules
absl::StatusOr<PreparedModule> Prepare(llvm::Module& module, const PreparationOptions& options,
                                       const DeviceCosts& costs, PassRunner& passes);

// The function's name in the text, without arguments.
std::string PlainName(const llvm::Function& function);

// Whether a call of a DATAFLOW function starts a process: not those of FIFOs' constructors.
bool IsProcessCall(const llvm::CallInst& call);

}  // namespace streamtensor::schedule
