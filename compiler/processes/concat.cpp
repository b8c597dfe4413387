// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult ConcatOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(
          ExpectEnds(*this, ends, {{ChannelKind::header}, ChannelKind::words}, {{ChannelKind::words}}))) {
    return mlir::failure();
  }
  return ExpectParts(*this, ends.write(0), ends.reads_of(ChannelKind::words));
}

llvm::StringRef ConcatOp::getSourceName() { return itensor::ConcatOp::getOperationName(); }

mlir::LogicalResult ConcatOp::plan(mlir::Operation* source, dataflow::ProcessPlan& plan) {
  plan.reads.assign(source->operand_begin(), source->operand_end());
  return mlir::success();
}

mlir::LogicalResult ConcatOp::trace(Trace& trace) {
  StreamOp result = trace.ends().write(0);
  trace.ReadHeader();
  trace.InSection(getSection(), [&] {
    for (StreamOp source : trace.ends().reads_of(ChannelKind::words)) {
      trace.Copy(source, result, trace.Words(source));
    }
  });
  return mlir::success();
}

mlir::LogicalResult ConcatOp::emit(hls::ProcessWriter& writer) {
  const llvm::SmallVector<StreamOp> streams = writer.ends().reads_of(ChannelKind::words);
  writer.AddHeader();
  std::vector<std::string> sources;
  for (StreamOp source : streams) sources.push_back(writer.AddStream(source));
  const std::string result = writer.AddStream(writer.ends().write(0));
  writer.OpenWithHeader();
  writer.OpenSection(getSection());
  for (auto [stream, source] : llvm::zip_equal(streams, sources)) {
    writer.out().line("st::copy_words(" + source + ", " + hls::WordsText(TypeOf(stream)) + ", " + result +
                      ");");
  }
  writer.CloseSection();
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
