// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

mlir::LogicalResult ChunkOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(
          ExpectEnds(*this, ends, {{ChannelKind::header, ChannelKind::words}}, {{}, ChannelKind::words}))) {
    return mlir::failure();
  }
  return ExpectParts(*this, ends.read(1), ends.writes);
}

llvm::StringRef ChunkOp::getSourceName() { return itensor::ChunkOp::getOperationName(); }

mlir::LogicalResult ChunkOp::plan(mlir::Operation* source, dataflow::ProcessPlan& plan) {
  plan.reads.assign(source->operand_begin(), source->operand_end());
  return mlir::success();
}

mlir::LogicalResult ChunkOp::trace(Trace& trace) {
  StreamOp source = trace.ends().read(1);
  trace.ReadHeader();
  trace.InSection(getSection(), [&] {
    for (StreamOp output : trace.ends().writes) trace.Copy(source, output, trace.Words(output));
  });
  return mlir::success();
}

mlir::LogicalResult ChunkOp::emit(hls::ProcessWriter& writer) {
  writer.AddHeader();
  const std::string source = writer.AddStream(writer.ends().read(1));
  std::vector<std::string> outputs;
  for (StreamOp output : writer.ends().writes) outputs.push_back(writer.AddStream(output));
  writer.OpenWithHeader();
  writer.OpenSection(getSection());
  for (auto [stream, output] : llvm::zip_equal(writer.ends().writes, outputs)) {
    writer.out().line("st::copy_words(" + source + ", " + hls::WordsText(TypeOf(stream)) + ", " + output +
                      ");");
  }
  writer.CloseSection();
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
