// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult HeaderOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  ExpectedStreams writes{{ChannelKind::header}};
  if (ends.writes.size() > 1) writes.first.push_back(ChannelKind::pages);
  return ExpectEnds(*this, ends, {}, writes, {"descriptor"});
}

bool HeaderOp::isControl() { return true; }

mlir::LogicalResult HeaderOp::trace(Trace& trace) {
  trace.Write(trace.ends().write(0), 1 + trace.tokens());
  for (StreamOp pages : trace.ends().writes_of(ChannelKind::pages))
    trace.Write(pages, trace.PageTableWords());
  return mlir::success();
}

mlir::LogicalResult HeaderOp::emit(hls::ProcessWriter& writer) {
  const bool pages = writer.ends().writes.size() > 1;
  writer.OpenConfig();
  writer.Constant("step_tokens", writer.design().step_tokens());
  writer.Constant("step_logits", writer.design().step_logits());
  writer.Constant("max_pages", writer.design().max_pages());
  writer.Constant("vocabulary", writer.design().vocabulary());
  writer.CloseConfig();
  writer.AddMemory(writer.ends().memory(0), "descriptor");
  writer.AddStream(writer.ends().write(0), "out");
  if (pages) writer.AddStream(writer.ends().write(1), "pages");
  writer.Open();
  writer.out().line(pages ? "st::header_with_pages<" + writer.name() + "_config>(descriptor, out, pages);"
                          : "st::header<" + writer.name() + "_config>(descriptor, out);");
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
