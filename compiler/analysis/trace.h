// SPDX-License-Identifier: Apache-2.0
// The sequence of one process' reads and writes, as its kind tells it (ProcessOpInterface::trace).
#pragma once

#include <cstdint>
#include <optional>

#include "compiler/analysis/network.h"
#include "compiler/analysis/step_shape.h"
#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"

namespace streamtensor::compiler {

// One process in one step. Operations are appended in the order in which the process makes them; those on
// streams that the network leaves out are dropped.
class Trace {
 public:
  // What all processes of a network share.
  struct Context {
    Context(dataflow::DesignOp of, const StepShape& step, const NetworkCosts& operation_costs)
        : design(of), symbols(of), shape(step), costs(operation_costs) {}

    dataflow::DesignOp design;
    dataflow::DesignSymbols symbols;
    StepShape shape;
    NetworkCosts costs;
    llvm::StringMap<int32_t> channels;  // by stream; those that are left out are absent
    size_t choices_made = 0;            // by processes so far
  };
  // The context and the program must outlive the trace.
  Trace(Context* context, dataflow::ProcessOpInterface process, Network::Process* program);

  const dataflow::ProcessEnds& ends() const { return ends_; }
  const dataflow::DesignSymbols& symbols() const { return context_.symbols; }

  //===--- the step -------------------------------------------------------------------------------===//

  int64_t tokens() const { return context_.shape.tokens; }
  int64_t layers() const { return context_.shape.layers; }
  const NetworkCosts& costs() const { return context_.costs; }
  // Of the whole page table.
  int64_t PageTableWords() const;
  int64_t Count(const dataflow::RowCount& rows) const;
  int64_t Trips(itensor::ITensorType type, unsigned loop) const;
  // Words that pass by within one iteration of the outermost `outer` loops of the stream's type.
  int64_t Words(dataflow::StreamOp stream, unsigned outer = 0) const;
  // By row, whether the process passes it on. Once a process.
  const TakenRows& ChooseRows();

  //===--- operations -----------------------------------------------------------------------------===//

  // The header stream: 1 + T words.
  void ReadHeader();
  // `cycles`: as of ProgramBuilder.
  void Read(dataflow::StreamOp stream, int64_t times = 1, double cycles = 1);
  void Write(dataflow::StreamOp stream, int64_t times = 1, double cycles = 1);
  // Of blocks and frames, written (open, publish) and read (take, release) in place.
  void Open(dataflow::StreamOp stream) { Add(Network::Operation::Kind::kOpen, stream); }
  void Publish(dataflow::StreamOp stream) { Add(Network::Operation::Kind::kPublish, stream); }
  void Take(dataflow::StreamOp stream) { Add(Network::Operation::Kind::kTake, stream); }
  void Release(dataflow::StreamOp stream) { Add(Network::Operation::Kind::kRelease, stream); }
  void Compute(double cycles) { program_.Compute(cycles); }
  // `count` times what `body` appends; it is called once.
  void Loop(int64_t count, llvm::function_ref<void()> body);
  // What a process of `section` does in it: once, or once a layer.
  void InSection(std::optional<dataflow::Section> section, llvm::function_ref<void()> body);
  // `words` words from one stream to another, one by one.
  void Copy(dataflow::StreamOp from, dataflow::StreamOp to, int64_t words);

 private:
  void Add(Network::Operation::Kind kind, dataflow::StreamOp stream);
  std::optional<int32_t> Channel(dataflow::StreamOp stream) const;

  Context& context_;
  dataflow::ProcessEnds ends_;
  ProgramBuilder program_;
};

}  // namespace streamtensor::compiler
