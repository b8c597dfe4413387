// SPDX-License-Identifier: Apache-2.0
// The text of one process, as its kind writes it (ProcessOpInterface::emit): declarations at namespace scope,
// then a function with the process' name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/targets/hls/design_index.h"
#include "compiler/targets/hls/literals.h"
#include "compiler/targets/hls/row_text.h"
#include "compiler/targets/hls/text_writer.h"

namespace streamtensor::compiler::hls {

// What the emission of one process leaves behind for the rest of the file.
struct ProcessText {
  std::string function;                 // its name
  std::vector<std::string> arguments;   // of ST_PROCESS, in the function's order
  std::vector<std::string> parameters;  // of the function: type and name
  int64_t local_bytes = 0;              // of its arrays: what it needs of the stack
  bool is_control = false;
};

class ProcessWriter {
 public:
  // All referees must outlive the writer.
  ProcessWriter(const DesignIndex& design, dataflow::ProcessOpInterface process, TextWriter* out,
                ConstantPool* constants);

  const DesignIndex& design() const { return design_; }
  const dataflow::ProcessEnds& ends() const { return ends_; }
  // The function's name, and the prefix of everything that the process declares.
  const std::string& name() const { return text_.function; }
  TextWriter& out() { return out_; }
  ConstantPool& constants() { return constants_; }

  // Parameters, in the function's order. Each returns the name by which the body knows it: `parameter`, or
  // that of the stream or memory.
  std::string AddStream(dataflow::StreamOp stream, llvm::StringRef parameter = "");
  std::string AddMemory(dataflow::MemoryOp memory, llvm::StringRef parameter = "");
  void AddParameter(const std::string& type_and_name, const std::string& argument);
  // The header stream, as "headers".
  void AddHeader();

  // `static void NAME(PARAMETERS) {`
  void Open();
  // The same, and the header is read, as "header".
  void OpenWithHeader();
  void Close() { out_.close(); }
  // `for (int layer ...)` where the section is the layers'; else a block.
  void OpenSection(std::optional<dataflow::Section> section);
  void CloseSection() { out_.close(); }
  // `for (int layer = FIRST; layer < LAYERS; ++layer) {`
  void OpenLayers(int first = 0);

  // `struct NAME_config {`, its constants, `};`
  void OpenConfig() { out_.open("struct " + name() + "_config"); }
  void Constant(llvm::StringRef constant, int64_t value);
  // How many rows: its symbol, and the number where it has none.
  void RowConstants(const dataflow::RowCount& rows);
  void CloseConfig() { out_.close(";"); }

  void set_local_bytes(int64_t bytes) { text_.local_bytes = bytes; }
  ProcessText Take() { return std::move(text_); }

 private:
  const DesignIndex& design_;
  const dataflow::ProcessEnds ends_;
  TextWriter& out_;
  ConstantPool& constants_;
  ProcessText text_;
};

}  // namespace streamtensor::compiler::hls
