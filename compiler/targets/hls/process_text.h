// SPDX-License-Identifier: Apache-2.0
// Text of one process: declarations at namespace scope, then a function with the process' name.
#pragma once

#include <string>
#include <vector>

#include "compiler/targets/hls/literals.h"
#include "compiler/targets/hls/network.h"
#include "compiler/targets/hls/text_writer.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "mlir/Support/LogicalResult.h"

namespace streamtensor::compiler::hls {

// What the emission of one process leaves behind for the rest of the file.
struct ProcessText {
  std::string function;                 // its name
  std::vector<std::string> arguments;   // of ST_PROCESS, in the function's order
  std::vector<std::string> parameters;  // of the function: type and name
  int64_t local_bytes = 0;              // of its arrays: what it needs of the stack
  bool sends_done = false;              // its last argument is a stream of done tokens, `done_<function>`
  bool reads_page_table = false;        // an argument is the page-table stream
};

// A process under emission.
class ProcessWriter {
 public:
  ProcessWriter(const Network& network, dataflow::ProcessOp process, TextWriter* out,
                ConstantPool* constants);

  // Emits whatever the process is. Fails with a diagnostic.
  mlir::FailureOr<ProcessText> Emit();

 private:
  // Ends of streams, without the header's.
  std::vector<dataflow::StreamOp> DataReads() const;
  std::vector<dataflow::StreamOp> DataWrites() const;

  void AddHeader();
  void AddWords(dataflow::StreamOp stream);
  void AddFrames(dataflow::StreamOp stream);
  void AddMemory(dataflow::MemoryOp memory);
  void AddDone();
  // `static void NAME(PARAMETERS) {`
  void Open();
  // The same, and the header is read.
  void OpenWithHeader();
  // `for (int layer ...)` where the process runs once a layer; nothing otherwise.
  void OpenSection();
  void CloseSection();

  mlir::LogicalResult EmitKernel();
  mlir::LogicalResult EmitLoadWeights();
  mlir::LogicalResult EmitEngine();
  mlir::LogicalResult EmitActivationSwitch();
  mlir::LogicalResult EmitResultSwitch();
  mlir::LogicalResult EmitConvert();
  mlir::LogicalResult EmitFork();
  mlir::LogicalResult EmitCarry();
  mlir::LogicalResult EmitAttention();
  mlir::LogicalResult EmitKvAppend();
  mlir::LogicalResult EmitTakeRows();
  mlir::LogicalResult EmitLoad();
  mlir::LogicalResult EmitStore();

  mlir::LogicalResult EmitIssueList(const char* name, std::optional<mlir::ArrayAttr> list,
                                    int64_t* fixed_rows);
  // Calls `emit` for each operation of the three lists, with the layer loop around the second.
  mlir::LogicalResult EmitLists(llvm::function_ref<mlir::LogicalResult(mlir::DictionaryAttr)> emit);
  mlir::LogicalResult EmitGeneralConvert(itensor::ITensorType from, itensor::ITensorType to,
                                         const std::string& in, const std::string& out);

  // Words of all elements of an itensor in a process that has read its header.
  std::string WordsText(itensor::ITensorType type) const;
  // A key of `dictionary`; a diagnostic and nullopt when it is missing or no integer.
  std::optional<int64_t> Integer(mlir::DictionaryAttr dictionary, llvm::StringRef key) const;
  mlir::FailureOr<RowCount> Rows(mlir::DictionaryAttr dictionary) const;
  mlir::FailureOr<RowLayout> Layout(dataflow::StreamOp stream) const;
  std::string StreamName(dataflow::StreamOp stream) const { return network_.Name(stream.getSymName()); }

  const Network& network_;
  dataflow::ProcessOp process_;
  TextWriter& out_;
  ConstantPool& constants_;
  std::string name_;
  std::vector<std::string> parameters_;
  ProcessText text_;
};

}  // namespace streamtensor::compiler::hls
