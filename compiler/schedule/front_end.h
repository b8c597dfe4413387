// SPDX-License-Identifier: Apache-2.0
// From HLS C++ to LLVM IR in which the HLS pragmas are still to be seen.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

namespace streamtensor::schedule {

// void st_pragma(const char* text, const volatile void* variable): a `#pragma HLS`, in lower case without
// blanks around '='. `variable` is the address of what `variable=` names, or null.
inline constexpr char kPragmaMarker[] = "st_pragma";
// void st_fifo_pop(void* fifo, void* value, unsigned bytes) and st_fifo_push: what vitis/hls_stream.h calls.
inline constexpr char kFifoPop[] = "st_fifo_pop";
inline constexpr char kFifoPush[] = "st_fifo_push";

// Lets clang emit IR of `source` as for -O1 with no optimisation done. `include_folders` are searched after
// the stand-ins for the Vitis headers.
//  INVALID_ARGUMENT  clang refuses the text; its first error
//  INTERNAL          no temporary file, or clang can't be run
absl::StatusOr<std::unique_ptr<llvm::Module>> EmitIr(const std::string& source,
                                                     const std::vector<std::string>& include_folders,
                                                     llvm::LLVMContext& context);

}  // namespace streamtensor::schedule
