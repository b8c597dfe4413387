// SPDX-License-Identifier: Apache-2.0
// Collects the processes, streams and memories of a design, then writes them as dataflow.design.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/dialects/dataflow/ProcessInterface.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/IR/BuiltinOps.h"

namespace streamtensor::compiler {

class DesignBuilder {
 public:
  explicit DesignBuilder(mlir::MLIRContext* context) : builder_(context) {}

  struct Process {
    Process(std::string unique_name, mlir::OperationName operation, std::optional<dataflow::Section> runs_in)
        : name(std::move(unique_name)), kind(operation), section(runs_in) {}

    std::string name;
    mlir::OperationName kind;
    // The one it runs in; an attribute of its operation where the kind has it. nullopt: it runs through all.
    std::optional<dataflow::Section> section;
    bool takes_header = true, reads_pages = false, sends_done = false;
    bool reads_as_given = false;                       // ProcessPlan::reads_as_given
    std::vector<std::string> reads, writes, memories;  // without the streams of header, pages and done
    mlir::NamedAttrList attributes;
    std::function<void(mlir::Operation*)> fill;  // ProcessPlan::fill
  };

  // A process under `hint` or, where that is taken, hint_2, hint_3, ... The reference stays valid.
  Process& AddProcess(llvm::StringRef hint, mlir::OperationName kind,
                      std::optional<dataflow::Section> section = std::nullopt);
  template <typename Kind>
  Process& AddProcess(llvm::StringRef hint, std::optional<dataflow::Section> section = std::nullopt) {
    return AddProcess(hint, mlir::OperationName(Kind::getOperationName(), builder_.getContext()), section);
  }
  // A stream between two processes, added to the ends of both. `type` null and words 0: neither.
  std::string AddStream(Process& source, Process& sink, dataflow::ChannelKind kind, mlir::Type type,
                        int64_t words, int64_t depth);
  // A memory of one process. Attributes beyond the role come in `attributes`.
  std::string AddMemory(Process& owner, llvm::StringRef hint, llvm::StringRef role,
                        llvm::ArrayRef<mlir::NamedAttribute> attributes = {});

  // Adds what handles header, page table and done tokens, then writes it all into `module`.
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

  std::string Unique(std::string hint);
  void AddNamedStream(const std::string& name, Process& source, Process& sink, dataflow::ChannelKind kind);
  void AddControl();
  void WriteProcess(Process& process);

  mlir::OpBuilder builder_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<Stream> streams_;
  std::vector<Memory> memories_;
  llvm::StringMap<int> taken_;
};

}  // namespace streamtensor::compiler
