// SPDX-License-Identifier: Apache-2.0
// Processes of a design, seen through their interface. Which kinds there are is not known here.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "compiler/dialects/dataflow/row_count.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

namespace streamtensor::compiler {
class Trace;         // compiler/analysis/trace.h
struct PackingPlan;  // compiler/targets/weights/packing_plan.h
namespace hls {
class ProcessWriter;  // compiler/targets/hls/process_writer.h
}  // namespace hls

namespace dataflow {

// The ends and memories that a process holds, in the order of its lists.
struct ProcessEnds {
  llvm::SmallVector<StreamOp> reads, writes;
  llvm::SmallVector<MemoryOp> memories;

  StreamOp read(size_t index) const { return reads[index]; }
  StreamOp write(size_t index) const { return writes[index]; }
  MemoryOp memory(size_t index) const { return memories[index]; }
  // Those of one kind, in order.
  llvm::SmallVector<StreamOp> reads_of(ChannelKind kind) const;
  llvm::SmallVector<StreamOp> writes_of(ChannelKind kind) const;
};

// `count` times `rows` rows of `width` units, one after another.
struct Passage {
  RowCount rows;
  int64_t width = 0;
  int64_t count = 0;
};
// By section: prologue, layer, epilogue.
using PassageLists = std::array<llvm::SmallVector<Passage>, 3>;

// A process to be made from an operation of the bound step function.
struct ProcessPlan {
  Section section = Section::prologue;  // in: where the operation stands

  // Out. Its section, ends and name are set by whoever writes the design.
  std::string name;                      // a hint; empty: the kind's own name
  llvm::SmallVector<mlir::Value> reads;  // what it reads, in order; it writes the operation's results
  mlir::NamedAttrList attributes;
  struct Memory {
    std::string name;            // a hint
    bool after_process = false;  // the process' name and `_` stand before it
    llvm::StringRef role;
    mlir::NamedAttrList attributes;
  };
  llvm::SmallVector<Memory> memories;
  // Whether it sees elements in the shape of its operands; else it takes them in that of their producer,
  // which differs where a shape stands between.
  bool reads_as_given = false;
  bool sends_done = false;  // it writes memory, and says when it has
  // A process that is given the page table and reads the pools ahead of this one. Its two streams, keys and
  // values, are what this one reads after its header.
  struct PageLoader {
    llvm::StringRef kind;
    mlir::NamedAttrList attributes;
    llvm::SmallVector<Memory> memories;
  };
  std::optional<PageLoader> page_loader;
  // What the design has to know: page-table entries a slot, and ids below which all must be; 0: nothing.
  int64_t max_pages = 0, vocabulary = 0;
  // Fills the regions of the process, where it has any.
  std::function<void(mlir::Operation* process)> fill;
};

// Bytes of the memory's type, where dynamic sizes count as the largest step; the least that a card allocates
// where it has no type.
int64_t MemoryTypeBytes(MemoryOp memory);

}  // namespace dataflow
}  // namespace streamtensor::compiler

#include "compiler/dialects/dataflow/ProcessInterface.h.inc"

namespace streamtensor::compiler::dataflow {

// Streams and memories of a design by name. Valid while the design is not changed.
class DesignSymbols {
 public:
  explicit DesignSymbols(DesignOp design);

  // Null: no such stream or memory.
  StreamOp stream(llvm::StringRef name) const { return streams_.lookup(name); }
  MemoryOp memory(llvm::StringRef name) const { return memories_.lookup(name); }
  // Of a process of the verified design.
  ProcessEnds EndsOf(ProcessOpInterface process) const;

 private:
  llvm::StringMap<StreamOp> streams_;
  llvm::StringMap<MemoryOp> memories_;
};

}  // namespace streamtensor::compiler::dataflow
