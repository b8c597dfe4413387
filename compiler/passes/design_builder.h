// SPDX-License-Identifier: Apache-2.0
// Collects the processes, streams and memories of a design, then writes them as dataflow.design.
#pragma once

#include <string>
#include <vector>

#include "compiler/dialects/dataflow/DataflowDialect.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/IR/BuiltinOps.h"

namespace streamtensor::compiler {

class DesignBuilder {
 public:
  explicit DesignBuilder(mlir::MLIRContext* context) : builder_(context) {}

  struct Process {
    std::string name;
    dataflow::ProcessKind kind;
    dataflow::Section section;
    bool takes_header = true;
    std::vector<std::string> reads, writes, memories, fields;  // without the header stream
    std::vector<mlir::Attribute> prologue, layer, epilogue;    // section `all`
    mlir::DictionaryAttr config;
    dataflow::KernelOp body;  // of a kernel: cloned
  };

  // A process under `hint` or, where that is taken, hint_2, hint_3, ... The reference stays valid.
  Process& AddProcess(llvm::StringRef hint, dataflow::ProcessKind kind, dataflow::Section section);
  // A stream between two processes, added to the ends of both. `type` null and words 0: header.
  std::string AddStream(Process& source, Process& sink, dataflow::ChannelKind kind, mlir::Type type,
                        int64_t words, int64_t depth);
  // A memory of one process. Attributes beyond the role come in `attributes`.
  std::string AddMemory(Process& owner, llvm::StringRef hint, llvm::StringRef role,
                        llvm::ArrayRef<mlir::NamedAttribute> attributes = {});

  // Header process and streams, then all of it, into `module`.
  dataflow::DesignOp Write(mlir::ModuleOp module, llvm::StringRef name, int64_t layers,
                           mlir::DictionaryAttr symbols, int64_t max_pages, int64_t vocabulary);

 private:
  struct Stream {
    std::string name, source, sink;
    dataflow::ChannelKind kind;
    mlir::Type type;
    int64_t words, depth;
  };
  struct Memory {
    std::string name, role;
    std::vector<mlir::NamedAttribute> attributes;
  };

  std::string unique(std::string hint);
  mlir::ArrayAttr symbolRefs(const std::vector<std::string>& names);
  void writeProcess(mlir::OpBuilder& b, Process& process, llvm::StringRef header_stream);
  void writeBody(dataflow::ProcessOp op, Process& process);

  mlir::OpBuilder builder_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<Stream> streams_;
  std::vector<Memory> memories_;
  llvm::StringMap<int> taken_;
};

}  // namespace streamtensor::compiler
