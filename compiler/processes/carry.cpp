// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult CarryOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(ExpectEnds(*this, ends, {{ChannelKind::header, ChannelKind::words, ChannelKind::words}},
                              {{ChannelKind::words, ChannelKind::words}}))) {
    return mlir::failure();
  }
  for (StreamOp stream : {ends.read(2), ends.write(0), ends.write(1)}) {
    if (mlir::failed(ExpectWords(*this, stream, WordsOf(TypeOf(ends.read(1)))))) return mlir::failure();
  }
  if ((*this)->getParentOfType<dataflow::DesignOp>().getLayers() > 0) return mlir::success();
  return emitOpError("carries a value through layers, of which the design has none");
}

mlir::LogicalResult CarryOp::trace(Trace& trace) {
  StreamOp initial = trace.ends().read(1), back = trace.ends().read(2);
  StreamOp body = trace.ends().write(0), last = trace.ends().write(1);
  const int64_t words = trace.Words(initial);
  trace.ReadHeader();
  trace.Copy(initial, body, words);
  trace.Loop(trace.layers() - 1, [&] { trace.Copy(back, body, words); });
  trace.Copy(back, last, words);
  return mlir::success();
}

mlir::LogicalResult CarryOp::emit(hls::ProcessWriter& writer) {
  writer.AddHeader();
  const std::string initial = writer.AddStream(writer.ends().read(1));
  const std::string back = writer.AddStream(writer.ends().read(2));
  const std::string body = writer.AddStream(writer.ends().write(0));
  const std::string last = writer.AddStream(writer.ends().write(1));
  writer.OpenWithHeader();
  hls::TextWriter& out = writer.out();
  out.line("const int words = " + hls::WordsText(TypeOf(writer.ends().read(1))) + ";");
  out.line("st::copy_words(" + initial + ", words, " + body + ");");
  writer.OpenLayers(1);
  out.line("st::copy_words(" + back + ", words, " + body + ");");
  out.close();
  out.line("st::copy_words(" + back + ", words, " + last + ");");
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
