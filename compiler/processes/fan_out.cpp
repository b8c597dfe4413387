// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult FanOutOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  return ExpectEnds(*this, ends, {{ChannelKind::header}}, {{}, ChannelKind::header});
}

bool FanOutOp::isControl() { return true; }

mlir::LogicalResult FanOutOp::trace(Trace& trace) {
  trace.Loop(1 + trace.tokens(), [&] {
    trace.Read(trace.ends().read(0));
    for (StreamOp output : trace.ends().writes) trace.Write(output, 1, 0);
  });
  return mlir::success();
}

mlir::LogicalResult FanOutOp::emit(hls::ProcessWriter& writer) {
  writer.AddStream(writer.ends().read(0), "in");
  std::vector<std::string> outputs;
  for (StreamOp output : writer.ends().writes) outputs.push_back(writer.AddStream(output));
  writer.Open();
  hls::TextWriter& out = writer.out();
  const auto write_all = [&] {
    for (const std::string& output : outputs) out.line(output + ".write(word);");
  };
  out.line("st::header_word word = in.read();");
  out.line("const int tokens = st::header_tokens(word);");
  write_all();
  out.open("for (int t = 0; t < tokens; ++t)");
  out.directive("#pragma HLS PIPELINE II = 1");
  out.line("word = in.read();");
  write_all();
  out.close();
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
