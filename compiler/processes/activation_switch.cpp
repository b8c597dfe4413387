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
  hls::TextWriter& out = writer.out();
  writer.AddHeader();
  std::string sources;
  for (StreamOp source : SourcesOf(writer.ends())) sources += ", " + writer.AddStream(source);
  StreamOp frames = writer.ends().write(0);
  const std::string to = writer.AddStream(frames);

  const std::vector<int64_t> part_groups = PartGroups(writer);
  int64_t max_groups = 1, fixed_rows = 0;
  size_t issue = 0;
  out.line("constexpr st::frame_source " + writer.name() + "_frames[] = {");
  for (mlir::ArrayAttr list : ListsOf(*this)) {
    for (auto frame : list.getAsRange<FrameAttr>()) {
      max_groups = std::max(max_groups, frame.getGroups());
      // The engine allows one number of them.
      if (frame.getRows().is_fixed()) fixed_rows = frame.getRows().fixed;
      out.line("    {" + std::to_string(frame.getSource()) + ", " + std::to_string(frame.getGroups()) + ", " +
               std::to_string(part_groups[issue++]) + ", " + hls::RowSymbolText(frame.getRows()) +
               (frame.getOrder() == RowOrder::kTiles ? ", true}," : ", false},"));
    }
  }
  out.line("};");
  const int64_t rows_bound = *frames.getWords() / max_groups;
  writer.OpenConfig();
  writer.Constant("step_tokens", rows_bound);
  writer.Constant("max_groups", max_groups);
  writer.Constant("layers", getLayer().empty() ? 0 : writer.design().layers());
  writer.Constant("fixed_rows", fixed_rows);
  writer.Constant("prologue_issues", static_cast<int64_t>(getPrologue().size()));
  writer.Constant("layer_issues", static_cast<int64_t>(getLayer().size()));
  writer.Constant("epilogue_issues", static_cast<int64_t>(getEpilogue().size()));
  out.line("static constexpr st::frame_source frame(int i) { return " + writer.name() + "_frames[i]; }");
  writer.CloseConfig();

  writer.OpenWithHeader();
  out.line("st::fill_frames<" + writer.name() + "_config>(header, " + to + sources + ");");
  writer.Close();
  // Rows are read whole before they are quantised.
  writer.set_local_bytes(rows_bound * max_groups * contract::kGroupWords * (contract::kWordBytes + 4));
  return mlir::success();
}

}  // namespace streamtensor::compiler::process
