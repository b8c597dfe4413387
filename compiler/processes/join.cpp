// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/targets/hls/process_writer.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

namespace {

// Elements in turn make one loop more, innermost.
mlir::LogicalResult ExpectRounds(JoinOp process, llvm::ArrayRef<StreamOp> sources, StreamOp result) {
  llvm::SmallVector<dataflow::RowCount> counts = TripCounts(TypeOf(sources.front()));
  const int64_t words = TypeOf(sources.front()).getElementWords();
  for (StreamOp source : sources.drop_front()) {
    if (TripCounts(TypeOf(source)) == counts && TypeOf(source).getElementWords() == words) continue;
    return process.emitOpError("takes elements in turn from @")
           << StreamOp(sources.front()).getSymName() << ", which carries " << TypeOf(sources.front())
           << ", and @" << source.getSymName() << ", which carries " << TypeOf(source);
  }
  const auto in_turn = static_cast<int64_t>(sources.size());
  if (!counts.empty() && counts.back().is_fixed()) {
    counts.back().fixed *= in_turn;
  } else {
    counts.push_back({dataflow::RowSymbol::kNone, in_turn});
  }
  if (TripCounts(TypeOf(result)) == counts && TypeOf(result).getElementWords() == words) {
    return mlir::success();
  }
  return process.emitOpError("joins ")
         << in_turn << " streams as @" << StreamOp(sources.front()).getSymName() << ", which carries "
         << TypeOf(sources.front()) << "; that is not what @" << result.getSymName()
         << " carries: " << TypeOf(result);
}

}  // namespace

mlir::LogicalResult JoinOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  const ExpectedStreams sources = {{ChannelKind::header}, ChannelKind::words, /*least_more=*/2};
  if (mlir::failed(ExpectEnds(*this, ends, sources, {{ChannelKind::words}}))) return mlir::failure();
  return ExpectRounds(*this, ends.reads_of(ChannelKind::words), ends.write(0));
}

llvm::StringRef JoinOp::getSourceName() { return itensor::JoinOp::getOperationName(); }

mlir::LogicalResult JoinOp::plan(mlir::Operation* source, dataflow::ProcessPlan& plan) {
  plan.reads.assign(source->operand_begin(), source->operand_end());
  return mlir::success();
}

mlir::LogicalResult JoinOp::trace(Trace& trace) {
  const llvm::SmallVector<StreamOp> sources = trace.ends().reads_of(ChannelKind::words);
  StreamOp result = trace.ends().write(0);
  const int64_t words = TypeOf(result).getElementWords();
  trace.ReadHeader();
  trace.InSection(getSection(), [&] {
    trace.Loop(trace.Words(sources.front()) / words, [&] {
      for (StreamOp source : sources) trace.Copy(source, result, words);
    });
  });
  return mlir::success();
}

mlir::LogicalResult JoinOp::emit(hls::ProcessWriter& writer) {
  const llvm::SmallVector<StreamOp> streams = writer.ends().reads_of(ChannelKind::words);
  const std::string words = std::to_string(TypeOf(streams.front()).getElementWords());
  writer.AddHeader();
  std::vector<std::string> sources;
  for (StreamOp source : streams) sources.push_back(writer.AddStream(source));
  const std::string result = writer.AddStream(writer.ends().write(0));
  writer.OpenWithHeader();
  writer.OpenSection(getSection());
  hls::TextWriter& out = writer.out();
  out.line("const int elements = " + hls::ElementsText(TypeOf(streams.front())) + ";");
  out.open("for (int i = 0; i < elements; ++i)");
  out.directive("#pragma HLS LOOP_FLATTEN off");
  for (const std::string& source : sources) {
    out.line("st::copy_words(" + source + ", " + words + ", " + result + ");");
  }
  out.close();
  writer.CloseSection();
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
