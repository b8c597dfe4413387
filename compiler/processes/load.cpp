// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult LoadOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(ExpectEnds(*this, ends, {{ChannelKind::header}}, {{ChannelKind::words}}, {"input"}))) {
    return mlir::failure();
  }
  const mlir::FailureOr<RowLayout> rows = ExpectRows(*this, ends.write(0));
  const mlir::FailureOr<int64_t> width = ExpectRowWidth(ends.memory(0));
  if (mlir::failed(rows) || mlir::failed(width)) return mlir::failure();
  if (rows->order == RowOrder::kRows && rows->width == *width) return mlir::success();
  return emitOpError("loads whole rows of ")
         << *width << " float32; @" << ends.write(0).getSymName() << " carries " << TypeOf(ends.write(0));
}

mlir::LogicalResult LoadOp::trace(Trace& trace) {
  StreamOp rows = trace.ends().write(0);
  trace.ReadHeader();
  trace.Write(rows, trace.Words(rows));
  return mlir::success();
}

mlir::LogicalResult LoadOp::emit(hls::ProcessWriter& writer) {
  StreamOp stream = writer.ends().write(0);
  const RowLayout layout = *FindRowLayout(TypeOf(stream));
  writer.OpenConfig();
  writer.Constant("width", layout.width);
  writer.RowConstants(layout.rows);
  writer.CloseConfig();
  writer.AddHeader();
  const std::string memory = writer.AddMemory(writer.ends().memory(0));
  const std::string rows = writer.AddStream(stream);
  writer.Open();
  writer.out().line("st::load_rows<" + writer.name() + "_config>(headers, " + memory + ", " + rows + ");");
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
