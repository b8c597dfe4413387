// SPDX-License-Identifier: Apache-2.0
#include "compiler/analysis/process_cycles.h"
#include "compiler/analysis/row_layout.h"
#include "compiler/analysis/trace.h"
#include "compiler/processes/ProcessDialect.h"
#include "compiler/processes/ends.h"
#include "compiler/processes/operation_lists.h"
#include "compiler/targets/hls/process_writer.h"
#include "kernels/contract/tiles.h"

namespace streamtensor::compiler::process {

using dataflow::ChannelKind;
using dataflow::StreamOp;

namespace {

llvm::SmallVector<StreamOp> SourcesOf(const dataflow::ProcessEnds& ends) {
  return ends.reads_of(ChannelKind::words);
}

// The source carries what the frame holds, in the frame's order.
mlir::LogicalResult CheckFrame(ActivationSwitchOp process, FrameAttr frame,
                               llvm::ArrayRef<StreamOp> sources) {
  if (frame.getSource() >= static_cast<int64_t>(sources.size())) {
    return process.emitOpError("has no source ") << frame.getSource() << "; there are " << sources.size();
  }
  StreamOp source = sources[frame.getSource()];
  const int64_t words = contract::kGroupWords * frame.getGroups();
  if (mlir::failed(ExpectWords(process, source, WordsOfRows(frame.getRows(), words)))) return mlir::failure();
  const mlir::FailureOr<RowLayout> layout = ExpectRows(process, source);
  if (mlir::failed(layout)) return mlir::failure();
  const bool one_row = layout->rows == dataflow::RowCount{dataflow::RowSymbol::kNone, 1};
  if (one_row || layout->order == frame.getOrder()) return mlir::success();
  return process.emitOpError("takes ") << ToString(frame.getOrder()) << " from @" << source.getSymName()
                                       << ", which carries " << TypeOf(source);
}

// By issue, the groups of a part: the card's frames are in the order of the parts.
std::vector<int64_t> PartGroups(const hls::ProcessWriter& writer) {
  EngineOp engine = EngineOp::readerOf(writer.ends().write(0));
  const size_t channels = writer.design().symbols().EndsOf(engine).reads_of(ChannelKind::blocks).size();
  std::vector<int64_t> groups;
  for (mlir::ArrayAttr list : ListsOf(engine)) {
    for (auto issue : list.getAsRange<IssueAttr>()) {
      groups.push_back(issue.getCut(static_cast<int64_t>(channels)).part_groups);
    }
  }
  return groups;
}

}  // namespace

mlir::LogicalResult FrameAttr::verify(llvm::function_ref<mlir::InFlightDiagnostic()> emit_error,
                                      int64_t source, int64_t groups, dataflow::RowCount, RowOrder) {
  if (source < 0) return emit_error() << "a frame's source must not be negative, got " << source;
  if (groups < 1) return emit_error() << "a frame has at least 1 group, got " << groups;
  return mlir::success();
}

mlir::LogicalResult ActivationSwitchOp::verifyEnds(const dataflow::ProcessEnds& ends) {
  if (mlir::failed(
          ExpectEnds(*this, ends, {{ChannelKind::header}, ChannelKind::words}, {{ChannelKind::frames}}))) {
    return mlir::failure();
  }
  const auto sources = SourcesOf(ends);
  std::vector<bool> used(sources.size());
  for (mlir::ArrayAttr list : ListsOf(*this)) {
    for (auto frame : list.getAsRange<FrameAttr>()) {
      if (mlir::failed(CheckFrame(*this, frame, sources))) return mlir::failure();
      used[frame.getSource()] = true;
    }
  }
  for (auto [source, is_used] : llvm::zip_equal(sources, used)) {
    if (!is_used) return emitOpError("takes no frame from @") << StreamOp(source).getSymName();
  }
  return mlir::success();
}

std::optional<dataflow::PassageLists> ActivationSwitchOp::getPassages(StreamOp stream) {
  if (stream.getKind() != ChannelKind::frames) return std::nullopt;
  return PassagesOf<FrameAttr>(
      *this, [](FrameAttr frame) { return dataflow::Passage{frame.getRows(), frame.getGroups(), 1}; });
}

mlir::LogicalResult ActivationSwitchOp::trace(Trace& trace) {
  const auto sources = SourcesOf(trace.ends());
  StreamOp frames = trace.ends().write(0);
  trace.ReadHeader();
  TraceLists<FrameAttr>(*this, trace, [&](FrameAttr frame) {
    const int64_t rows = trace.Count(frame.getRows()), groups = frame.getGroups();
    trace.Open(frames);
    trace.Read(sources[frame.getSource()], rows * contract::kGroupWords * groups);
    // The first loop ends with the scale of the last row; the second quantises.
    trace.Compute(static_cast<double>(rows * groups + 2 * kQuantiseFill));
    trace.Publish(frames);
  });
  return mlir::success();
}

mlir::LogicalResult ActivationSwitchOp::emit(hls::ProcessWriter& writer) {
  writer.AddHeader();
  std::vector<std::string> sources;
  for (StreamOp source : SourcesOf(writer.ends())) sources.push_back(writer.AddStream(source));
  const std::string frames = writer.AddStream(writer.ends().write(0));
  writer.OpenWithHeader();
  int64_t local_bytes = 0;
  const std::vector<int64_t> part_groups = PartGroups(writer);
  size_t issue = 0;
  EmitLists<FrameAttr>(*this, writer, [&](FrameAttr frame) {
    const int64_t bound = std::max(writer.design().step_tokens(), frame.getRows().fixed);
    // Its rows are read whole before they are quantised. Inlined calls may not share their arrays.
    local_bytes += bound * frame.getGroups() * contract::kGroupWords * (contract::kWordBytes + 4);
    const std::string function =
        std::string(frame.getOrder() == RowOrder::kTiles ? "st::fill_frame_from_tiles<" : "st::fill_frame<") +
        std::to_string(frame.getGroups()) + ", " + std::to_string(bound) + ", " +
        std::to_string(part_groups[issue++]) + ">";
    writer.out().line(function + "(" + sources[frame.getSource()] + ", " + hls::CountText(frame.getRows()) +
                      ", " + frames + ");");
  });
  writer.set_local_bytes(local_bytes);
  writer.Close();
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
