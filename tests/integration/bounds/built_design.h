// SPDX-License-Identifier: Apache-2.0
// A model compiled up to a design at its least depths, as the pass sees it and as the card runs it: emitted,
// built and launched in this process on the card's fibers, with depths chosen at each launch.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/analysis/network_builder.h"
#include "compiler/targets/hls/design_emitter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/card/design_launcher.h"

namespace streamtensor::compiler {

using Depths = std::map<std::string, int64_t>;  // by FIFO; others as they are

// An operation on a stream: R, W; of a block's reader and writer + (taken) and - (handed on).
struct StreamEvent {
  char operation;
  std::string stream;
  bool operator==(const StreamEvent& other) const {
    return operation == other.operation && stream == other.stream;
  }
};

class BuiltDesign {
 public:
  enum class Streams {
    kChosenDepths,  // AskCard: the fast build
    kRecorded,      // Record: the plain build, which moves words one by one
  };

  // `model`: .gguf, or .mlir whose weights need no values: control does not depend on them, so that all
  // memory of the launches is zero. Intermediate files go into `folder`.
  static absl::StatusOr<std::unique_ptr<BuiltDesign>> Build(const std::string& model,
                                                            const std::string& folder,
                                                            Streams streams = Streams::kChosenDepths);
  ~BuiltDesign();

  dataflow::DesignOp design() const { return design_; }

  // What each side says of one step: empty when it completes, else why not, in the words both share.
  std::string AskPass(const StepShape& shape, const Depths& depths) const;
  std::string AskCard(const TakenRows& wanted, const Depths& depths);
  // What each process does with its streams in one step, in order.
  absl::StatusOr<std::map<std::string, std::vector<StreamEvent>>> Record(const TakenRows& wanted);

  // The memory of that name, as float32; null: none.
  float* rows(llvm::StringRef name) const;
  // The memory of that role, the first if there are several; null: none.
  void* memory(llvm::StringRef role) const;

 private:
  BuiltDesign() = default;
  absl::Status Compile(const std::string& model);
  absl::Status Emit(const std::string& folder, Streams streams);
  // Sets the object's pointer to a function of this test.
  absl::Status Hook(const char* symbol, void* function);
  void WriteDescriptor(const TakenRows& wanted);
  absl::Status Lint(const hls::DesignText& text, const std::string& folder);
  absl::Status MakeArguments();

  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  dataflow::DesignOp design_;
  void* object_ = nullptr;
  std::unique_ptr<runtime::card::DesignLauncher> launcher_;
  std::vector<std::vector<char>> memory_;  // with room to align
  std::vector<void*> arguments_;           // by index
  uint32_t* descriptor_ = nullptr;
};

}  // namespace streamtensor::compiler
