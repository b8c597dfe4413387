// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult WriteStatusOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  return ExpectEnds(*this, ends, {{ChannelKind::header}, ChannelKind::done, 0}, {}, {"status"});
}

bool WriteStatusOp::isControl() { return true; }

mlir::LogicalResult WriteStatusOp::trace(Trace& trace) {
  trace.ReadHeader();
  for (StreamOp done : trace.ends().reads_of(ChannelKind::done)) trace.Read(done);
  return mlir::success();
}

mlir::LogicalResult WriteStatusOp::emit(hls::ProcessWriter& writer) {
  writer.AddHeader();
  writer.AddMemory(writer.ends().memory(0), "status");
  std::string tokens;
  for (StreamOp done : writer.ends().reads_of(ChannelKind::done)) tokens += ", " + writer.AddStream(done);
  writer.Open();
  writer.out().line("st::write_status(headers, status" + tokens + ");");
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
