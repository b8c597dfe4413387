// SPDX-License-Identifier: Apache-2.0
// Runs a function of a module at stage "ordered" on the host, as MLIR and LLVM compile it: no contraction,
// no fast-math, denormals flushed. The bits are those that a card has to give.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "tests/reference/array.h"

namespace streamtensor::reference {

// What kv_append hands on: rows [T x H x D] f16 for each token, its page and its row in the page.
struct AppendedRows {
  Array k_new;
  Array v_new;
  std::vector<int32_t> page;
  std::vector<int32_t> row;
  int64_t layer = 0;
};

// One argument: an array (borrowed for the call, never written to) or an index.
struct Argument {
  const Array* array = nullptr;
  int64_t index = 0;
};

// The dialects and interfaces that JitProgram's passes need. Call before the module is parsed or built.
void RegisterReferenceDialects(mlir::DialectRegistry* registry);

// Not thread-safe: one Run at a time in a process.
class JitProgram {
 public:
  // The module itself is not changed; it may be decomposed already. `function` must take and return
  // tensors of the elements of array.h, and take indices.
  //  NOT_FOUND         no such function, or it has no body
  //  INVALID_ARGUMENT  it holds something that can't be run; the message is MLIR's diagnostic
  static absl::StatusOr<std::unique_ptr<JitProgram>> Create(mlir::ModuleOp module,
                                                            const std::string& function);

  // `append` receives what kv_append writes, layer by layer.
  //  INVALID_ARGUMENT  count, rank, static sizes or element of an argument do not fit
  absl::StatusOr<std::vector<Array>> Run(const std::vector<Argument>& arguments,
                                         const std::function<void(AppendedRows)>& append = nullptr);

  // Types of the function as it stood in the module.
  mlir::FunctionType type() const { return type_; }

 private:
  JitProgram() = default;

  std::string symbol_;
  mlir::FunctionType type_;
  std::unique_ptr<mlir::ExecutionEngine> engine_;
};

}  // namespace streamtensor::reference
