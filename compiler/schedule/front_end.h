// SPDX-License-Identifier: Apache-2.0
// From HLS C++ to LLVM IR that keeps the HLS pragmas.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

namespace streamtensor::schedule {

// void st_pragma(const char* text, const volatile void* object, long long symbolic): a `#pragma HLS`, in
// lower case without blanks around '='. `object` is the address of what `variable=` or `port=` names, or
// null; `symbolic` the value of an option such as factor=N that isn't a literal, or 0.
inline constexpr char kPragmaMarker[] = "st_pragma";
// void st_fifo_pop(void* fifo, void* value, unsigned bytes) and st_fifo_push: what vitis/hls_stream.h calls.
inline constexpr char kFifoPop[] = "st_fifo_pop";
inline constexpr char kFifoPush[] = "st_fifo_push";
// bool st_fifo_empty(void* fifo) and st_fifo_full.
inline constexpr char kFifoEmpty[] = "st_fifo_empty";
inline constexpr char kFifoFull[] = "st_fifo_full";
// void* st_block_read(void* blocks), st_block_write and st_block_done: vitis/hls_streamofblocks.h.
inline constexpr char kBlockRead[] = "st_block_read";
inline constexpr char kBlockWrite[] = "st_block_write";
inline constexpr char kBlockDone[] = "st_block_done";

// Lets clang emit IR of `source` as for -O1 with no optimisation done. `include_folders` are searched after
// the stand-ins for the Vitis headers.
//  INVALID_ARGUMENT  clang refuses the text; its first error
//  FAILED_PRECONDITION  there is no clang
//  INTERNAL          no temporary file, or clang can't be run
absl::StatusOr<std::unique_ptr<llvm::Module>> EmitIr(const std::string& source,
                                                     const std::vector<std::string>& include_folders,
                                                     llvm::LLVMContext& context);

}  // namespace streamtensor::schedule
