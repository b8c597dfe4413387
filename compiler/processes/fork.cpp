// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult ForkOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(
          ExpectEnds(*this, ends, {{ChannelKind::header, ChannelKind::words}}, {{}, ChannelKind::words}))) {
    return mlir::failure();
  }
  for (StreamOp output : ends.writes) {
    if (mlir::failed(ExpectWords(*this, output, WordsOf(TypeOf(ends.read(1)))))) return mlir::failure();
  }
  return mlir::success();
}

llvm::StringRef ForkOp::getSourceName() { return itensor::ForkOp::getOperationName(); }

mlir::LogicalResult ForkOp::plan(mlir::Operation* source, dataflow::ProcessPlan& plan) {
  plan.reads.assign(source->operand_begin(), source->operand_end());
  return mlir::success();
}

mlir::LogicalResult ForkOp::trace(Trace& trace) {
  StreamOp source = trace.ends().read(1);
  trace.ReadHeader();
  trace.InSection(getSection(), [&] {
    trace.Loop(trace.Words(source), [&] {
      trace.Read(source);
      for (StreamOp output : trace.ends().writes) trace.Write(output, 1, 0);
    });
  });
  return mlir::success();
}

mlir::LogicalResult ForkOp::emit(hls::ProcessWriter& writer) {
  StreamOp source = writer.ends().read(1);
  writer.AddHeader();
  const std::string in = writer.AddStream(source);
  std::vector<std::string> outputs;
  for (StreamOp output : writer.ends().writes) outputs.push_back(writer.AddStream(output));
  writer.OpenWithHeader();
  writer.OpenSection(getSection());
  hls::TextWriter& out = writer.out();
  out.line("const int words = " + hls::WordsText(TypeOf(source)) + ";");
  out.open("for (int i = 0; i < words; ++i)");
  // Flushable: words that were taken come out though the next is still to come (HLS contract, j).
  out.directive("#pragma HLS PIPELINE II = 1 style = flp");
  out.line("const st::word512 word = " + in + ".read();");
  for (const std::string& output : outputs) out.line(output + ".write(word);");
  out.close();
  writer.CloseSection();
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
